"""Explanations as they look on the wire: reasons, notes, evictions."""

from __future__ import annotations

from collections.abc import Iterable

from dure.forecast.estimate import Estimate
from dure.model.instants import Instant
from dure.model.job import Placement
from dure.model.plan import Code, Eviction, Explanation, Reason
from dure.model.record import AttemptRecord, JobRecord
from dure.model.rules import Rules
from dure.service import words
from dure.service.answers import (
    EvictionAnswer,
    ExplanationAnswer,
    JobAnswer,
    Notes,
    Placed,
    Reserved,
    Standing,
)
from dure.service.evictions import why_again, why_leaving
from dure.service.instants import in_room, to_wire
from dure.service.views import texted


def explanation_answer(
    told: Explanation, record: JobRecord, about: JobAnswer, rules: Rules
) -> ExplanationAnswer:
    """Every reason for a job's state: why it leaves first of all, why it was evicted last."""
    reasons = _reasons(told, record, rules)
    return ExplanationAnswer(
        job=told.job,
        state=about.state,
        at=to_wire(told.at),
        guaranteed=told.guaranteed,
        standing=Standing(share=told.score.share, score=told.score.score),
        rank=told.rank,
        ahead=told.ahead,
        reasons=[texted(reason, rules.timezone) for reason in reasons],
        notes=_notes(told, record, rules.timezone),
        placements=_placed(told.placements),
        reservation=_reservation(told),
        about=about,
        timezone=rules.timezone,
    )


def final_answer(about: JobAnswer, now: Instant, timezone: str) -> ExplanationAnswer:
    """All there is to say of a job that is over, or about to be: what it did, and why it ended as it did."""
    said = [about.reason] if about.reason else []
    return ExplanationAnswer(
        job=about.id, state=about.state, at=to_wire(now), guaranteed=False,
        standing=Standing(share=0, score=0), rank=None, ahead=None, reasons=said, notes=Notes(),
        placements=[], reservation=None, about=about, timezone=timezone,
    )  # fmt: skip


def eviction_answer(attempt: AttemptRecord, eviction: Eviction, by: str) -> EvictionAnswer:
    """One eviction; `by` as the caller may see it."""
    text = words.evicted_by(eviction.rule.value, by)
    return EvictionAnswer(
        attempt=attempt.attempt,
        at=None if attempt.ending_since is None else to_wire(attempt.ending_since),
        rule=eviction.rule.value,
        by=by,
        lost_ms=eviction.lost,
        en=text.en,
        ko=text.ko,
    )


def expected(estimate: Estimate, now: Instant, rules: Rules) -> Notes:
    """The forecast of a start as sentences."""
    text = words.expected(estimate.median, estimate.p90, now, estimate.at, rules.timezone)
    return Notes(en=[text.en], ko=[text.ko])


def _reasons(told: Explanation, record: JobRecord, rules: Rules) -> list[Reason]:
    """What the planner says, and what only the record knows."""
    known = {reason.code for reason in told.reasons}
    leaves, again = why_leaving(record, rules), why_again(record)
    first = [leaves] if leaves and Code.VACATING not in known else []
    last = [again] if again and Code.EVICTED not in known else []
    return [*first, *told.reasons, *last]


def _placed(placements: Iterable[Placement]) -> list[Placed]:
    return [Placed(group=p.group, node=p.node, flavor=p.flavor, tasks=p.tasks) for p in placements]


def _reservation(told: Explanation) -> Reserved | None:
    if told.reservation is None:
        return None
    return Reserved(at=to_wire(told.reservation.at), placements=_placed(told.reservation.placements))


def _is_its_reservation(reason: Reason) -> bool:
    """Whether this says when the job itself starts, not whose reservation it stands behind."""
    return reason.code is Code.RESERVED and not reason.subject


def _notes(told: Explanation, record: JobRecord, timezone: str) -> Notes:
    en, ko = [], []
    if told.guaranteed:
        en.append("It is within the tenant's guarantee.")
        ko.append("테넌트의 보장량 안에 있는 작업입니다.")
    elif record.job.preemptible:
        en.append(
            "It is beyond the tenant's guarantee: it borrows what others leave idle, until it is needed."
        )
        ko.append(
            "테넌트의 보장량을 넘는 작업입니다. 다른 테넌트가 쓰지 않는 자원을 돌려줄 때까지 빌려 씁니다."
        )
    else:
        en.append("It is beyond the tenant's guarantee, and may not be preempted.")
        ko.append("테넌트의 보장량을 넘고, 선점할 수 없는 작업입니다.")
    if told.rank is not None:
        en.append(f"It is number {told.rank} in the order of the queue.")
        ko.append(f"대기열 순서로 {told.rank}번째입니다.")
    if told.ahead:
        come = "tenant comes" if told.ahead == 1 else "tenants come"
        en.append(f"{told.ahead} {come} before its own.")
        ko.append(f"앞선 테넌트가 {told.ahead}곳 있습니다.")
    if told.reservation and told.reservation.yielded_to:
        en.append("Its reservation gave way to a job that its tenant is guaranteed, and was made again.")
        ko.append("보장된 작업에 밀려 예약이 다시 잡혔습니다.")
    if told.reservation and not any(_is_its_reservation(reason) for reason in told.reasons):
        at = in_room(told.reservation.at, timezone)
        en.append(f"It has a reservation for {at} at the latest.")
        ko.append(f"늦어도 {at}에는 시작하도록 예약되어 있습니다.")
    return Notes(en=en, ko=ko)
