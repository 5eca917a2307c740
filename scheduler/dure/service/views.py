"""From records and plans to answers: how a job and its reasons look on the wire."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from dure.model.instants import Instant
from dure.model.job import Job, Placement, held_by
from dure.model.plan import Code, Explanation, Numbers, Reason, Verdict
from dure.model.record import AttemptRecord, JobRecord, JobState
from dure.model.resources import Resources
from dure.service import words
from dure.service.answers import (
    ExplanationAnswer,
    JobAnswer,
    Notes,
    Placed,
    Reserved,
    Standing,
    Texted,
)
from dure.service.instants import in_room, to_wire


def job_answer(record: JobRecord, verdict: Verdict | None, timezone: str) -> JobAnswer:
    """One job; `verdict` is the last plan's word on it while it waits."""
    job, last = record.job, record.attempts[-1] if record.attempts else None
    runs = last if record.state is not JobState.PENDING else None
    return JobAnswer(
        id=job.id,
        tenant=job.tenant,
        user=job.user,
        name=job.name,
        state=record.state.value,
        project=job.project,
        priority=job.priority,
        preemptible=job.preemptible,
        tasks=job.tasks,
        resources=dict(_asked(job, runs).items()),
        time_limit_ms=job.time_limit,
        submitted=to_wire(job.submitted),
        started=_wire(_started(runs)),
        ended=_wire(record.ended),
        attempt=len(record.attempts),
        exit_code=record.exit_code,
        held=record.held,
        nodes=sorted({placement.node for placement in runs.placements}) if runs else [],
        reason=_reason(record, verdict, timezone),
        command=list(job.command or job.groups[0].command),
        workdir=job.workdir,
        image=job.image,
        after=list(job.after),
    )


def supposed_answer(job: Job, told: Explanation, timezone: str) -> JobAnswer:
    """A job that was not queued, with what the planner would say of it."""
    answer = job_answer(JobRecord(job, JobState.PENDING), None, timezone)
    reasons = [texted(reason, timezone) for reason in told.reasons]
    return answer.model_copy(update={"reason": reasons[0] if reasons else None})


def explanation_answer(told: Explanation, state: str, timezone: str) -> ExplanationAnswer:
    """Every reason for a job's state."""
    return ExplanationAnswer(
        job=told.job,
        state=state,
        at=to_wire(told.at),
        guaranteed=told.guaranteed,
        standing=Standing(share=told.score.share, score=told.score.score),
        rank=told.rank,
        ahead=told.ahead,
        reasons=[texted(reason, timezone) for reason in told.reasons],
        notes=_notes(told, timezone),
        placements=_placed(told.placements),
        reservation=_reservation(told),
    )


def final_answer(record: JobRecord, now: Instant, timezone: str) -> ExplanationAnswer:
    """All there is to say of a job that is over."""
    said = _reason(record, None, timezone)
    return ExplanationAnswer(
        job=record.job.id, state=record.state.value, at=to_wire(now), guaranteed=False,
        standing=Standing(share=0, score=0), rank=None, ahead=None, reasons=[said] if said else [],
        notes=Notes(), placements=[], reservation=None,
    )  # fmt: skip


def texted(reason: Reason, timezone: str) -> Texted:
    """A reason with its sentences."""
    text = words.reason(reason, timezone)
    numbers = _numbers(reason.numbers)
    return Texted(code=reason.code.value, subject=reason.subject, numbers=numbers, en=text.en, ko=text.ko)


def _reason(record: JobRecord, verdict: Verdict | None, timezone: str) -> Texted | None:
    if record.state is JobState.PENDING:
        return texted(Reason(verdict.code, "", verdict.numbers), timezone) if verdict else None
    if not record.reason:
        return None
    after = record.job.after[0] if len(record.job.after) == 1 else ""  # of several it is not kept which
    text = words.ending(record.reason, after)
    return Texted(code=record.state.value, en=text.en, ko=text.ko)


def _asked(job: Job, runs: AttemptRecord | None) -> Resources:
    """What all tasks hold together, or would on each group's best flavor."""
    total = Resources()
    if runs:
        for placement in runs.placements:
            total += held_by(job, placement)
        return total
    for group in job.groups:
        total += group.request(group.flavors[0] if group.flavors else "") * group.count
    return total


def _started(runs: AttemptRecord | None) -> Instant | None:
    return (
        min((task.started for task in runs.tasks if task.started is not None), default=None) if runs else None
    )


def _wire(instant: Instant | None) -> str | None:
    return None if instant is None else to_wire(instant)


def _numbers(numbers: Numbers | Mapping[str, int]) -> dict[str, int]:
    return dict(numbers)


def _placed(placements: Iterable[Placement]) -> list[Placed]:
    return [Placed(group=p.group, node=p.node, flavor=p.flavor, tasks=p.tasks) for p in placements]


def _reservation(told: Explanation) -> Reserved | None:
    if told.reservation is None:
        return None
    return Reserved(at=to_wire(told.reservation.at), placements=_placed(told.reservation.placements))


def _is_its_reservation(reason: Reason) -> bool:
    """Whether this says when the job itself starts, not whose reservation it stands behind."""
    return reason.code is Code.RESERVED and not reason.subject


def _notes(told: Explanation, timezone: str) -> Notes:
    en, ko = [], []
    if told.guaranteed:
        en.append("It is within the tenant's guarantee.")
        ko.append("테넌트의 보장량 안에 있는 작업입니다.")
    if told.rank is not None:
        en.append(f"It is number {told.rank} in the order of the queue.")
        ko.append(f"대기열 순서로 {told.rank}번째입니다.")
    if told.ahead:
        come = "tenant comes" if told.ahead == 1 else "tenants come"
        en.append(f"{told.ahead} {come} before its own.")
        ko.append(f"앞선 테넌트가 {told.ahead}곳 있습니다.")
    if told.reservation and not any(_is_its_reservation(reason) for reason in told.reasons):
        at = in_room(told.reservation.at, timezone)
        en.append(f"It has a reservation for {at} at the latest.")
        ko.append(f"늦어도 {at}에는 시작하도록 예약되어 있습니다.")
    return Notes(en=en, ko=ko)
