"""Changes between two observed states of a job: each is told once, with the instant that the API recorded.

Level-triggered: what differs is told, from nothing the whole story. Watches may skip states in between; whatever
happened meanwhile is then told in the order in which it must have happened.
"""

from __future__ import annotations

from collections.abc import Iterator

from dure.backends.kubernetes.outcome import Story
from dure.model.change import (
    Change,
    Checkpointed,
    Ended,
    Evicting,
    Held,
    StartFailed,
    Starting,
    Submitted,
    TaskEnded,
    TaskStarted,
    Withdrawn,
)
from dure.model.instants import Instant
from dure.model.job import JobId
from dure.model.record import AttemptRecord, JobState, TaskRecord

_NOTHING = TaskRecord("")


def everything(story: Story, waiting: frozenset[JobId] = frozenset()) -> Iterator[Change]:
    """A job that is not final: as it was queued, and the attempt that it makes, if any; of a final one nothing."""
    if not story.record.state.final:
        yield submitted(story, waiting)
        if story.live:
            yield from _attempt(story.record.job.id, None, story.live.record)


def submitted(story: Story, waiting: frozenset[JobId] = frozenset()) -> Submitted:
    """The job as it stands in the queue, or stood before the attempt that it makes now."""
    job = story.record.job
    return Submitted(
        job.submitted, job, story.record.held, waiting, story.attempts_before, story.evictions
    )  # fmt: skip


def between(before: Story | None, after: Story, waiting: frozenset[JobId] = frozenset()) -> Iterator[Change]:
    """What happened from one state to the next; `waiting` is only for a job that is new."""
    if before is None:
        yield from everything(after, waiting)
        return
    if before.record.state.final:
        return
    job = after.record.job.id
    if before.record.held != after.record.held:
        yield Held(after.held_at or job_instant(after), job, after.record.held)
    known = {attempt.attempt: attempt for attempt in before.record.attempts}
    was_live = before.live.attempted.attempt if before.live else 0
    told = max(before.attempts_before, 0)
    for attempt in after.record.attempts:
        if attempt.attempt == was_live or attempt.attempt > max(told, was_live):
            yield from _attempt(job, known.get(attempt.attempt), attempt)
            if not (after.live and after.live.attempted.attempt == attempt.attempt):
                yield _over(after, attempt)
    if after.record.state.final and _left_pending(before, after):
        yield Withdrawn(after.record.ended or job_instant(after), job)


def job_instant(story: Story) -> Instant:
    """An instant at which the job was there, where nothing tells a better one."""
    return story.record.job.submitted


def _left_pending(before: Story, after: Story) -> bool:
    """Whether it became final without an attempt that says so."""
    return before.live is None and before.attempts_before == after.attempts_before and after.live is None


def _attempt(job: JobId, before: AttemptRecord | None, after: AttemptRecord) -> Iterator[Change]:
    """The news of one attempt: starts, checkpoint, eviction, ends."""
    number = after.attempt
    if before is None:
        yield Starting(after.decided, job, number, after.placements, after.under)
    pairs = list(_pairs(before, after))
    for index, old, new in pairs:
        if new.started is not None and old.started is None:
            yield TaskStarted(new.started, job, number, index)
    if after.checkpoint is not None and after.checkpoint != (before.checkpoint if before else None):
        yield Checkpointed(after.checkpoint, job, number)
    if after.eviction and after.ending_since is not None and not (before and before.eviction):
        yield Evicting(after.ending_since, after.eviction)
    for index, old, new in pairs:
        if new.ended is not None and old.ended is None:
            yield TaskEnded(new.ended, job, number, index)


def _pairs(
    before: AttemptRecord | None, after: AttemptRecord
) -> Iterator[tuple[int, TaskRecord, TaskRecord]]:  # fmt: skip
    for index, new in enumerate(after.tasks):
        yield index, before.tasks[index] if before else _NOTHING, new


def _over(after: Story, attempt: AttemptRecord) -> Ended | StartFailed:
    """What the end of an attempt means for its job; one that is not the last was followed by another."""
    job, stands = after.record.job.id, after.record
    last = attempt is stands.attempts[-1]
    ends = [task.ended for task in attempt.tasks if task.ended is not None]
    at = max(ends, default=attempt.decided)
    requeue = not last or stands.state is JobState.PENDING
    if requeue and not any(task.started is not None for task in attempt.tasks):
        return StartFailed(at, job, attempt.attempt, attempt.ending or stands.reason)
    return Ended(at, job, attempt.attempt, last and stands.state is JobState.SUCCEEDED, requeue)
