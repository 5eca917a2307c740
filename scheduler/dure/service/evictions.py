"""What a job's record says of evictions: attempts that had to leave, and one that is leaving now."""

from __future__ import annotations

from collections.abc import Iterable

from dure.model.job import JobId
from dure.model.plan import Code, Eviction, Reason
from dure.model.record import AttemptRecord, JobRecord, JobState
from dure.model.rules import Rules
from dure.service.answers import EvictionCounts


def evicted(record: JobRecord) -> list[tuple[AttemptRecord, Eviction]]:
    """Attempts that had to leave and are gone, oldest first.

    One that came to its own end within the grace is none of them: it lost nothing.
    """
    gone = record.attempts if record.state is JobState.PENDING else record.attempts[:-1]
    return [(attempt, attempt.eviction) for attempt in gone if attempt.eviction]


def leaving(record: JobRecord) -> Eviction | None:
    """By which decision the job is leaving its place now, None where it is not."""
    if record.state.final or record.state is JobState.PENDING or not record.attempts:
        return None
    return record.attempts[-1].eviction


def displaced(records: Iterable[JobRecord], job: JobId) -> list[Reason]:
    """What had to leave for this job, one reason for each attempt, about the job that it was of."""
    return [
        Reason(Code.DISPLACED, record.job.id, (("lost", attempt.eviction.lost), ("jobs", 1)))
        for record in records
        for attempt in record.attempts
        if attempt.eviction and attempt.eviction.by == job
    ]


def counts(record: JobRecord) -> EvictionCounts:
    """How often the job was evicted, by which rule the last time, and what was lost in all."""
    found = [eviction for _, eviction in evicted(record)]
    return EvictionCounts(
        count=len(found),
        last_rule=found[-1].rule.value if found else None,
        lost_ms=sum(eviction.lost for eviction in found),
    )


def why_again(record: JobRecord) -> Reason | None:
    """Why a waiting job waits again, None where its last attempt was not evicted."""
    last = record.attempts[-1] if record.attempts else None
    if record.state is not JobState.PENDING or last is None or last.eviction is None:
        return None
    at = () if last.ending_since is None else (("at", last.ending_since),)
    numbers = (*at, ("lost", last.eviction.lost), ("attempt", last.attempt))
    return Reason(Code.EVICTED, last.eviction.rule.value, numbers)


def why_leaving(record: JobRecord, rules: Rules) -> Reason | None:
    """Why a job leaves its place, None where it does not."""
    eviction = leaving(record)
    if eviction is None:
        return None
    since = record.attempts[-1].ending_since
    begun = () if since is None else (("since", since),)
    return Reason(Code.VACATING, eviction.rule.value, (*begun, ("grace", rules.planning.grace)))
