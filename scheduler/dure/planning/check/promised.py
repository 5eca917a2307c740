"""The promise, as far as a single plan can show it: whoever is within guarantee has a place, now or to come.

Sound, not complete: told where every job that is in the way has a time limit, so that a reservation is possible.
The guarantees are those in force; what the calendar keeps moves a reservation beyond it, and takes it from nobody.
"""

from __future__ import annotations

from collections.abc import Iterator

from dure.model.job import Job
from dure.model.node import NodeState
from dure.model.plan import Code
from dure.model.snapshot import Pending
from dure.planning.check.amounts import Amounts, add, named, spots, together
from dure.planning.check.finding import Finding, Invariant
from dure.planning.check.gangs import may_start
from dure.planning.check.guarantees import Guarantees
from dure.planning.check.picture import Picture

_KEPT = {Code.OVER_LIMIT, Code.TOO_MANY_JOBS, Code.NEVER_FITS}


def who_is_within_guarantee_has_a_place(picture: Picture) -> Iterator[Finding]:
    """A pending job that its tenant's guarantee still covers starts, claims, or holds a reservation."""
    if not _time_frees_all(picture):
        return
    given = {one.job for one in picture.given}
    guarantees = Guarantees(picture.rules.tenants, _counted(picture))
    refused = {(k.tenant, k.user, k.groups) for k, v in picture.plan.verdicts.items() if v.code in _KEPT}
    for pending in picture.snapshot.pending:
        job = pending.job
        if (
            job.id in given
            or (job.tenant, job.user, job.groups) in refused
            or not may_start(picture, pending)
        ):
            continue
        if (
            _simple(picture, pending)
            and guarantees.within(job.tenant, _asked(job))
            and _fits_empty(picture, job)
        ):
            yield Finding(
                Invariant.PROMISE, job.id, "is within guarantee and has neither place nor reservation"
            )


def _counted(picture: Picture) -> dict[str, Amounts]:
    held = {tenant: dict(amounts) for tenant, amounts in picture.held.items()}
    for reservation in picture.plan.reservations:
        pending = picture.pending.get(reservation.job)
        if reservation.guaranteed and pending:
            amounts = together(spots(pending.job, reservation.placements))
            add(held.setdefault(pending.job.tenant, {}), amounts.items())
    return held


def _time_frees_all(picture: Picture) -> bool:
    """Whether whatever runs, starts, claims or holds a reservation ends by a time limit."""
    jobs = [running.job for running in picture.snapshot.running]
    jobs += [picture.pending[one.job].job for one in picture.given if one.job in picture.pending]
    return all(job.time_limit is not None for job in jobs)


def _simple(picture: Picture, pending: Pending) -> bool:
    """One group, one flavor, and no limit in the way: nothing but place can keep it waiting."""
    groups = pending.job.groups
    free_of_limits = not any(
        over.limit.stated or over.user_limit.stated or over.max_running_jobs is not None
        or over.user_max_running_jobs is not None or over.cohort
        for over in picture.path(pending.job.tenant)
    )  # fmt: skip
    return len(groups) == 1 and len(groups[0].flavors) < 2 and free_of_limits


def _asked(job: Job) -> Amounts:
    (group,) = job.groups
    return named(group.request(group.flavors[0] if group.gpus else "") * group.count)


def _fits_empty(picture: Picture, job: Job) -> bool:
    (group,) = job.groups
    one = named(group.request(group.flavors[0] if group.gpus else ""))
    tasks = 0
    for node in picture.snapshot.nodes:
        if node.state is NodeState.UP:
            has = named(node.capacity)
            tasks += min((has.get(name, 0) // amount for name, amount in one.items()), default=group.count)
    return tasks >= group.count
