"""How a job stands, from its sealed attempts and the one that its pods tell of; in the words of every backend."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from dure.backends.kubernetes.attempts import AttemptSeen
from dure.backends.kubernetes.kept import Fate, Kept, Sealed
from dure.backends.kubernetes.reading import Queued
from dure.model.instants import Instant
from dure.model.plan import Rule
from dure.model.record import JobRecord, JobState

_STARTS_TRIED = 3
"""So many attempts may not come up; then the job has failed."""


@dataclass(frozen=True, slots=True)
class Story:
    """All that is known of a job at one moment. `live` is its attempt that is not sealed, None where there is none.

    `attempts_before` and `evictions` count attempts that are over, `evictions` those between borrowers.
    """

    record: JobRecord
    live: AttemptSeen | None
    attempts_before: int
    evictions: int
    held_at: Instant | None = None


def story(queued: Queued, seen: AttemptSeen | None) -> Story:
    """The job as it stands. `seen`: its live attempt, as `attempts.attempt_seen` has it."""
    kept = queued.kept
    attempts = tuple(each.record for each in kept.sealed) + ((seen.record,) if seen else ())
    stands, at = _stands(queued, seen)
    record = JobRecord(queued.job, stands.state, kept.held, attempts, at, stands.exit_code, stands.reason)
    before = kept.sealed_number
    return Story(record, seen, before, evictions(kept, (Rule.BETWEEN_BORROWERS,)), kept.held_at)


def evictions(kept: Kept, rules: Collection[Rule] = tuple(Rule)) -> int:
    """How many sealed attempts had to leave by one of these rules; of forgotten ones, between borrowers only."""
    decided = (each.record.eviction for each in kept.sealed)
    forgotten = kept.forgotten.evictions if Rule.BETWEEN_BORROWERS in rules else 0
    return forgotten + sum(eviction is not None and eviction.rule in rules for eviction in decided)


def _stands(queued: Queued, seen: AttemptSeen | None) -> tuple[Fate, Instant | None]:
    """Its state with reason, and since when it is final."""
    if seen:
        return Fate(_live_state(seen)), None
    last = queued.kept.sealed[-1] if queued.kept.sealed else None
    if last and last.fate.state.final:
        return last.fate, _end(last)
    return _without_attempt(queued, last)


def _live_state(seen: AttemptSeen) -> JobState:
    if seen.ending or seen.over:
        return JobState.ENDING
    return JobState.RUNNING if seen.ran else JobState.STARTING


def _without_attempt(queued: Queued, last: Sealed | None) -> tuple[Fate, Instant | None]:
    """A job that makes no attempt, and was not decided by the last one."""
    kept = queued.kept
    ends = [_end(each) for each in kept.sealed]
    if withdrawn := kept.withdrawn:
        return Fate(JobState.CANCELLED, None, withdrawn.reason), max([withdrawn.at, *ends])
    if queued.deleting is not None:
        return Fate(JobState.CANCELLED, None, "deleted from Kubernetes"), max([queued.deleting, *ends])
    if done := queued.finished:  # without ever having been admitted by dure
        state = JobState.SUCCEEDED if done.succeeded else JobState.FAILED
        return Fate(state, 0 if done.succeeded else None, done.reason), done.at
    voids = kept.forgotten.voids + sum(each.cause == "void" for each in kept.sealed)
    again = last.fate.reason if last else ""
    if last and last.cause == "void" and voids >= _STARTS_TRIED:
        return Fate(JobState.FAILED, None, f"{again}; tried {voids} times"), _end(last)
    return Fate(JobState.PENDING, None, again), None


def _end(sealed: Sealed) -> Instant:
    ends = [task.ended for task in sealed.record.tasks if task.ended is not None]
    return max(ends, default=sealed.record.decided)
