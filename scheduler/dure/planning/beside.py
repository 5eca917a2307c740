"""What others keep of nodes at later instants: reservations over their time, and the calendar over its."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from operator import itemgetter
from typing import TYPE_CHECKING, TypeAlias

from dure.model.instants import Instant, Millis
from dure.planning.axes import Amounts, Vector, add
from dure.planning.nodes import Row
from dure.planning.shape import Demand

if TYPE_CHECKING:
    from dure.planning.calendar import Block
    from dure.planning.reservation import Promise

_Mark: TypeAlias = tuple[Instant, Iterable[Row]]
"""From this instant on something else may be left on these nodes."""


class Beside:
    """What reservations and blocks leave of nodes, at instants that only grow.

    Over its time each of them takes what is its own (`_taken`: from, until, how much). Before, it bounds what a job
    may have that runs on into it (`_later`: from, what is left then, and whether that binds only jobs that may not
    be preempted, as the calendar does). `rows` are the nodes concerned.
    """

    __slots__ = ("_later", "_marks", "_taken", "rows")

    def __init__(
        self, grace: Millis, demands: Sequence[Demand], promises: Sequence[Promise], blocks: Sequence[Block]
    ) -> None:
        self._taken: dict[Row, list[tuple[Instant, Instant, Amounts]]] = {}
        self._later: dict[Row, list[tuple[Instant, Vector, bool]]] = {}
        for block in blocks:
            for row in block.kept:
                self._take(row, block.at - grace, block.until, tuple(enumerate(block.idle(row))))
        for promise in promises:
            for part, row, tasks in promise.spots:
                amounts = tuple((axis, amount * tasks) for axis, amount in part.amounts)
                self._take(row, promise.at, promise.until, amounts)
        for promise in promises:
            self._bound(promise.at, promise.extra, firm=False)
        for block in blocks:
            self._bound(block.at, block.extra, firm=True)
        self.rows = dict.fromkeys((*self._taken, *self._later))
        self._marks = sorted(self._all_marks({one.limit for one in demands}), key=itemgetter(0), reverse=True)

    def left(self, row: Row, free: Vector, at: Instant, demand: Demand | None) -> Vector:
        """What is left at `at` where so much is free: for a job of this demand what it may have from then on."""
        for begin, until, amounts in self._taken.get(row, ()):
            if begin <= at < until:
                free = list(free)
                add(free, amounts, -1)
        if demand is None:
            return free
        for begin, left, firm in self._later.get(row, ()):
            if at < begin < at + demand.limit and (demand.firm or not firm):
                free = list(map(min, free, left))
        return free

    def changed(self, at: Instant) -> Iterable[Row]:
        """The nodes of which something else may be left at `at` than when this was asked before."""
        rows: list[Row] = []
        while self._marks and self._marks[-1][0] <= at:
            rows += self._marks.pop()[1]
        return rows

    def _take(self, row: Row, begin: Instant, until: Instant, amounts: Amounts) -> None:
        self._taken.setdefault(row, []).append((begin, until, amounts))

    def _bound(self, begin: Instant, extra: Mapping[Row, Vector], firm: bool) -> None:
        for row, left in extra.items():
            self._later.setdefault(row, []).append((begin, left, firm))

    def _all_marks(self, limits: Iterable[Millis]) -> Iterable[_Mark]:
        for row, all_taken in self._taken.items():
            for begin, until, _ in all_taken:
                yield begin, (row,)
                yield until, (row,)
        for row, all_later in self._later.items():
            for begin, _, _ in all_later:
                yield begin, (row,)
                yield from ((begin - limit + 1, (row,)) for limit in limits)
