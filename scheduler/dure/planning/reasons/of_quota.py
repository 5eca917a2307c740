"""Reasons of quota: limits, numbers of jobs, what may not be preempted, and what others keep back.

Judged for the choices of flavors that would have a place, or else for all, and only where none of them is allowed;
told of the one that the job likes best.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dure.model.plan import Code, Reason
from dure.planning.allowance import kept_back
from dure.planning.calendar import on_top
from dure.planning.job_counts import too_many
from dure.planning.preemptible import beyond
from dure.planning.queue import Kind
from dure.planning.quota import over_limit, over_user_limit
from dure.planning.reasons.rank import within
from dure.planning.shape import Demand
from dure.planning.trial import Trial


def of_quota(trial: Trial, kind: Kind) -> Iterator[Reason]:
    """Every quota in the way, with what is asked for, held and allowed."""
    demands = [demand for demand in kind.shape.demands if trial.fit(demand)] or kind.shape.demands
    yield from _of_limits(trial, kind, demands)
    yield from _of_counts(kind)
    if demands and not within(trial.state, kind):
        yield from _of_guarantees(trial, kind, demands)
        yield from _of_lending(trial, kind, demands)


def _of_limits(trial: Trial, kind: Kind, demands: Sequence[Demand]) -> Iterator[Reason]:
    state, account, user = trial.state, kind.account, kind.user
    if demands and all(any(over_limit(account, demand.total)) for demand in demands):
        for over, axis, by in over_limit(account, demands[0].total):
            held, limit = over.held[axis], over.branch.limit[axis]
            told = ((state.axes.names[axis], by), ("asks", dict(demands[0].total)[axis]))
            yield Reason(Code.OVER_LIMIT, over.branch.id, (*told, ("held", held), ("limit", limit)))
    if demands and all(any(over_user_limit(account, user, demand.total)) for demand in demands):
        for over, axis, by in over_user_limit(account, user, demands[0].total):
            asked, limit = dict(demands[0].total)[axis], over.branch.user_limit[axis]
            told = ((state.axes.names[axis], by), ("asks", asked))
            yield Reason(Code.OVER_LIMIT, user, (*told, ("held", limit + by - asked), ("limit", limit)))


def _of_counts(kind: Kind) -> Iterator[Reason]:
    for over, user, limit in too_many(kind.account, kind.user):
        running = kind.account.user_jobs.get(user, 0) if user else over.jobs
        told = (("limit", limit), ("running", running))
        yield Reason(Code.TOO_MANY_JOBS, user or over.branch.id, told)


def _of_guarantees(trial: Trial, kind: Kind, demands: Sequence[Demand]) -> Iterator[Reason]:
    """What all guarantees together leave over does not do for one that may not be preempted."""
    state, soon = trial.state, trial.state.rules.planning.reclaim_within
    lasting = [demand for demand in demands if demand.limit > soon]
    if kind.key.preemptible or len(lasting) < len(demands):
        return
    missing = [
        beyond(
            state, trial.allowance.kept(), demand.total, on_top(state, trial.now, trial.now + demand.limit)
        )
        for demand in lasting
    ]
    if all(missing):
        numbers = tuple((state.axes.names[axis], by) for axis, by in missing[0])
        yield Reason(Code.NOT_PREEMPTIBLE, kind.key.tenant, numbers)


def _of_lending(trial: Trial, kind: Kind, demands: Sequence[Demand]) -> Iterator[Reason]:
    """What is free would do, were it not kept back by others."""
    missing = [kept_back(trial.state, kind.account, demand.total) for demand in demands]
    if all(missing) and any(trial.fit(demand) for demand in demands):
        numbers = tuple((trial.state.axes.names[axis], by) for axis, by in missing[0])
        yield Reason(Code.KEPT_BACK, "", numbers)
