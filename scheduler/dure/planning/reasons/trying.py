"""Trying: what one more cycle would do for a job, all undone afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from dure.model.instants import Instant
from dure.model.job import Job, JobId
from dure.model.plan import Eviction, Reason
from dure.model.snapshot import Pending
from dure.planning.course import Course
from dure.planning.cycle import Cycle
from dure.planning.decision import finish, run
from dure.planning.queue import Entry


@dataclass(frozen=True, slots=True)
class Outcome:
    """The job gets a place, once `leaving` jobs have left for it, of which `own` are its tenant's."""

    leaving: int = 0
    own: int = 0


def told(reason: Reason, outcome: Outcome) -> Reason:
    """The reason with who has to leave first."""
    own = (("own", outcome.own),) if outcome.own else ()
    more = (("leaving", outcome.leaving), *own) if outcome.leaving else ()
    return replace(reason, numbers=(*reason.numbers, *more))


def tried(course: Course, job: Job, changed: Job, now: Instant) -> Outcome | None:
    """What would become of the changed job, submitted now after all others in place of the real one."""
    real, reservations = course.withdrawn(job.id), course.state.reservations
    course.state.reservations = tuple(one for one in reservations if one.job != job.id)
    course.enqueue(Entry(Pending(replace(changed, submitted=now + 1))))
    outcome = gets_a_place(course, changed.id, now)
    course.withdrawn(changed.id)
    course.enqueue(real)
    course.state.reservations = reservations
    return outcome


def gets_a_place(course: Course, job: JobId, now: Instant) -> Outcome | None:
    """What one more cycle does for the job; None where it neither starts nor makes others leave."""
    cycle = run(course, now)
    outcome = _outcome(cycle, job)
    finish(course, cycle)
    return outcome


def _outcome(cycle: Cycle, job: JobId) -> Outcome | None:
    victims = [eviction for eviction in cycle.trial.evictions if eviction.by == job]
    starts = any(start.job == job for start in cycle.trial.starts)
    if not starts and not (victims and job in cycle.trial.state.claims):
        return None
    return Outcome(len(victims), sum(_of_the_same_tenant(cycle, victims, job)))


def _of_the_same_tenant(cycle: Cycle, victims: list[Eviction], job: JobId) -> Iterator[bool]:
    state = cycle.trial.state
    found = state.active.jobs.get(job) or state.claimed.get(job) or state.queue.entries.get(job)
    tenant = found.job.tenant if found else None
    for eviction in victims:
        running = state.active.jobs.get(eviction.job)
        yield running is not None and running.job.tenant == tenant
