"""Reasons of quota: limits, numbers of jobs, what may not be preempted, and what others keep back.

Judged for the choices of flavors that would have a place, or else for all, and only where none of them is allowed;
told of the one that the job likes best.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dure.model.plan import Code, Numbers, Reason
from dure.planning.allowance import kept_back
from dure.planning.job_counts import too_many
from dure.planning.queue import Kind
from dure.planning.quota import Reserved, over_limit, over_user_limit
from dure.planning.reservation import Promise
from dure.planning.shape import Demand
from dure.planning.trial import Trial


def of_quota(trial: Trial, kind: Kind, own: Promise | None) -> Iterator[Reason]:
    """Every quota in the way: what is asked for, held, reserved for others that it would outlive, and allowed."""
    demands = [demand for demand in kind.shape.demands if trial.fit(demand, own)] or kind.shape.demands
    if not demands:
        return
    if not any(trial.allowance.in_limit(kind, demand, trial.promises, own) for demand in demands):
        reserved = _reserved(trial, demands[0], own)
        yield from _of_limits(trial, kind, demands[0], reserved)
        yield from _of_user_limits(trial, kind, demands[0], reserved)
        yield from _of_counts(kind, reserved)
    if not trial.allowance.within(kind, demands[0], own):
        yield from _of_guarantees(trial, kind, demands, own)
        yield from _of_lending(trial, kind, demands)


def _reserved(trial: Trial, demand: Demand, own: Promise | None) -> list[Reserved]:
    binding = trial.promises.binding(demand.limit, own)
    return [(promise.account, promise.kind.user, promise.total) for promise in binding]


def _of_limits(trial: Trial, kind: Kind, demand: Demand, reserved: Sequence[Reserved]) -> Iterator[Reason]:
    for over, axis, by in over_limit(kind.account, demand.total, reserved):
        told = _told(trial, demand, axis, by, over.held[axis], over.branch.limit[axis])
        yield Reason(Code.OVER_LIMIT, over.branch.id, told)


def _of_user_limits(
    trial: Trial, kind: Kind, demand: Demand, reserved: Sequence[Reserved]
) -> Iterator[Reason]:
    mine = kind.account.users.get(kind.user)
    for over, axis, by in over_user_limit(kind.account, kind.user, demand.total, reserved):
        told = _told(trial, demand, axis, by, mine[axis] if mine else 0, over.branch.user_limit[axis])
        yield Reason(Code.OVER_LIMIT, kind.user, told)


def _told(trial: Trial, demand: Demand, axis: int, by: int, held: int, limit: int) -> Numbers:
    asked = dict(demand.total)[axis]
    kept = by + limit - asked - held
    more = (("reserved", kept),) if kept else ()
    return ((trial.state.axes.names[axis], by), ("asks", asked), ("held", held), ("limit", limit), *more)


def _of_counts(kind: Kind, reserved: Sequence[Reserved]) -> Iterator[Reason]:
    for over, user, limit in too_many(kind.account, kind.user, reserved):
        if user:
            running = kind.account.user_jobs.get(user, 0)
            kept = sum((other, theirs) == (kind.account, user) for other, theirs, _ in reserved)
        else:
            running, kept = over.jobs, sum(over in other.path for other, _, _ in reserved)
        told = (("limit", limit), ("running", running), *((("reserved", kept),) if kept else ()))
        yield Reason(Code.TOO_MANY_JOBS, user or over.branch.id, told)


def _of_guarantees(
    trial: Trial, kind: Kind, demands: Sequence[Demand], own: Promise | None
) -> Iterator[Reason]:
    """What all guarantees together leave over does not do for one that may not be preempted."""
    if kind.key.preemptible:
        return
    allowance, promises, names = trial.allowance, trial.promises, trial.state.axes.names
    missing = [allowance.beyond_spare(demand, promises.binding(demand.limit, own)) for demand in demands]
    if all(missing):
        told = tuple((names[axis], by) for axis, by in missing[0])
        yield Reason(Code.NOT_PREEMPTIBLE, kind.key.tenant, told)


def _of_lending(trial: Trial, kind: Kind, demands: Sequence[Demand]) -> Iterator[Reason]:
    """What is free would do, were it not kept back by others."""
    missing = [kept_back(trial.state, kind.account, demand.total) for demand in demands]
    if all(missing) and any(trial.fit(demand) for demand in demands):
        numbers = tuple((trial.state.axes.names[axis], by) for axis, by in missing[0])
        yield Reason(Code.KEPT_BACK, "", numbers)
