"""Backfill: what may start beside reservations without delaying them (EASY, on many nodes; DESIGN 3.3).

A job that ends by a reservation's instant may use all that is free now. One that ends later may use on each
node of the reservation at most what is left there at that instant beside the reserved job; that then shrinks. With
several reservations each binds a job that outlives it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol

from dure.model.instants import Instant, Millis
from dure.model.job import JobId
from dure.planning.axes import Vector, add
from dure.planning.calendar import Block
from dure.planning.nodes import Row
from dure.planning.placement import Spot, View
from dure.planning.reservation import Promise
from dure.planning.running import Active
from dure.planning.shape import Demand, Shape


def outlives(promise: Promise, limit: Millis, now: Instant) -> bool:
    """Whether a job of this time limit, started now, may still run when the reservation begins."""
    return now + limit > promise.at


class Kept(Protocol):
    """What others have to leave free: a reservation, or a block of the calendar."""

    @property
    def extra(self) -> dict[Row, Vector]:
        """What is left beside it on its nodes."""
        ...

    def counts(self, active: Active) -> bool:
        """Whether what a running job holds is missing in `extra`."""
        ...


class Promises:
    """The reservations that stand at a moment of the decision, in the order in which they were made.

    `blocks` are what the calendar keeps, besides. `latest` is the last instant at which a claim made now may start.
    """

    __slots__ = ("_aside", "_latest", "_now", "blocks", "standing")

    def __init__(self, now: Instant, latest: Instant) -> None:
        self._now, self._latest = now, latest
        self.standing: list[Promise] = []
        self._aside: Promise | None = None
        self.blocks: list[Block] = []

    def __iter__(self) -> Iterator[Promise]:
        return iter(self.standing)

    def __bool__(self) -> bool:
        return bool(self.standing)

    def add(self, promise: Promise) -> None:
        """One more stands: those that begin while it lasts have less left beside them."""
        self._beside_others(promise, 1)
        self.standing.append(promise)

    def remove(self, promise: Promise) -> None:
        """One stands no longer."""
        self.standing.remove(promise)
        if promise is not self._aside:
            self._beside_others(promise, -1)

    @contextmanager
    def aside(self, own: Promise | None) -> Iterator[None]:
        """While a job looks for another place its own reservation, which stands on, takes nothing from others."""
        if own is None:
            yield
            return
        self._beside_others(own, -1)
        self._aside = own
        yield
        self._aside = None
        if own in self.standing:
            self._beside_others(own, 1)

    def _beside_others(self, promise: Promise, times: int) -> None:
        for other in self.standing:
            if other is not promise and promise.at <= other.at < promise.until:
                _take(other, promise.spots, times)

    def of(self, job: JobId) -> Promise | None:
        """The reservation of a job."""
        for promise in self.standing:
            if promise.job == job:
                return promise
        return None

    def binding(self, limit: Millis, own: Promise | None = None) -> list[Promise]:
        """Those that a job of this time limit, started now, would outlive, but its own."""
        return [p for p in self.standing if p is not own and outlives(p, limit, self._now)]

    def around(self, demand: Demand, own: Promise | None = None) -> list[Kept]:
        """All that a job, started now, must leave its place: but its own reservation."""
        return self._around(demand, own, self._now)

    def around_claim(self, demand: Demand, own: Promise | None = None) -> list[Kept]:
        """The same for a claim: of what the calendar keeps also what binds the job if it starts late."""
        return self._around(demand, own, self._latest)

    def _around(self, demand: Demand, own: Promise | None, latest: Instant) -> list[Kept]:
        found: list[Kept] = [*self.binding(demand.limit, own)]
        return found + [block for block in self.blocks if block.binds(demand, latest)]

    def beside_what_leaves(self, view: dict[Row, Vector], leaving: Iterable[Row]) -> None:
        """For a start: what vacates still stands beside what the calendar keeps."""
        closed = [block for block in self.blocks if block.closed]
        for row in leaving if closed else ():
            for block in closed:
                if row in block.extra:
                    view[row] = list(map(min, view.get(row, row.free), block.left_now(row)))

    def blocked(self, shape: Shape) -> bool:
        """Whether the calendar binds a shape under any choice of flavors."""
        return any(block.binds(demand, self._now) for block in self.blocks for demand in shape.demands)

    def charge(self, spots: Sequence[Spot], demand: Demand) -> None:
        """A job has started."""
        for kept in self.around(demand):
            _take(kept, spots)

    def charge_claim(self, spots: Sequence[Spot], demand: Demand) -> None:
        """A job has claimed its place."""
        for kept in self.around_claim(demand):
            _take(kept, spots)

    def gone(self, active: Active, times: int = 1) -> None:
        """A running job vacates: whatever it stood in the way of has more left beside it."""
        standing: list[Kept] = [*self.standing, *self.blocks]
        for kept in standing:
            if kept.counts(active):
                for place in active.places:
                    for row in kept.extra:
                        if row.id == place.node:
                            add(kept.extra[row], place.amounts, place.left * times)


def beside(binding: Iterable[Kept], view: View) -> dict[Row, Vector]:
    """What a job may take of `view` (or else of what is free) on nodes of these reservations."""
    left: dict[Row, Vector] = dict(view)
    for promise in binding:
        for row, extra in promise.extra.items():
            left[row] = list(map(min, left.get(row, row.free), extra))
    return left


def spare_beside(binding: Iterable[Kept], spare: Vector) -> Vector:
    """What such a job may take of the room as a whole: never less than what it can really get."""
    rest = list(spare)
    for row, left in beside(binding, {}).items():
        for axis, free in enumerate(row.free):
            rest[axis] -= max(0, free) - max(0, min(free, left[axis]))
    return rest


def _take(kept: Kept, spots: Sequence[Spot], times: int = 1) -> None:
    for part, row, tasks in spots:
        if (left := kept.extra.get(row)) is not None:
            add(left, part.amounts, -tasks * times)
