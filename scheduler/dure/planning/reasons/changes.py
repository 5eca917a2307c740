"""Changes: the smallest ones that would let a pending job start now, each found by trying and then proved.

A change is looked for on the state as the decision left it, and holds only if one more cycle, with the changed job
submitted now in place of the real one, starts it.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import TypeAlias

from dure.model.instants import SECOND, Millis
from dure.model.job import Job, JobId, TaskGroup
from dure.model.plan import Code, Numbers, Reason
from dure.model.resources import Flavor, flavor_of
from dure.model.snapshot import Pending
from dure.planning.axes import FIRST_GPU
from dure.planning.course import Course
from dure.planning.decision import finish, run
from dure.planning.queue import Entry, Kind
from dure.planning.quota import Account, over_limit
from dure.planning.reservation import Promise
from dure.planning.shape import FOREVER, Shape
from dure.planning.state import State
from dure.planning.tree import Stated
from dure.planning.trial import Trial

Change: TypeAlias = tuple[Reason, Job]
"""What to tell, and the job as changed."""

Raise: TypeAlias = tuple[Account, Stated]
"""Whose limit, and what it would be."""


def candidates(trial: Trial, kind: Kind, job: Job) -> list[Change]:
    """One change of each kind that seems to do, as the decision left the room."""
    fits = _Fits(trial, kind, trial.promises.of(job.id))
    found = (
        _preemptible(fits, job), _fewer_tasks(fits, job), _other_flavor(trial.state, fits, job),
        _shorter(trial, fits, job),
    )  # fmt: skip
    return [change for change in found if change is not None]


def proved(course: Course, changes: Sequence[Change], job: Job, now: int) -> Iterator[Reason]:
    """Those that really start the job, were it submitted so now, after all others, in place of the real one."""
    for reason, changed in changes:
        if _starts(course, job, replace(changed, submitted=now + 1), now):
            yield reason


def more_quota(trial: Trial, kind: Kind) -> Raise | None:
    """Where one tenant's limit alone is in the way of a job that has a place: what it would have to be.

    What a cohort is promised bounds it too; that is no limit which could be set higher alone.
    """
    cohorts = {tenant.id for tenant in trial.state.rules.tenants if tenant.cohort}
    for demand in kind.shape.demands:
        over = list(over_limit(kind.account, demand.total))
        if len({account for account, _, _ in over}) == 1 and trial.fit(demand):
            account = over[0][0]
            if account.branch.id in cohorts:
                return None
            return account, {**account.branch.limit, **{x: account.branch.limit[x] + by for _, x, by in over}}
    return None


def proved_quota(course: Course, raised: Raise, job: Job, now: int) -> Iterator[Reason]:
    """The limit, if the job really starts under it, the others being as they are."""
    account, limit = raised
    stated, names = account.branch, course.state.axes.names
    account.branch = replace(stated, limit=limit)
    course.state.queue.released(account)
    started = _started(course, job.id, now)
    account.branch = stated
    if started:
        told = tuple((names[x], most) for x, most in limit.items() if most != stated.limit[x])
        yield Reason(Code.WOULD_START, f"quota:{stated.id}", told)


class _Fits:
    """Whether a changed job would have a place and quota, in what the decision left."""

    def __init__(self, trial: Trial, kind: Kind, own: Promise | None) -> None:
        self._trial, self._kind, self._own = trial, kind, own

    def __call__(self, job: Job) -> bool:
        trial, kind, own = self._trial, self._kind, self._own
        state = trial.state
        asked = (job.groups, job.time_limit, job.time_limits)
        shape = Shape(asked, state.axes, state.values, firm=not job.preemptible)
        changed = Kind(replace(kind.key, groups=job.groups, preemptible=job.preemptible), shape, kind.account)
        return any(
            trial.allowance.may_hold(changed, demand, trial.promises, own) and trial.fit(demand, own)
            for demand in shape.demands
        )


def _preemptible(fits: Callable[[Job], bool], job: Job) -> Change | None:
    changed = replace(job, preemptible=True)
    return (
        (Reason(Code.WOULD_START, "preemptible"), changed) if not job.preemptible and fits(changed) else None
    )


def _fewer_tasks(fits: Callable[[Job], bool], job: Job) -> Change | None:
    """The largest smaller gang, of several groups the one with most tasks smaller: what fits does so with fewer."""
    sizes = [group.count for group in job.groups]
    group = sizes.index(max(sizes))
    counts = range(1, sizes[group])
    fitting = bisect_left(counts, True, key=lambda count: not fits(_with_tasks(job, group, count)))
    if not fitting:
        return None
    tasks = counts[fitting - 1]
    which = (("group", group),) if len(sizes) > 1 else ()
    return Reason(Code.WOULD_START, "tasks", (("tasks", tasks), *which)), _with_tasks(job, group, tasks)


def _with_tasks(job: Job, group: int, count: int) -> Job:
    groups = (replace(one, count=count) if n == group else one for n, one in enumerate(job.groups))
    return replace(job, groups=tuple(groups))


def _other_flavor(state: State, fits: Callable[[Job], bool], job: Job) -> Change | None:
    """The best other flavor of the room, by the order of its rules."""
    asked = {flavor for group in job.groups for flavor in group.flavors}
    capacity = state.nodes.capacity
    names = [state.axes.names[axis] for axis in range(FIRST_GPU, len(capacity)) if capacity[axis]]
    for flavor in (flavor_of(name) for name in names) if asked else ():
        changed = replace(job, groups=tuple(_on(group, flavor) for group in job.groups))
        if flavor not in asked and fits(changed):
            return Reason(Code.WOULD_START, f"flavor:{flavor}", _total(changed, flavor)), changed
    return None


def _on(group: TaskGroup, flavor: Flavor) -> TaskGroup:
    return replace(group, flavors=(flavor,)) if group.gpus else group


def _total(job: Job, flavor: Flavor) -> Numbers:
    """All devices, and where all tasks ask for as many how many each."""
    each = {group.gpus for group in job.groups}
    told = ((f"gpu:{flavor}", sum(group.count * group.gpus for group in job.groups)),)
    return (*told, ("each", each.pop())) if len(each) == 1 else told


def _shorter(trial: Trial, fits: Callable[[Job], bool], job: Job) -> Change | None:
    """The longest limit by which it would be gone before something that is reserved or kept, or needed back."""
    begins = {promise.at for promise in trial.promises} | {block.at for block in trial.promises.blocks}
    asked = FOREVER if job.time_limit is None else job.time_limit
    soon = set() if job.preemptible else {trial.state.rules.planning.reclaim_within}
    limits = sorted({_whole(at - trial.now) for at in begins} | soon, reverse=True)
    for limit in (limit for limit in limits if 0 < limit < asked):
        changed = replace(job, time_limit=limit, time_limits=())
        if fits(changed):
            return Reason(Code.WOULD_START, "time-limit", (("time-limit", limit),)), changed
    return None


def _whole(left: Millis) -> Millis:
    return left - left % SECOND if left >= SECOND else left


def _starts(course: Course, job: Job, changed: Job, now: int) -> bool:
    """Try the changed job in place of the real one; the course is as it was afterwards."""
    real, reservations = course.withdrawn(job.id), course.state.reservations
    course.state.reservations = tuple(one for one in reservations if one.job != job.id)
    course.enqueue(Entry(Pending(changed)))
    started = _started(course, changed.id, now)
    course.withdrawn(changed.id)
    course.enqueue(real)
    course.state.reservations = reservations
    return started


def _started(course: Course, job: JobId, now: int) -> bool:
    """Whether one more cycle starts the job."""
    cycle = run(course, now)
    started = any(start.job == job for start in cycle.trial.starts)
    finish(course, cycle)
    return started
