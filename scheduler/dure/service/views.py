"""From records and plans to answers: how a job and its reasons look on the wire."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from dure.forecast.estimate import Estimate
from dure.model.instants import Instant
from dure.model.job import Job, held_by
from dure.model.plan import Claim, Code, Explanation, Numbers, Reason, Verdict
from dure.model.record import AttemptRecord, JobRecord, JobState
from dure.model.resources import Resources
from dure.model.rules import Rules
from dure.service import words
from dure.service.answers import (
    ForecastAnswer,
    JobAnswer,
    Texted,
)
from dure.service.evictions import counts, leaving, why_leaving
from dure.service.instants import to_wire


def job_answer(
    record: JobRecord, rules: Rules, verdict: Verdict | None = None, claim: Claim | None = None,
    forecast: ForecastAnswer | None = None,
) -> JobAnswer:  # fmt: skip
    """One job; `verdict` is the last plan's word on it while it waits, `claim` the place that is made for it."""
    job, last = record.job, record.attempts[-1] if record.attempts else None
    runs = last if record.state is not JobState.PENDING else None
    eviction = leaving(record)
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
        time_limit_ms=job.limit_under(p.flavor for p in runs.placements) if runs else job.time_limit,
        submitted=to_wire(job.submitted),
        started=_wire(_started(runs)),
        ended=_wire(record.ended),
        attempt=len(record.attempts),
        exit_code=record.exit_code,
        held=record.held,
        nodes=sorted({placement.node for placement in runs.placements}) if runs else [],
        reason=_reason(record, rules, verdict, claim),
        command=list(job.command or job.groups[0].command),
        workdir=job.workdir,
        image=job.image,
        after=list(job.after),
        time_limits_ms=dict(job.time_limits),
        checkpoint_interval_ms=job.checkpoint_interval,
        checkpoint=_wire(runs.checkpoint) if runs else None,
        vacating=eviction.rule.value if eviction else None,
        evictions=counts(record),
        forecast=forecast if record.state is JobState.PENDING else None,
    )


def forecast_answer(estimate: Estimate) -> ForecastAnswer:
    """When a job starts by forecast."""
    return ForecastAnswer(median=_wire(estimate.median), p90=_wire(estimate.p90), as_of=to_wire(estimate.at))


def supposed_answer(job: Job, told: Explanation, rules: Rules) -> JobAnswer:
    """A job that was not queued, with what the planner would say of it."""
    answer = job_answer(JobRecord(job, JobState.PENDING), rules)
    reasons = [texted(reason, rules.timezone) for reason in told.reasons]
    return answer.model_copy(update={"reason": reasons[0] if reasons else None})


@lru_cache(4_096)
def texted(reason: Reason, timezone: str) -> Texted:
    """A reason with its sentences; many jobs wait for the same one."""
    text = words.reason(reason, timezone)
    numbers = _numbers(reason.numbers)
    return Texted(code=reason.code.value, subject=reason.subject, numbers=numbers, en=text.en, ko=text.ko)


def _reason(record: JobRecord, rules: Rules, verdict: Verdict | None, claim: Claim | None) -> Texted | None:
    """Why it waits, leaves, or ended as it did; None while it simply runs."""
    if why := why_leaving(record, rules):
        return texted(why, rules.timezone)
    if record.state is JobState.PENDING:
        return _waits(rules, verdict, claim)
    if not record.reason:
        return None
    after = record.job.after[0] if len(record.job.after) == 1 else ""  # of several it is not kept which
    text = words.ending(record.reason, after)
    return Texted(code=record.state.value, en=text.en, ko=text.ko)


def _waits(rules: Rules, verdict: Verdict | None, claim: Claim | None) -> Texted | None:
    if claim:
        numbers = (("since", claim.since), ("timeout", rules.planning.claim_timeout))
        return texted(Reason(Code.CLAIMED, "", numbers), rules.timezone)
    return texted(Reason(verdict.code, "", verdict.numbers), rules.timezone) if verdict else None


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
