"""What is free at a later instant: what is free now, and what time limits end until then."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from dure.model.instants import Instant
from dure.model.job import NodeId
from dure.planning.axes import Vector, add, within
from dure.planning.nodes import Row
from dure.planning.placement import Fit, Spot, View, less, place, spread, takes, tasks_in
from dure.planning.running import Active
from dure.planning.shape import Demand, Part
from dure.planning.state import State

if TYPE_CHECKING:
    from dure.planning.calendar import Block
    from dure.planning.reservation import Promise


class Ahead:
    """The room as it will be, moved on from end to end, and whether it then has a place for some demand.

    What vacates or is claimed counts as free in the room as a whole at once, and on its node when it is gone: there
    the larger of both is missing, as `_kept` has them. `promises` are other reservations, each of which keeps its
    place over its time, `blocks` what the calendar keeps.
    """

    __slots__ = ("_blocks", "_counts", "_demands", "_kept", "_promises", "_spare", "_state", "_view")

    def __init__(
        self, state: State, demands: Sequence[Demand], promises: Sequence[Promise] = (),
        blocks: Sequence[Block] = (),
    ) -> None:  # fmt: skip
        self._state, self._demands, self._promises, self._blocks = state, demands, promises, blocks
        self._spare = list(state.nodes.spare)
        self._view: dict[Row, Vector] = {}
        self._kept = {row: (list(row.vacating), list(row.claimed)) for row in state.nodes.leaving}
        for active in (*state.active.vacating.values(), *state.active.claims.values()):
            add(self._spare, active.held)
        self._counts: dict[Demand, _Count] | None = None

    def enough_with(self, held: Mapping[tuple[NodeId, int], int]) -> bool:
        """Whether the room as a whole would have enough if all this were free too: never wrong in saying no."""
        spare = list(self._spare)
        for (_, axis), amount in held.items():
            spare[axis] += amount
        return any(within(demand.total, spare) for demand in self._demands)

    def free_all(self, held: Mapping[tuple[NodeId, int], int]) -> None:
        """Everything that is held here, by node and axis, becomes free."""
        touched: dict[Row, None] = {}
        for (node, axis), amount in held.items():
            self._spare[axis] += amount
            if (row := self._open(node)) is not None:
                self._there(row)[axis] += amount
                touched[row] = None
        self._recount(touched)

    def free(self, active: Active) -> None:
        """An attempt ends."""
        touched: dict[Row, None] = {}
        for held in active.places:
            for axis, amount in held.amounts:
                self._spare[axis] += amount * held.left
            if held.left and (row := self._open(held.node)) is not None:
                free = self._there(row)
                for axis, amount in held.amounts:
                    free[axis] += amount * held.left
                touched[row] = None
        self._recount(touched)

    def vacated(self, row: Row) -> None:
        """All that was told to leave a node has left it."""
        if row in self._kept:
            vacating, _ = self._kept[row]
            self._release(row, vacating, [(axis, amount) for axis, amount in enumerate(vacating) if amount])

    def claim_over(self, claimed: Active) -> None:
        """A job that claimed its place has started there and ended."""
        for held in claimed.places:
            if (row := self._open(held.node)) is not None:
                _, kept = self._kept.setdefault(row, (list(row.vacating), list(row.claimed)))
                self._release(row, kept, [(axis, amount * held.left) for axis, amount in held.amounts])

    def _release(self, row: Row, kept: Vector, amounts: Iterable[tuple[int, int]]) -> None:
        """So much less vacates, or is claimed."""
        if not row.open:
            return
        there, (vacating, claimed) = self._there(row), self._kept[row]
        for axis, amount in amounts:
            before = max(vacating[axis], claimed[axis])
            kept[axis] -= amount
            there[axis] += before - max(vacating[axis], claimed[axis])
        self._recount({row: None})

    def place(self, at: Instant) -> tuple[Demand, list[Spot]] | None:
        """The best demand that has a place from `at` on for as long as it may run, and where."""
        for demand in self._demands:
            enough = within(demand.total, self._spare) and self._counted(demand)
            if enough and (spots := self._place(at, demand)):
                return demand, spots
        return None

    def _place(self, at: Instant, demand: Demand) -> list[Spot] | None:
        values = self._state.values
        count = self._counts.get(demand) if self._counts is not None else None
        if count is None:
            return place(demand, self._state.nodes, self._beside_promises(at, demand), values)
        less_there = self._beside_promises(at, demand, {})
        fits: list[Fit] = []
        for row, tasks in count.by_row.items():
            if (free := less_there.get(row)) is None:
                fits.append((tasks, row, self._view.get(row, row.free)))
            elif left := tasks_in(count.part, free):
                fits.append((left, row, free))
        return spread(count.part, fits, values)

    def beside(self, at: Instant, spots: list[Spot]) -> dict[Row, Vector]:
        """What is left at `at` on the nodes of these spots."""
        left = less(self._taken(at), spots)
        return {row: left[row] for _, row, _ in spots}

    def _beside_promises(
        self, at: Instant, demand: Demand, base: dict[Row, Vector] | None = None
    ) -> dict[Row, Vector]:
        """What a job may have from `at` on: those that stand then are taken off, later ones keep their place.

        On all nodes that differ from what is free now or, with an empty `base`, on those of reservations only.
        """
        view = self._taken(at, base)
        later: tuple[Promise | Block, ...] = (*self._promises, *(self._blocks if demand.firm else ()))
        for one in later:
            if at < one.at < at + demand.limit:
                for row, left in one.extra.items():
                    view[row] = list(map(min, self._seen(view, row), left))
        return view

    def _taken(self, at: Instant, base: dict[Row, Vector] | None = None) -> dict[Row, Vector]:
        """What is free at `at` beside the reservations that stand then."""
        view = dict(self._view) if base is None else base
        for block in self._blocks:
            if block.at - self._state.rules.planning.grace <= at < block.until:
                for row in block.kept:
                    kept, free = block.idle(row), self._seen(view, row)
                    view[row] = [some - less_ for some, less_ in zip(free, kept, strict=True)]
        for promise in self._promises:
            if promise.at <= at < promise.until:
                for part, row, tasks in promise.spots:
                    free = view[row] = list(self._seen(view, row))
                    add(free, part.amounts, -tasks)
        return view

    def _seen(self, view: View, row: Row) -> Vector:
        there = view.get(row)
        return self._view.get(row, row.free) if there is None else there

    def _open(self, node: NodeId) -> Row | None:
        row = self._state.nodes.rows.get(node)
        return row if row is not None and row.open else None

    def _there(self, row: Row) -> Vector:
        free = self._view.get(row)
        if free is None:
            free = self._view[row] = list(row.free)
        return free

    def _recount(self, touched: Mapping[Row, None]) -> None:
        if self._counts:
            for count in self._counts.values():
                for row in touched:
                    count.changed(row, self._view[row])

    def _counted(self, demand: Demand) -> bool:
        """Whether as many tasks fit as there are, where that decides alone; counted from when it first matters."""
        if self._counts is None:
            self._counts = {one: self._count(one.parts[0]) for one in self._demands if len(one.parts) == 1}
        count = self._counts.get(demand)
        return count is None or count.total >= count.part.count

    def _count(self, part: Part) -> _Count:
        kept = self._state.nodes.tightest(part.gpu_axis, self._state.values)
        rows = dict.fromkeys(row for row in kept.holding(part) if row not in self._view)
        rows |= dict.fromkeys(row for row in self._view if takes(part, row))
        return _Count(part, [(row, self._view.get(row, row.free)) for row in rows])


class _Count:
    """How many tasks of a part fit, node by node where any does."""

    __slots__ = ("by_row", "part", "total")

    def __init__(self, part: Part, free: Sequence[tuple[Row, Vector]]) -> None:
        self.part = part
        self.by_row = {row: tasks for row, there in free if (tasks := tasks_in(part, there))}
        self.total = sum(self.by_row.values())

    def changed(self, row: Row, free: Vector) -> None:
        if takes(self.part, row):
            before, after = self.by_row.pop(row, 0), tasks_in(self.part, free)
            if after:
                self.by_row[row] = after
            self.total += after - before
