"""Who comes before a job, who holds what it lacks, and what would let it start now."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from dure.service.words.phrases import Said, Text, amount, decimal, is_resource, option, several

_MILLION = 1_000_000


def ahead(said: Said) -> Text:
    """Tenants whose turn comes before its own, with how many jobs, and by which scores."""
    jobs = said.numbers.get("jobs")
    with_jobs = f" with {several(jobs, 'job', 'jobs')}" if jobs else ""
    jobs_ko = f"의 작업 {jobs}개가" if jobs else "이(가)"
    tenants = said.numbers.get("tenants", 1)
    if said.anonymous:
        who = "Another tenant comes" if tenants == 1 else f"{tenants} other tenants come"
        who_ko = "다른 테넌트" if tenants == 1 else f"다른 테넌트 {tenants}곳"
    else:
        who, who_ko = f"{said.subject} comes", said.subject
    why, why_ko = _by_score(said)
    return Text(f"{who} before it{with_jobs}{why}.", f"{who_ko}{jobs_ko} 먼저입니다{why_ko}.")


def holds(said: Said) -> Text:
    """Who holds what it lacks, and until when at the latest."""
    what, what_ko = said.amounts.en or "some", said.amounts.ko or "일부"
    until = said.when("until")
    end, end_ko = (f", until {until} at the latest", f"(늦어도 {until}까지)") if until else ("", "")
    if said.anonymous:
        stays = _not_taken_back(said)
        return Text(
            f"Of what it lacks, other tenants hold {what}{end}.{stays.en}",
            f"모자란 자원 가운데 {what_ko}는 다른 테넌트들이 쓰고 있습니다{end_ko}.{stays.ko}",
        )
    return Text(
        f"Of what it lacks, job {said.subject} of its own tenant holds {what}{end}.",
        f"모자란 자원 가운데 {what_ko}는 같은 테넌트의 작업 {said.subject}이(가) 쓰고 있습니다{end_ko}.",
    )


def _not_taken_back(said: Said) -> Text:
    """What of it no rule takes back for this job: it may not be preempted, or is within others' guarantees."""
    firm, due = said.kept("firm"), said.kept("due")
    en = [f"{firm.en} may not be preempted"] if firm.en else []
    ko = [f"{firm.ko}는 선점할 수 없는 작업이 쓰고"] if firm.ko else []
    if due.en:
        en.append(f"{due.en} are within the guarantees of others")
        ko.append(f"{due.ko}는 다른 테넌트의 보장량 안이라 돌려받을 수 없고")
    if not en:
        return Text("", "")
    return Text(f" Of that {', and '.join(en)}.", f" 그중 {', '.join(ko).removesuffix('고')}습니다.")


def would_start(said: Said) -> Text:
    """The smallest change of one kind that would let it start now."""
    kind, _, of = said.subject.partition(":")
    return _CHANGES.get(kind, _some_change)(said, of)


def _by_score(said: Said) -> tuple[str, str]:
    score, own = said.numbers.get("score"), said.numbers.get("own_score")
    if score is None or own is None:
        return "", ""
    first, last = decimal(score, _MILLION), decimal(said.numbers.get("score_to", score), _MILLION)
    theirs = first if first == last else f"{first} to {last}"
    theirs_ko = first if first == last else f"{first}~{last}"
    mine = decimal(own, _MILLION)
    return (
        f" (guarantees go first, then lower scores: theirs {theirs}, its own tenant's {mine})",
        f"(보장량 안이 먼저, 다음은 점수가 낮은 순서: {theirs_ko}, 이 작업의 테넌트 {mine})",
    )


def _then(said: Said) -> Text:
    """When it would start: now, or once others have left for it."""
    leaving, own = said.numbers.get("leaving", 0), said.numbers.get("own", 0)
    if not leaving:
        return Text("it would start now", "지금 시작할 수 있습니다")
    others = leaving - own
    who = [several(others, "job", "jobs") + " of other tenants"] if others else []
    who += [several(own, "job", "jobs") + " of its own tenant"] if own else []
    who_ko = [f"다른 테넌트의 작업 {others}개"] if others else []
    who_ko += [f"같은 테넌트의 작업 {own}개"] if own else []
    has = "has" if leaving == 1 else "have"
    return Text(
        f"it would start once {' and '.join(who)} {has} left for it",
        f"{', '.join(who_ko)}가 중단되어 자리를 비운 뒤 시작할 수 있습니다",
    )


def _fewer_tasks(said: Said, _: str) -> Text:
    tasks, group = said.numbers.get("tasks"), said.numbers.get("group")
    then = _then(said)
    if tasks is None:
        return Text(f"As a smaller gang {then.en}.", f"태스크 수를 줄이면 {then.ko}.")
    if group is not None:
        return Text(
            f"With {several(tasks, 'task', 'tasks')} in its task group {group + 1} {then.en}.",
            f"{group + 1}번째 태스크 그룹을 {tasks}개로 줄이면 {then.ko}.",
        )
    return Text(
        f"With {several(tasks, 'task', 'tasks')} (--tasks {tasks}) {then.en}.",
        f"태스크를 {tasks}개로 줄이면(--tasks {tasks}) {then.ko}.",
    )


def _other_flavor(said: Said, flavor: str) -> Text:
    asks, each, then = said.amounts, said.numbers.get("each"), _then(said)
    flag = f"--gpu {flavor}:{each}" if each else "--gpu"
    total, total_ko = (f", {asks.en} in all", f", 모두 {asks.ko}") if asks.en else ("", "")
    return Text(
        f"On {flavor or 'another flavor'} ({flag}{total}) {then.en}.",
        f"GPU 종류를 {flavor or '다른 것'}(으)로 바꾸면({flag}{total_ko}) {then.ko}.",
    )


def _shorter(said: Said, _: str) -> Text:
    limit, then = said.numbers.get("time-limit"), _then(said)
    if limit is None:
        return Text(
            f"With a shorter time limit (--time) {then.en}.", f"시간 제한을 줄이면(--time) {then.ko}."
        )
    asked = option(limit)
    return Text(
        f"With a time limit of {asked} or less (--time {asked}) {then.en}.",
        f"시간 제한을 {asked} 이하로 줄이면(--time {asked}) {then.ko}.",
    )


def _preemptible(said: Said, _: str) -> Text:
    then = _then(said)
    return Text(
        f"As a preemptible job (--preemptible) {then.en}; it may then be evicted, and starts again.",
        f"선점할 수 있는 작업으로 바꾸면(--preemptible) {then.ko}."
        " 도중에 중단되었다가 다시 시작할 수 있습니다.",
    )


def _more_quota(said: Said, tenant: str) -> Text:
    stated = [amount(name, value) for name, value in said.numbers.items() if is_resource(name)]
    values, values_ko = ", ".join(text.en for text in stated), ", ".join(text.ko for text in stated)
    whose, whose_ko, then = tenant or "its tenant", tenant or "이 테넌트", _then(said)
    return Text(
        f"Had {whose} a quota of {values or 'more'}, {then.en}; an admin may grant it.",
        f"{whose_ko}의 쿼터가 {values_ko or '더 크'}{'이' if values_ko else ''}면 {then.ko}."
        " 관리자에게 문의하세요.",
    )


def _some_change(said: Said, _: str) -> Text:
    then = _then(said)
    return Text(
        f"With another {said.subject or 'request'} {then.en}.",
        f"{said.subject or '요청'}을(를) 바꾸면 {then.ko}.",
    )


_CHANGES: Mapping[str, Callable[[Said, str], Text]] = {
    "tasks": _fewer_tasks,
    "flavor": _other_flavor,
    "time-limit": _shorter,
    "preemptible": _preemptible,
    "quota": _more_quota,
}
