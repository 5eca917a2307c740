"""What is said of jobs that have to leave, of those for which they leave, and of what that costs."""

from __future__ import annotations

from collections.abc import Mapping

from dure.model.plan import Rule
from dure.service.words.phrases import OTHERS, Said, Text, a_job, several

_RULES: Mapping[str, Text] = {
    Rule.RECLAIM: Text("another tenant takes back what it is guaranteed", "다른 테넌트가 보장량을 되찾아"),
    Rule.BETWEEN_BORROWERS: Text(
        "it is the turn of a tenant that has had less of its due", "제 몫을 덜 쓴 다른 테넌트의 차례가 되어"
    ),
    Rule.WITHIN_TENANT: Text(
        "a job of higher priority of its own tenant takes its place",
        "같은 테넌트의 우선순위가 더 높은 작업에 자리를 내주어",
    ),
    Rule.CALENDAR: Text("its place is reserved in the calendar from then on", "일정에 예약된 시간이 되어"),
    Rule.MAINTENANCE: Text("its node goes into maintenance", "노드 점검 때문에"),
}
_SOME_RULE = Text("its place is needed", "자리가 필요하여")


def claimed(said: Said) -> Text:
    """Capacity is being vacated for it."""
    since, timeout = said.when("since"), said.span("timeout")
    begun, begun_ko = (f" since {since}", f"{since}부터 ") if since else ("", "")
    end = f" Should that take longer than {timeout.en}, it is planned anew." if timeout else ""
    end_ko = f" {timeout.ko} 안에 비지 않으면 다시 계획합니다." if timeout else ""
    return Text(
        f"Room is being made for it{begun}: it starts as soon as the jobs there have left.{end}",
        f"{begun_ko}이 작업의 자리를 비우고 있습니다. 자리가 비는 대로 시작합니다.{end_ko}",
    )


def vacating(said: Said) -> Text:
    """It was told to leave and has not left yet."""
    why, since, grace = _why(said), said.when("since"), said.span("grace")
    begun, begun_ko = (f" since {since}", f" {since}부터") if since else ("", "")
    save = f" It has {grace.en} to save its work." if grace else ""
    save_ko = f" 저장할 시간은 {grace.ko}입니다." if grace else ""
    return Text(
        f"Is leaving its place{begun}: {why.en}.{save} Then it waits in the queue again.",
        f"{why.ko}{begun_ko} 자리를 비우고 있습니다.{save_ko} 그 뒤 다시 대기열에서 기다립니다.",
    )


def evicted(said: Said) -> Text:
    """An attempt of it had to leave."""
    why, at, attempt = _why(said), said.when("at"), said.numbers.get("attempt")
    number, number_ko = (f"Attempt {attempt}", f"{attempt}번째 시도가") if attempt else ("It", "이 작업이")
    hour, hour_ko = (f" at {at}", f" {at}에") if at else ("", "")
    lost = _lost(said)
    return Text(
        f"{number} was evicted{hour}: {why.en}.{lost.en} It needs no new submit: it starts again by itself.",
        f"{number_ko}{hour_ko} 중단되었습니다: {why.ko} 자리를 비웠습니다.{lost.ko}"
        " 다시 제출하지 않아도 저절로 시작합니다.",
    )


def evicted_by(rule: str, by: str) -> Text:
    """By which rule an attempt was evicted, and for whom where that may be told: a job, or a calendar's entry."""
    why = _RULES.get(rule, _SOME_RULE)
    if not by or by == OTHERS:
        return Text(f"{why.en}", f"{why.ko} 자리를 비움")
    if rule in {Rule.CALENDAR, Rule.MAINTENANCE}:
        return Text(f"{why.en} ({by})", f"{why.ko} 자리를 비움({by})")
    who, who_ko = a_job(by)
    return Text(f"{why.en} ({who})", f"{why.ko} 자리를 비움({who_ko})")


def displaced(said: Said) -> Text:
    """Others had to leave for its start."""
    count = said.numbers.get("jobs", 1)
    lost = said.span("lost")
    cost = f"; {lost.en} of their work was lost" if lost and said.numbers["lost"] else ""
    cost_ko = f" 그 작업 {lost.ko} 분량이 사라졌습니다." if lost and said.numbers["lost"] else ""
    if said.anonymous:
        jobs = several(count, "job of another tenant", "jobs of other tenants")
        who_ko = f"다른 테넌트의 작업 {count}개를"
    else:
        jobs, who_ko = f"job {said.subject}", f"작업 {said.subject}을(를)"
    return Text(
        f"For its start {jobs} had to leave{cost}.",
        f"이 작업이 시작하도록 {who_ko} 내보냈습니다.{cost_ko}",
    )


def _why(said: Said) -> Text:
    return _RULES.get(said.subject, _SOME_RULE)


def _lost(said: Said) -> Text:
    lost = said.span("lost")
    if lost is None:
        return Text("", "")
    if not said.numbers["lost"]:
        return Text(" None of its work was lost.", " 사라진 작업은 없습니다.")
    return Text(
        f" {lost.en} of its work was lost; a checkpoint now and then (--checkpoint-interval) makes that less.",
        f" 작업 {lost.ko} 분량이 사라졌습니다. 체크포인트를 남기면(--checkpoint-interval) 줄어듭니다.",
    )
