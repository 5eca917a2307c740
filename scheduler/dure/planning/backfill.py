"""Backfill: what may start beside a reservation without delaying it (EASY, on many nodes; DESIGN 3.3).

A job that ends by the reservation's instant may use all that is free now. One that ends later may use on each
node of the reservation at most what is left there at that instant beside the reserved job; that then shrinks.
"""

from __future__ import annotations

from collections.abc import Sequence

from dure.model.instants import Instant, Millis
from dure.planning.axes import Vector
from dure.planning.nodes import Row
from dure.planning.placement import Spot
from dure.planning.reservation import Promise


def outlives(promise: Promise, limit: Millis, now: Instant) -> bool:
    """Whether a job of this time limit, started now, may still run when the reservation begins."""
    return now + limit > promise.at


def beside(promise: Promise) -> dict[Row, Vector]:
    """What a job that outlives the reservation may take on the nodes of the reservation."""
    return {row: list(map(min, row.free, left)) for row, left in promise.extra.items()}


def spare_beside(promise: Promise, spare: Vector) -> Vector:
    """What such a job may take of the room as a whole: never less than what it can really get."""
    rest = list(spare)
    for row, left in promise.extra.items():
        for axis, free in enumerate(row.free):
            rest[axis] -= max(0, free) - max(0, min(free, left[axis]))
    return rest


def charge(promise: Promise, spots: Sequence[Spot]) -> None:
    """A job that outlives the reservation has started: what is left beside the reserved job shrinks."""
    for part, row, tasks in spots:
        if (left := promise.extra.get(row)) is not None:
            for axis, amount in part.amounts:
                left[axis] -= amount * tasks
