"""Changes that let a pending job take a place back: by reclaim, from other borrowers, or inside its tenant.

No place is free for it then: others leave first. Which and how many is tried, as for every change.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from typing import Final

from dure.model.instants import Instant
from dure.model.job import Job
from dure.model.plan import Code, Reason
from dure.model.rules import BetweenBorrowers, WithinTenant
from dure.planning.course import Course
from dure.planning.preemptible import borrowed
from dure.planning.queue import Kind
from dure.planning.reasons.changes import Change, Changed, gangs, other_flavors
from dure.planning.reasons.trying import Outcome, told, tried
from dure.planning.trial import Trial

_MOST_FLAVORS: Final = 3
_MOST_TRIES: Final = 6
"""Each is a cycle of the room."""


@dataclass(frozen=True, slots=True)
class Steps:
    """Changes of one kind, from `change(1)`, the largest, to `change(count)`, the smallest and so the best."""

    count: int
    change: Callable[[int], Change]


def steps(trial: Trial, kind: Kind, job: Job, known: Collection[str]) -> list[Steps]:
    """What is worth trying, but for kinds of changes that are `known` to need nobody's place."""
    if not _somebody_may_leave(trial, kind):
        return []
    changed = Changed(trial, kind, trial.promises.of(job.id))
    found = [_fewer_tasks(changed, job)]
    if not any(subject.startswith("flavor:") for subject in known):
        others = (one for one in other_flavors(trial.state, job) if _may_take(changed, one[1]))
        found += [Steps(1, lambda _, one=one: one) for one in islice(others, _MOST_FLAVORS)]  # type: ignore[misc]  # bound
    preemptible = (Reason(Code.WOULD_START, "preemptible"), replace(job, preemptible=True))
    if not job.preemptible and "preemptible" not in known and _may_take(changed, preemptible[1]):
        found.append(Steps(1, lambda _: preemptible))
    return [one for one in found if one.count]


def proved(course: Course, some: Iterable[Steps], job: Job, now: Instant) -> Iterator[Reason]:
    """The best change of each kind that really gets the job a place, were it submitted so now."""
    for one in some:
        found = _best(course, one, job, now)
        if found is not None:
            yield told(*found)


def _somebody_may_leave(trial: Trial, kind: Kind) -> bool:
    """Whether anything runs that could be told to leave for a job of this tenant."""
    planning, state = trial.state.rules.planning, trial.state
    if planning.within_tenant is WithinTenant.PRIORITY and state.active.tenants.get(kind.key.tenant):
        return True
    return any(active.job.preemptible for active in borrowed(state))


def _may_take(changed: Changed, job: Job) -> bool:
    """Whether quota allows it so, and some rule lets it make others leave."""
    planning, kind = changed.trial.state.rules.planning, changed.kind(job)
    lets = (
        planning.between_borrowers is BetweenBorrowers.FAIR or planning.within_tenant is WithinTenant.PRIORITY
    )
    within = changed.trial.allowance.within
    return any(lets or within(kind, demand, changed.own) for demand in changed.allowed(kind))


def _fewer_tasks(changed: Changed, job: Job) -> Steps:
    """Gangs that quota allows and that are larger than those with a place of their own."""
    counts, smaller = gangs(job)
    may = bisect_left(counts, True, key=lambda count: not _may_take(changed, smaller(count)[1]))
    fit = bisect_left(counts[:may], True, key=lambda count: not changed.fits(smaller(count)[1]))
    return Steps(may - fit, lambda nth: smaller(counts[fit + nth - 1]))


def _best(course: Course, some: Steps, job: Job, now: Instant) -> tuple[Reason, Outcome] | None:
    """The smallest change that does, looked for by halves: what does so with more does with less."""
    best, low, high, nth = None, 0, some.count, some.count
    for _ in range(_MOST_TRIES):
        reason, changed = some.change(nth)
        outcome = tried(course, job, changed, now)
        if outcome is not None:
            best, low = (reason, outcome), nth
        else:
            high = nth - 1
        if low >= high:
            break
        nth = (low + high + 1) // 2
    return best
