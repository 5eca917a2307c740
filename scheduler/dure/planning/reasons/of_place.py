"""Reasons of place: what is free, what is reserved, what the calendar keeps, and who holds what is lacking."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from dure.model.instants import Instant
from dure.model.plan import Code, Numbers, Reason, Rule
from dure.planning.axes import Amounts
from dure.planning.backfill import beside
from dure.planning.calendar import Block
from dure.planning.lines import Turn
from dure.planning.order import Key
from dure.planning.placement import View, most, place
from dure.planning.queue import Kind
from dure.planning.reasons.holders import holders
from dure.planning.reservation import Promise
from dure.planning.shape import Demand
from dure.planning.trial import Trial

_MOST_NAMED: Final = 3
"""So many reservations of others are named, those that begin first; the rest is one sum."""


def of_place(trial: Trial, kind: Kind, own: Promise | None) -> Iterator[Reason]:
    """Why no free place is its own: nothing free is enough, or what is free is promised."""
    demands = _allowed(trial, kind, own) or kind.shape.demands
    free = [demand for demand in demands if _fits(trial, demand, {})]
    if demands and not free:
        fitting = max(most(demand, trial.state.nodes, {}) for demand in demands)
        told = (*kind.shape.numbers, ("placeable", fitting), *_spare(trial, demands[0]))
        yield Reason(Code.NO_PLACE, "", (*told, *_closed(trial, demands[0])))
        guaranteed = trial.allowance.within(kind, demands[0], own)
        yield from holders(trial, kind, demands[0], own, guaranteed)
    yield from _of_reservations(trial, free, own)
    yield from _of_strict_order(trial, kind, free)
    yield from _of_calendar(trial, kind, free)


def _allowed(trial: Trial, kind: Kind, own: Promise | None) -> list[Demand]:
    """The choices of flavors that quota would allow."""
    return [d for d in kind.shape.demands if trial.allowance.may_hold(kind, d, trial.promises, own)]


def _of_reservations(trial: Trial, free: list[Demand], own: Promise | None) -> Iterator[Reason]:
    if own is not None:
        yield Reason(Code.RESERVED, "", (("at", own.at),))
    others = [promise for promise in trial.promises if promise is not own]
    if free:
        yield from _first(Code.RESERVED, [promise for promise in others if _delays(trial, free, promise)])
    elif own is None:
        yield from _first(Code.BEHIND, others)


def _delays(trial: Trial, free: list[Demand], promise: Promise) -> bool:
    """Whether a reservation alone takes the place that the room now has."""
    late = [demand for demand in free if promise.at < trial.now + demand.limit]
    return bool(late) and not any(_fits(trial, demand, beside((promise,), {})) for demand in late)


def _first(code: Code, promises: Sequence[Promise]) -> Iterator[Reason]:
    """Those that begin first by name, and how many more there are."""
    ordered = sorted(promises, key=_begins)
    named = ordered if len(ordered) == _MOST_NAMED + 1 else ordered[:_MOST_NAMED]
    yield from (Reason(code, promise.job, (("at", promise.at),)) for promise in named)
    if more := ordered[len(named) :]:
        yield Reason(Code.BEHIND, "", (("jobs", len(more)), ("at", more[0].at)))


def _begins(promise: Promise) -> tuple[Instant, str]:
    return (promise.at, promise.job)


def _of_strict_order(trial: Trial, kind: Kind, free: list[Demand]) -> Iterator[Reason]:
    """Without backfill the first borrower that place alone refuses stops all after it."""
    if trial.state.rules.planning.backfill or not free:
        return
    lines, passed = trial.state.queue.lines[Turn.BORROWED], set[Kind]()
    own = _stand(trial, kind)  # which a class that quota keeps out does not take
    while (first := trial.lineup.first(lines, Turn.BORROWED, passed)) and _stand(trial, first) < own:
        if trial.allowance.demands(first, Turn.BORROWED, trial.promises):
            yield Reason(Code.BEHIND, first.first)
            return
        passed.add(first)


def _stand(trial: Trial, kind: Kind) -> Key:
    return trial.lineup.job_key(kind, kind.jobs[0], Turn.BORROWED)


def _of_calendar(trial: Trial, kind: Kind, free: list[Demand]) -> Iterator[Reason]:
    """What the calendar keeps is in the way, or for the job itself later.

    `own`: it is kept for the job's own tenant, or one above it.
    """
    path = {over.branch.id for over in kind.account.path}
    for block in trial.promises.blocks:
        own = bool(path & set(block.tenants))
        bound = [demand for demand in free if block.binds(demand, trial.now)]
        barred = bound and not any(_fits(trial, demand, beside((block,), {})) for demand in bound)
        if barred or (own and any(_opens_to(trial, block, demand) for demand in kind.shape.demands)):
            code = Code.CALENDAR if block.rule is Rule.CALENDAR else Code.MAINTENANCE
            for_it = (("own", 1),) if own else ()
            yield Reason(code, block.name, (("at", block.at), ("until", block.until), *for_it))


def _opens_to(trial: Trial, block: Block, demand: Demand) -> bool:
    """Whether an entry that is still to begin keeps a place that a gang of its tenants has then."""
    if trial.now >= block.at or (demand.firm and block.at + demand.limit > block.until):
        return False
    stated = {axis for kept in block.kept.values() for axis, amount in enumerate(kept) if amount}
    view = dict.fromkeys(trial.state.nodes, trial.state.axes.zeros())
    for row, kept in block.kept.items():
        view[row] = [kept[axis] if axis in stated else most for axis, most in enumerate(row.capacity)]
    return any(axis in stated for axis, _ in demand.total) and _fits(trial, demand, view)


def _fits(trial: Trial, demand: Demand, view: View) -> bool:
    return bool(place(demand, trial.state.nodes, view, trial.state.values))


def _spare(trial: Trial, demand: Demand) -> Numbers:
    asked: Amounts = demand.total
    names, spare = trial.state.axes.names, trial.state.nodes.spare
    return tuple((f"free:{names[axis]}", spare[axis]) for axis, _ in asked)


def _closed(trial: Trial, demand: Demand) -> Numbers:
    """What of the asked is on nodes that take no jobs now."""
    names, closed = trial.state.axes.names, [row for row in trial.state.nodes.rows.values() if not row.open]
    amounts = ((axis, sum(row.capacity[axis] for row in closed)) for axis, _ in demand.total)
    return tuple((f"closed:{names[axis]}", amount) for axis, amount in amounts if amount)
