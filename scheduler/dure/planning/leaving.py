"""Leaving: which preemptible jobs leave a node for the calendar, as few as will do (DESIGN 3.3, Also policy)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from dure.model.instants import Instant
from dure.planning.axes import Vector
from dure.planning.nodes import Row
from dure.planning.preemptible import borrowed
from dure.planning.running import Active
from dure.planning.state import State
from dure.planning.work_lost import work_lost


def by_loss(state: State, some: Iterable[Active], now: Instant) -> list[Active]:
    """Claims first, then borrowers, then the least work lost, the latest start, the largest id."""
    lent = set(borrowed(state))
    ordered = sorted(some, key=lambda active: (active.began, active.job.id), reverse=True)
    return sorted(
        ordered,
        key=lambda active: (
            active.job.id not in state.claims,
            active not in lent,
            work_lost(active, now, state.values),
        ),
    )


def needed(row: Row, short: Vector, may_leave: Iterable[Active], taken: Iterable[Active]) -> list[Active]:
    """Those whose leaving makes up for what is short, the first first; then whoever is not needed stays."""
    missing = list(short)
    found: list[Active] = []
    gone = set(taken)
    for active in gone:
        _give(missing, row, active, -1)
    for active in may_leave:
        if active not in gone and any(missing[axis] > 0 for axis in _held_axes(row, active)):
            _give(missing, row, active, -1)
            found.append(active)
    for active in reversed(tuple(found)):
        _give(missing, row, active, 1)
        if max(missing) > 0:
            _give(missing, row, active, -1)
        else:
            found.remove(active)
    return found


def _held_axes(row: Row, active: Active) -> Iterator[int]:
    return (
        axis for place in active.places if place.left and place.node == row.id for axis, _ in place.amounts
    )


def _give(missing: Vector, row: Row, active: Active, sign: int) -> None:
    for held in active.places:
        if held.node == row.id:
            for axis, amount in held.amounts:
                missing[axis] += sign * amount * held.left
