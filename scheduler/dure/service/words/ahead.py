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


def _fewer_tasks(said: Said, _: str) -> Text:
    tasks, group = said.numbers.get("tasks"), said.numbers.get("group")
    if tasks is None:
        return Text("As a smaller gang it would start now.", "태스크 수를 줄이면 지금 시작할 수 있습니다.")
    if group is not None:
        return Text(
            f"With {several(tasks, 'task', 'tasks')} in its task group {group + 1} it would start now.",
            f"{group + 1}번째 태스크 그룹을 {tasks}개로 줄이면 지금 시작할 수 있습니다.",
        )
    return Text(
        f"With {several(tasks, 'task', 'tasks')} (--tasks {tasks}) it would start now.",
        f"태스크를 {tasks}개로 줄이면(--tasks {tasks}) 지금 시작할 수 있습니다.",
    )


def _other_flavor(said: Said, flavor: str) -> Text:
    asks, each = said.amounts, said.numbers.get("each")
    flag = f"--gpu {flavor}:{each}" if each else "--gpu"
    total, total_ko = (f", {asks.en} in all", f", 모두 {asks.ko}") if asks.en else ("", "")
    return Text(
        f"On {flavor or 'another flavor'} ({flag}{total}) it would start now.",
        f"GPU 종류를 {flavor or '다른 것'}(으)로 바꾸면({flag}{total_ko}) 지금 시작할 수 있습니다.",
    )


def _shorter(said: Said, _: str) -> Text:
    limit = said.numbers.get("time-limit")
    if limit is None:
        return Text("With a shorter time limit (--time) it would start now.",
                    "시간 제한을 줄이면(--time) 지금 시작할 수 있습니다.")  # fmt: skip
    asked = option(limit)
    return Text(
        f"With a time limit of {asked} or less (--time {asked}) it would start now.",
        f"시간 제한을 {asked} 이하로 줄이면(--time {asked}) 지금 시작할 수 있습니다.",
    )


def _preemptible(_: Said, __: str) -> Text:
    return Text(
        "As a preemptible job (--preemptible) it would start now; it may then be evicted, and starts again.",
        "선점할 수 있는 작업으로 바꾸면(--preemptible) 지금 시작할 수 있습니다."
        " 도중에 중단되었다가 다시 시작할 수 있습니다.",
    )


def _more_quota(said: Said, tenant: str) -> Text:
    stated = [amount(name, value) for name, value in said.numbers.items() if is_resource(name)]
    values, values_ko = ", ".join(text.en for text in stated), ", ".join(text.ko for text in stated)
    whose, whose_ko = tenant or "its tenant", tenant or "이 테넌트"
    return Text(
        f"Had {whose} a quota of {values or 'more'}, it would start now; an admin may grant it.",
        f"{whose_ko}의 쿼터가 {values_ko or '더 크'}{'이' if values_ko else ''}면 지금 시작할 수 있습니다."
        " 관리자에게 문의하세요.",
    )


def _some_change(said: Said, _: str) -> Text:
    return Text(
        f"With another {said.subject or 'request'} it would start now.",
        f"{said.subject or '요청'}을(를) 바꾸면 지금 시작할 수 있습니다.",
    )


_CHANGES: Mapping[str, Callable[[Said, str], Text]] = {
    "tasks": _fewer_tasks,
    "flavor": _other_flavor,
    "time-limit": _shorter,
    "preemptible": _preemptible,
    "quota": _more_quota,
}
