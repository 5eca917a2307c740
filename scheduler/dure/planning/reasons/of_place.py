"""Reasons of place: what is free, what is reserved, what the calendar keeps, and who holds what is lacking."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from dure.model.plan import Code, Numbers, Reason, Rule
from dure.planning.axes import Amounts, Vector, add
from dure.planning.backfill import beside
from dure.planning.clearing import Clearing, amounts_on
from dure.planning.placement import View, most, place
from dure.planning.queue import Kind
from dure.planning.reservation import Promise
from dure.planning.running import Active
from dure.planning.shape import FOREVER, Demand
from dure.planning.trial import Trial

_MOST_NAMED: Final = 10
"""So many of the tenant's own jobs are named; the others are in no sum, for their owner can list them."""


def of_place(trial: Trial, kind: Kind, own: Promise | None) -> Iterator[Reason]:
    """Why no free place is its own: nothing free is enough, or what is free is promised."""
    demands = _allowed(trial, kind, own) or kind.shape.demands
    free = [demand for demand in demands if _fits(trial, demand, {})]
    if demands and not free:
        fitting = max(most(demand, trial.state.nodes, {}) for demand in demands)
        told = (*kind.shape.numbers, ("placeable", fitting), *_spare(trial, demands[0]))
        yield Reason(Code.NO_PLACE, "", told)
        yield from _holders(trial, kind, demands[0], own)
    yield from _of_reservations(trial, free, own)
    yield from _of_calendar(trial, free)


def _allowed(trial: Trial, kind: Kind, own: Promise | None) -> list[Demand]:
    """The choices of flavors that quota would allow."""
    return [d for d in kind.shape.demands if trial.allowance.may_hold(kind, d, trial.promises, own)]


def _of_reservations(trial: Trial, free: list[Demand], own: Promise | None) -> Iterator[Reason]:
    if own is not None:
        yield Reason(Code.RESERVED, "", (("at", own.at),))
    for promise in trial.promises:
        late = [demand for demand in free if promise in trial.promises.binding(demand.limit, own)]
        if promise is own:
            continue
        if late and not any(_fits(trial, demand, beside((promise,), {})) for demand in late):
            yield Reason(Code.RESERVED, promise.job, (("at", promise.at),))
        elif own is None and not free:
            yield Reason(Code.BEHIND, promise.job, (("at", promise.at),))


def _of_calendar(trial: Trial, free: list[Demand]) -> Iterator[Reason]:
    for block in trial.promises.blocks:
        bound = [demand for demand in free if block.binds(demand, trial.now)]
        if bound and not any(_fits(trial, demand, beside((block,), {})) for demand in bound):
            code = Code.CALENDAR if block.rule is Rule.CALENDAR else Code.MAINTENANCE
            yield Reason(code, block.name, (("at", block.at), ("until", block.until)))


def _holders(trial: Trial, kind: Kind, demand: Demand, own: Promise | None) -> Iterator[Reason]:
    """Who holds what it lacks: jobs of its own tenant by name, all others in one sum."""
    clearing = Clearing(trial.state, demand, trial.promises.around(demand, own))
    lacking = clearing.lacking()
    mine: list[Active] = []
    others: list[Active] = []
    for active in trial.state.active.jobs.values():
        if clearing.useful(active, lacking):
            (mine if active.job.tenant == kind.key.tenant else others).append(active)
    mine.sort(key=lambda active: (active.end, active.job.id))
    for active in mine[:_MOST_NAMED]:
        yield Reason(Code.HOLDS, active.job.id, (*_held(trial, [active], lacking), *_until([active])))
    if others:
        firm = [active for active in others if not active.job.preemptible]
        kept = tuple((f"firm:{name}", amount) for name, amount in _held(trial, firm, lacking))
        yield Reason(Code.HOLDS, "", (*_held(trial, others, lacking), *kept, *_until(others)))


def _held(trial: Trial, some: Iterable[Active], axes: set[int]) -> Numbers:
    total: Vector = trial.state.axes.zeros()
    for active in some:
        add(total, amounts_on(active, axes))
    return tuple((trial.state.axes.names[axis], total[axis]) for axis in sorted(axes) if total[axis])


def _until(some: Iterable[Active]) -> Numbers:
    last = max(active.end for active in some)
    return (("until", last),) if last < FOREVER else ()


def _fits(trial: Trial, demand: Demand, view: View) -> bool:
    return bool(place(demand, trial.state.nodes, view, trial.state.values))


def _spare(trial: Trial, demand: Demand) -> Numbers:
    asked: Amounts = demand.total
    names, spare = trial.state.axes.names, trial.state.nodes.spare
    return tuple((f"free:{names[axis]}", spare[axis]) for axis, _ in asked)
