"""Why a job waits, or runs, as far as it is about itself and its place in the queue."""

from __future__ import annotations

from dure.service.words.phrases import OTHERS, Said, Text, a_job, amount


def held(_: Said) -> Text:
    """Its user or an admin holds it."""
    return Text("On hold; release it to let it start.", "보류 중입니다. 보류를 풀면 시작할 수 있습니다.")


def paused(said: Said) -> Text:
    """Starts are paused, of a tenant or of the room."""
    if said.subject:
        return Text(
            f"Starts of {said.subject} are paused by an admin.",
            f"관리자가 {said.subject}의 작업 시작을 멈춰 두었습니다.",
        )
    return Text("Starts are paused by an admin.", "관리자가 작업 시작을 멈춰 두었습니다.")


def waiting(said: Said) -> Text:
    """Jobs that it comes after have not succeeded yet."""
    if said.subject:
        return Text(
            f"Waits for job {said.subject} to succeed.", f"작업 {said.subject}이(가) 성공하기를 기다립니다."
        )
    return Text("Waits for other jobs to succeed.", "먼저 끝나야 할 다른 작업을 기다립니다.")


def dependency_failed(said: Said) -> Text:
    """A job that it comes after ended without success."""
    if said.subject:
        return Text(
            f"Job {said.subject}, which it comes after, ended without success.",
            f"먼저 끝나야 할 작업 {said.subject}이(가) 성공하지 못했습니다.",
        )
    return Text(
        "A job that it comes after ended without success.", "먼저 끝나야 할 작업이 성공하지 못했습니다."
    )


def term(said: Said) -> Text:
    """Its tenant is not in the room at this time."""
    whose = f" of {said.subject}" if said.subject else ""
    whose_ko = f"{said.subject}의 " if said.subject else ""
    begins, ends = said.when("from"), said.when("until")
    span = f" ({begins} to {ends})" if begins and ends else ""
    span_ko = f"({begins} ~ {ends})" if begins and ends else ""
    return Text(f"Outside the tenancy term{whose}{span}.", f"{whose_ko}입주 기간{span_ko}이 아닙니다.")


def over_limit(said: Said) -> Text:
    """A limit on its path would be exceeded."""
    whose = f"the limit of {said.subject}" if said.subject else "a limit of the tenant"
    whose_ko = f"{said.subject}의 한도" if said.subject else "테넌트의 한도"
    if said.resource and {"asks", "held", "limit"} <= said.numbers.keys():
        asks, held, limit = (amount(said.resource, said.numbers[name]) for name in ("asks", "held", "limit"))
        if said.numbers["asks"] > said.numbers["limit"]:
            return Text(
                f"It asks for {asks.en}, more than {whose} of {limit.en}: ask for less, or your admin for more.",
                f"요청({asks.ko})이 {whose_ko}({limit.ko})보다 큽니다. 요청을 줄이거나 관리자에게 문의하세요.",
            )
        kept = amount(said.resource, said.numbers.get("reserved", 0))
        also, also_ko = (
            (f", {kept.en} reserved", f", {kept.ko} 예약됨") if "reserved" in said.numbers else ("", "")
        )
        return Text(
            f"With it {whose} would be exceeded: {held.en} of {limit.en} are held{also}, and it asks for"
            f" {asks.en}. It starts when jobs there have ended.",
            f"{whose_ko}를 넘게 됩니다: {limit.ko} 중 {held.ko} 사용 중{also_ko}, 요청 {asks.ko}."
            " 그 작업들이 끝나면 시작합니다.",
        )
    most = f" ({said.limits.en})" if said.limits.en else ""
    most_ko = f"({said.limits.ko})" if said.limits.ko else ""
    asks_en = f"; it asks for {said.amounts.en}" if said.amounts.en else ""
    asks_ko = f" 요청: {said.amounts.ko}." if said.amounts.ko else ""
    return Text(
        f"With it {whose}{most} would be exceeded{asks_en}.", f"{whose_ko}{most_ko}를 넘게 됩니다.{asks_ko}"
    )


def never_fits(said: Said) -> Text:
    """It does not fit the empty room."""
    en = f"; it asks for {said.amounts.en}" if said.amounts.en else ""
    ko = f" 요청: {said.amounts.ko}." if said.amounts.ko else ""
    return Text(
        f"The room cannot hold it even when empty{en}.", f"방이 비어 있어도 들어갈 자리가 없습니다.{ko}"
    )


def no_place(said: Said) -> Text:
    """Nothing free is enough for it now."""
    en = f": it needs {said.amounts.en}" if said.amounts.en else ""
    ko = f" 필요한 자원: {said.amounts.ko}." if said.amounts.ko else ""
    tasks, fit = said.numbers.get("tasks", 1), said.numbers.get("placeable")
    if fit is not None and tasks > 1:
        en += f"; {fit} of its {tasks} tasks would find one"
        ko += f" 태스크 {tasks}개 중 {fit}개만 들어갈 수 있습니다."
    if said.free.en:
        en += f"; the whole room has {said.free.en} free"
        ko += f" 방 전체의 빈 자원: {said.free.ko}."
    closed = said.kept("closed")
    if closed.en:
        en += f"; {closed.en} are on nodes that take no jobs now (drained or down)"
        ko += f" 지금 작업을 받지 않는 노드(비우는 중이거나 중단됨)에 있는 자원: {closed.ko}."
    return Text(f"No free place for it now{en}.", f"지금은 빈자리가 없습니다.{ko}")


def reserved(said: Said) -> Text:
    """Capacity is promised, to it or to another job."""
    at = said.when("at")
    if said.subject:
        who, who_ko = a_job(said.subject)
        hour, hour_ko = (f" for {at}", f" (예약 {at})") if at else ("", "")
        jobs = said.numbers.get("jobs", 1)
        if said.subject == OTHERS and jobs > 1:
            return Text(
                f"Starting it would delay {jobs} jobs of other tenants, which have reservations, the first{hour}.",
                f"먼저 예약된 다른 테넌트의 작업 {jobs}개가 늦어지게 되어 기다립니다{hour_ko}.",
            )
        return Text(
            f"Starting it would delay {who}, which has a reservation{hour}.",
            f"먼저 예약된 {who_ko}이(가) 늦어지게 되어 기다립니다{hour_ko}.",
        )
    return Text(
        f"Has a reservation for {at} at the latest." if at else "Has a reservation.",
        f"늦어도 {at}에는 시작하도록 예약되어 있습니다." if at else "예약되어 있습니다.",
    )


def not_preemptible(said: Said) -> Text:
    """Beyond its guarantee it may hold only what all guarantees leave over."""
    more = f" (short by {said.amounts.en})" if said.amounts.en else ""
    more_ko = f"({said.amounts.ko} 모자람)" if said.amounts.ko else ""
    return Text(
        "It may not be preempted, so beyond its guarantee it takes only what guarantees and the calendar leave over"
        f"{more}; as a --preemptible job it may take whatever is free.",
        "선점할 수 없는 작업이어서, 보장량을 넘는 몫은 모든 보장량과 일정에 예약된 자원을 뺀 나머지에서만"
        f" 쓸 수 있습니다{more_ko}. --preemptible로 제출하면 빈자리를 쓸 수 있습니다.",
    )


def behind(said: Said) -> Text:
    """Another job comes before it: its reservation stands, or the room's order is strict."""
    jobs, at = said.numbers.get("jobs", 1), said.when("at")
    who, who_ko = a_job(said.subject) if said.subject else ("other jobs", "다른 작업")
    if said.subject == OTHERS and jobs > 1:
        who, who_ko = f"{jobs} jobs of other tenants", f"다른 테넌트의 작업 {jobs}개"
    elif not said.subject and jobs > 1:
        who, who_ko = f"{jobs} more jobs", f"그 밖의 작업 {jobs}개"
    if at:
        hour, hour_ko = (at, at) if jobs == 1 else (f"{at} and later", f"{at}부터")
        return Text(
            f"Waits behind {who} with reservations ({hour}): they stand, whatever the order is now."
            if jobs > 1
            else f"Waits behind {who} with a reservation ({hour}): it stands, whatever the order is now.",
            f"먼저 예약된 {who_ko}({hour_ko}) 다음 차례입니다. 한번 잡힌 예약은 순서가 바뀌어도 유지됩니다.",
        )
    return Text(f"Waits behind {who}.", f"{who_ko} 다음 차례입니다.")


def running(said: Said) -> Text:
    """It runs."""
    until = said.when("until")
    under = "" if said.anonymous else f" under the calendar's reservation {said.subject}"
    under_ko = "" if said.anonymous else f"예약 '{said.subject}'(으)로 "
    if until:
        return Text(
            f"Runs{under}, until {until} at the latest.", f"{under_ko}실행 중이며 늦어도 {until}에 끝납니다."
        )
    return Text(f"Runs{under}.", f"{under_ko}실행 중입니다.")


def starts(_: Said) -> Text:
    """It starts with this decision."""
    return Text("Starts now.", "지금 시작합니다.")
