"""Everything as of now, as the changes that would have led to it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from dure.backends.local.kept import Attempt, Kept
from dure.backends.local.outcome import evictions, outcome, state_of
from dure.model.change import (
    Change,
    Checkpointed,
    Evicting,
    NodeSet,
    Starting,
    Submitted,
    TaskEnded,
    TaskStarted,
    Withdrawn,
)
from dure.model.instants import Instant
from dure.model.job import JobId
from dure.model.node import Node
from dure.model.plan import Rule
from dure.model.record import JobState


def everything(now: Instant, nodes: Iterable[Node], jobs: Mapping[JobId, Kept]) -> Iterator[Change | None]:
    """Nodes, then every job that is not final, by (submitted, id), with its attempt if one holds places.

    None stands where nothing is told yet, for whoever reads this in turns.

    A job whose predecessor ended without success cannot say so in its own change: that predecessor is listed
    before it and withdrawn at the end.
    """
    yield from (NodeSet(now, node) for node in nodes)
    open_jobs: list[Kept] = []
    for kept in jobs.values():
        yield None
        if not state_of(kept).final:
            open_jobs.append(kept)
    open_jobs.sort(key=lambda kept: (kept.job.submitted, kept.job.id))
    failed = sorted({other for kept in open_jobs for other in kept.job.after if _failed(jobs[other])})
    yield from (submitted(jobs[other], jobs) for other in failed)
    for kept in open_jobs:
        yield submitted(kept, jobs)
        if attempt := kept.live:
            yield from _attempt(kept, attempt)
    yield from (Withdrawn(outcome(jobs[other]).at or now, other) for other in failed)


def submitted(kept: Kept, jobs: Mapping[JobId, Kept]) -> Submitted:
    """The job as it stands in the queue, or stood before the attempt it makes now."""
    job = kept.job
    waiting = frozenset(other for other in job.after if outcome(jobs[other]).state is not JobState.SUCCEEDED)
    if not kept.attempts:
        return Submitted(job.submitted, job, kept.held, waiting)
    before = [attempt.number for attempt in kept.attempts if attempt is not kept.live]
    evicted = evictions(kept, Rule.BETWEEN_BORROWERS)
    return Submitted(job.submitted, job, kept.held, waiting, max(before, default=0), evicted)


def _failed(kept: Kept) -> bool:
    state = outcome(kept).state
    return state.final and state is not JobState.SUCCEEDED


def _attempt(kept: Kept, attempt: Attempt) -> Iterator[Change]:
    job, number = kept.job.id, attempt.number
    yield Starting(attempt.decided, job, number, attempt.placements, attempt.under)
    for index, task in enumerate(attempt.tasks):
        if task.started is not None:
            yield TaskStarted(task.started, job, number, index)
    if attempt.checkpoint is not None:
        yield Checkpointed(attempt.checkpoint, job, number)
    if attempt.ending and attempt.ending.eviction:
        yield Evicting(attempt.ending.at, attempt.ending.eviction)
    for index, task in enumerate(attempt.tasks):
        if task.ended is not None:
            yield TaskEnded(task.ended, job, number, index)
