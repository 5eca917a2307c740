"""Choosing the nodes of an entry: as few as will do, and among equals those that cost the least work.

Node by node, each taken to the most that it can give once all preemptible jobs are gone. That does not look at
which of them run there now; so neither a start beside what is kept nor an eviction changes how much is taken from
how many nodes, and where nobody has to leave any more, nobody has to leave later.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import groupby

from dure.model.instants import Instant
from dure.planning.axes import Vector
from dure.planning.leaving import by_loss, needed
from dure.planning.nodes import Row
from dure.planning.running import Active
from dure.planning.state import State
from dure.planning.work_lost import work_lost


@dataclass(slots=True)
class Leaving:
    """Who may leave for an entry, by node, and who has to for what was chosen so far."""

    state: State
    now: Instant
    may_leave: Iterable[Active]
    chosen: list[Active] = field(default_factory=list)
    _there: dict[str, list[Active]] | None = None

    def price(self, row: Row, short: Vector) -> tuple[int, tuple[int, int]]:
        """(jobs, their work lost) for what is short on a node."""
        found = self._needed(row, short)
        lost = [work_lost(active, self.now, self.state.values) for active in found]
        return len(found), (sum(worth for worth, _ in lost), sum(cores for _, cores in lost))

    def choose(self, row: Row, short: Vector) -> None:
        """These leave, and count as gone on all their nodes."""
        self.chosen += self._needed(row, short)

    def _needed(self, row: Row, short: Vector) -> list[Active]:
        if self._there is None:
            self._there = {}
            for active in by_loss(self.state, self.may_leave, self.now):
                for node in {place.node for place in active.places if place.left}:
                    self._there.setdefault(node, []).append(active)
        return needed(row, short, self._there.get(row.id, ()), self.chosen)


@dataclass(frozen=True, slots=True)
class Choice:
    """One resource of an entry: the most that each node may give, and what has to leave for so much there.

    `steady` is what a node may give though nobody leaves, `short` what is lacking there to so much,
    `late` what of it is still being left for something else. `rank` decides between nodes that give as much at the
    same price.
    """

    room: Mapping[Row, int]
    steady: Callable[[Row], int]
    short: Callable[[Row, int], Vector]
    late: Callable[[Row], int]
    leaving: Leaving
    rank: Callable[[Row], tuple[int, int, str]]

    def take(self, missing: int, rows: Iterable[Row]) -> dict[Row, int]:
        """So much from these nodes, as far as there is room: whole nodes, largest first, till one has enough."""
        taken: dict[Row, int] = {}
        left = sorted((row for row in rows if self.room[row] > 0), key=lambda row: -self.room[row])
        for size, group in groupby(left, key=self.room.__getitem__):
            for row in self._by_price(tuple(group), size) if missing > 0 else ():
                if missing <= size:
                    enough = [one for one in left if one not in taken and self.room[one] >= missing]
                    self._take(next(self._by_price(enough, missing)), missing, taken)
                    return taken
                self._take(row, size, taken)
                missing -= size
        return taken

    def _take(self, row: Row, amount: int, taken: dict[Row, int]) -> None:
        if self.steady(row) < amount:
            self.leaving.choose(row, self.short(row, amount))
        taken[row] = amount

    def _by_price(self, rows: Iterable[Row], amount: int) -> Iterator[Row]:
        """The cheapest first; what it would cost elsewhere is not asked where enough costs nothing."""
        some = tuple(rows)
        there = (row for row in some if self.steady(row) >= amount)
        yield from sorted(there, key=lambda row: (self.steady(row) - self.late(row) < amount, self.rank(row)))
        costly = {row: self.short(row, amount) for row in some if self.steady(row) < amount}
        yield from sorted(costly, key=lambda row: self._price(row, costly[row]))

    def _price(self, row: Row, short: Vector) -> tuple[tuple[int, tuple[int, int]], tuple[int, int, str]]:
        return self.leaving.price(row, short), self.rank(row)
