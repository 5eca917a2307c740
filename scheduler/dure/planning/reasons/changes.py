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
from dure.model.job import Job, TaskGroup
from dure.model.plan import Code, Numbers, Reason
from dure.model.resources import Flavor, flavor_of
from dure.planning.axes import FIRST_GPU
from dure.planning.course import Course
from dure.planning.queue import Kind
from dure.planning.quota import Account, over_limit
from dure.planning.reasons.trying import gets_a_place, told, tried
from dure.planning.reservation import Promise
from dure.planning.shape import FOREVER, Demand, Shape
from dure.planning.state import State
from dure.planning.tree import Stated
from dure.planning.trial import Trial

Change: TypeAlias = tuple[Reason, Job]
"""What to tell, and the job as changed."""

Raise: TypeAlias = tuple[Account, Stated]
"""Whose limit, and what it would be."""


def candidates(trial: Trial, kind: Kind, job: Job) -> list[Change]:
    """One change of each kind that seems to do, as the decision left the room."""
    fits = Changed(trial, kind, trial.promises.of(job.id)).fits
    found = (
        _preemptible(fits, job), _fewer_tasks(fits, job), _other_flavor(trial.state, fits, job),
        _shorter(trial, fits, job),
    )  # fmt: skip
    return [change for change in found if change is not None]


def proved(course: Course, changes: Sequence[Change], job: Job, now: int) -> Iterator[Reason]:
    """Those that really start the job, were it submitted so now, after all others, in place of the real one."""
    for reason, changed in changes:
        if (outcome := tried(course, job, changed, now)) is not None:
            yield told(reason, outcome)


def more_quota(trial: Trial, kind: Kind) -> Raise | None:
    """Where one tenant's limit alone is in the way: what it would have to be, by choices that have a place first.

    What a cohort is promised bounds it too; that is no limit which could be set higher alone.
    """
    cohorts = {tenant.id for tenant in trial.state.rules.tenants if tenant.cohort}
    for demand in sorted(kind.shape.demands, key=lambda demand: not trial.fit(demand)):
        over = list(over_limit(kind.account, demand.total))
        if len({account for account, _, _ in over}) == 1:
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
    outcome = gets_a_place(course, job.id, now)
    account.branch = stated
    if outcome is not None:
        raised_to = tuple((names[x], most) for x, most in limit.items() if most != stated.limit[x])
        yield told(Reason(Code.WOULD_START, f"quota:{stated.id}", raised_to), outcome)


class Changed:
    """A job as it would stand in line with a change, beside what the decision left."""

    def __init__(self, trial: Trial, kind: Kind, own: Promise | None) -> None:
        self.trial, self.own, self._kind = trial, own, kind

    def kind(self, job: Job) -> Kind:
        """Its class."""
        state, kind = self.trial.state, self._kind
        asked = (job.groups, job.time_limit, job.time_limits)
        shape = Shape(asked, state.axes, state.values, firm=not job.preemptible)
        return Kind(replace(kind.key, groups=job.groups, preemptible=job.preemptible), shape, kind.account)

    def allowed(self, kind: Kind) -> Iterator[Demand]:
        """The choices of flavors under which quota lets it start."""
        trial, own = self.trial, self.own
        return (one for one in kind.shape.demands if trial.allowance.may_hold(kind, one, trial.promises, own))

    def fits(self, job: Job) -> bool:
        """Whether it would have a place and quota."""
        return any(self.trial.fit(demand, self.own) for demand in self.allowed(self.kind(job)))


def _preemptible(fits: Callable[[Job], bool], job: Job) -> Change | None:
    changed = replace(job, preemptible=True)
    return (
        (Reason(Code.WOULD_START, "preemptible"), changed) if not job.preemptible and fits(changed) else None
    )


def _fewer_tasks(fits: Callable[[Job], bool], job: Job) -> Change | None:
    """The largest smaller gang, of several groups the one with most tasks smaller: what fits does so with fewer."""
    counts, smaller = gangs(job)
    fitting = bisect_left(counts, True, key=lambda count: not fits(smaller(count)[1]))
    return smaller(counts[fitting - 1]) if fitting else None


def gangs(job: Job) -> tuple[range, Callable[[int], Change]]:
    """How many tasks its largest group may have less, and the change to so many."""
    sizes = [group.count for group in job.groups]
    group = sizes.index(max(sizes))
    which = (("group", group),) if len(sizes) > 1 else ()

    def smaller(count: int) -> Change:
        groups = (replace(one, count=count) if n == group else one for n, one in enumerate(job.groups))
        told = Reason(Code.WOULD_START, "tasks", (("tasks", count), *which))
        return told, replace(job, groups=tuple(groups))

    return range(1, sizes[group]), smaller


def _other_flavor(state: State, fits: Callable[[Job], bool], job: Job) -> Change | None:
    """The best other flavor of the room, by the order of its rules."""
    return next((change for change in other_flavors(state, job) if fits(change[1])), None)


def other_flavors(state: State, job: Job) -> Iterator[Change]:
    """The job on each flavor of the room that it does not name."""
    asked = {flavor for group in job.groups for flavor in group.flavors}
    capacity = state.nodes.capacity
    names = [state.axes.names[axis] for axis in range(FIRST_GPU, len(capacity)) if capacity[axis]]
    for flavor in (flavor_of(name) for name in names) if asked else ():
        if flavor not in asked:
            changed = replace(job, groups=tuple(_on(group, flavor) for group in job.groups))
            yield Reason(Code.WOULD_START, f"flavor:{flavor}", _total(changed, flavor)), changed


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
