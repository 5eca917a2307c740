"""What is free at a later instant: what is free now, and what time limits end until then."""

from __future__ import annotations

from collections.abc import Sequence

from dure.planning.axes import Vector
from dure.planning.nodes import Row
from dure.planning.placement import Spot, less, place, tasks_in
from dure.planning.running import Active
from dure.planning.shape import Demand, Part
from dure.planning.state import State


class Ahead:
    """The room as it will be, moved on from end to end."""

    __slots__ = ("_counts", "_state", "_view")

    def __init__(self, state: State) -> None:
        self._state = state
        self._view: dict[Row, Vector] = {}
        self._counts: dict[Demand, _Count] = {}

    def free(self, active: Active) -> None:
        """An attempt ends: what it still holds on open nodes is free."""
        rows, view = self._state.nodes.rows, self._view
        for held in active.places:
            row = rows.get(held.node)
            if row is None or not row.open or not held.left:
                continue
            free = view.get(row)
            if free is None:
                free = view[row] = list(row.free)
            for axis, amount in held.amounts:
                free[axis] += amount * held.left
            for count in self._counts.values():
                count.changed(row, free)

    def watch(self, demands: Sequence[Demand]) -> None:
        """From now on keep count of how many tasks of these demands fit, where that decides alone."""
        for demand in demands:
            if len(demand.parts) == 1:
                part = demand.parts[0]
                rows = self._state.nodes.candidates(part.gpu_axis)
                self._counts[demand] = _Count(part, [(row, self._view.get(row, row.free)) for row in rows])

    def place(self, demand: Demand) -> list[Spot] | None:
        """Where the gang would go then."""
        count = self._counts.get(demand)
        if count is not None and count.total < count.part.count:
            return None
        return place(demand, self._state.nodes, self._view, self._state.values)

    def beside(self, spots: list[Spot]) -> dict[Row, Vector]:
        """What is left then on the nodes of these spots."""
        left = less(self._view, spots)
        return {row: left[row] for _, row, _ in spots}


class _Count:
    """How many tasks of a part fit, node by node."""

    __slots__ = ("_by_row", "part", "total")

    def __init__(self, part: Part, free: Sequence[tuple[Row, Vector]]) -> None:
        self.part = part
        self._by_row = {row: tasks_in(part, there) for row, there in free}
        self.total = sum(self._by_row.values())

    def changed(self, row: Row, free: Vector) -> None:
        before = self._by_row.get(row)
        if before is not None:
            self._by_row[row] = after = tasks_in(self.part, free)
            self.total += after - before
