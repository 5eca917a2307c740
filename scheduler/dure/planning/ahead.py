"""What is free at a later instant: what is free now, and what time limits end until then."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from dure.model.instants import Instant
from dure.model.job import NodeId
from dure.planning.axes import Vector, within
from dure.planning.beside import Beside
from dure.planning.nodes import Row
from dure.planning.placement import Spot, less, place, spread, takes, tasks_in
from dure.planning.running import Active
from dure.planning.shape import Demand, Part
from dure.planning.state import State

if TYPE_CHECKING:
    from dure.planning.calendar import Block
    from dure.planning.reservation import Promise


class Ahead:
    """The room as it will be, moved on from end to end, and whether it then has a place for some demand.

    What vacates or is claimed counts as free in the room as a whole at once (`spare`), and on its node when it is
    gone: there the larger of both is missing, as `_kept` has them. `promises` are other reservations, each of which
    keeps its place over its time, `blocks` what the calendar keeps. It is asked for places at instants that only
    grow: how many tasks a node holds is counted again only when something ends there, or when what others keep of
    it begins to matter or is over.
    """

    __slots__ = ("_beside", "_counts", "_demands", "_kept", "_spare", "_state", "_touched", "_view")

    def __init__(
        self, state: State, demands: Sequence[Demand], spare: Vector, promises: Sequence[Promise] = (),
        blocks: Sequence[Block] = (),
    ) -> None:  # fmt: skip
        self._state, self._demands, self._spare = state, demands, list(spare)
        self._view: dict[Row, Vector] = {}
        self._kept: dict[Row, tuple[Vector, Vector]] = {}
        self._beside = Beside(state.rules.planning.grace, demands, promises, blocks)
        self._counts: dict[Demand, _Count] | None = None
        self._touched: dict[Row, None] = {}

    def enough_with(self, held: Mapping[tuple[NodeId, int], int]) -> bool:
        """Whether the room as a whole would have enough if all this were free too: never wrong in saying no."""
        spare = list(self._spare)
        for (_, axis), amount in held.items():
            spare[axis] += amount
        return any(within(demand.total, spare) for demand in self._demands)

    def free_all(self, held: Mapping[tuple[NodeId, int], int]) -> None:
        """Everything that is held here, by node and axis, becomes free."""
        for (node, axis), amount in held.items():
            self._spare[axis] += amount
            if (row := self._open(node)) is not None:
                self._there(row)[axis] += amount

    def free(self, active: Active) -> None:
        """An attempt ends."""
        for held in active.places:
            for axis, amount in held.amounts:
                self._spare[axis] += amount * held.left
            if held.left and (row := self._open(held.node)) is not None:
                free = self._there(row)
                for axis, amount in held.amounts:
                    free[axis] += amount * held.left

    def vacated(self, row: Row) -> None:
        """All that was told to leave a node has left it."""
        if row in self._state.nodes.leaving:
            vacating, _ = self._kept_of(row)
            self._release(row, vacating, [(axis, amount) for axis, amount in enumerate(vacating) if amount])

    def claim_over(self, claimed: Active) -> None:
        """A job that claimed its place has started there and ended."""
        for held in claimed.places:
            if (row := self._open(held.node)) is not None:
                _, kept = self._kept_of(row)
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

    def _kept_of(self, row: Row) -> tuple[Vector, Vector]:
        """What still vacates on a node, and what is claimed of it."""
        kept = self._kept.get(row)
        if kept is None:
            kept = self._kept[row] = (list(row.vacating), list(row.claimed))
        return kept

    def place(self, at: Instant) -> tuple[Demand, list[Spot]] | None:
        """The best demand that has a place from `at` on for as long as it may run, and where."""
        for demand in self._demands:
            if within(demand.total, self._spare) and (spots := self._place(at, demand)):
                return demand, spots
        return None

    def _place(self, at: Instant, demand: Demand) -> list[Spot] | None:
        values = self._state.values
        if len(demand.parts) > 1:
            view = {row: self._left(row, at, demand) for row in (*self._view, *self._beside.rows)}
            return place(demand, self._state.nodes, view, values)
        count = self._counted(at)[demand]
        if count.total < count.part.count:
            return None
        fits = [(tasks, row, self._left(row, at, demand)) for row, tasks in count.by_row.items()]
        return spread(count.part, fits, values)

    def beside(self, at: Instant, spots: list[Spot]) -> dict[Row, Vector]:
        """What is left at `at` on the nodes of these spots."""
        return less({row: self._left(row, at) for _, row, _ in spots}, spots)

    def _left(self, row: Row, at: Instant, demand: Demand | None = None) -> Vector:
        """What is free on a node at `at` beside what others keep: all that a demand's job may have from then on."""
        return self._beside.left(row, self._view.get(row, row.free), at, demand)

    def _open(self, node: NodeId) -> Row | None:
        row = self._state.nodes.rows.get(node)
        return row if row is not None and row.open else None

    def _there(self, row: Row) -> Vector:
        """What is free on a node, to be changed."""
        self._touched[row] = None
        free = self._view.get(row)
        if free is None:
            free = self._view[row] = list(row.free)
        return free

    def _counted(self, at: Instant) -> dict[Demand, _Count]:
        """How many tasks fit, by demand; counted from when it first matters."""
        changed = (*self._touched, *self._beside.changed(at))
        self._touched.clear()
        if self._counts is None:
            plain = [demand for demand in self._demands if len(demand.parts) == 1]
            self._counts = {demand: self._count(demand, at) for demand in plain}
            return self._counts
        for demand, count in self._counts.items():
            for row in changed:
                if takes(count.part, row):
                    count.changed(row, tasks_in(count.part, self._left(row, at, demand)))
        return self._counts

    def _count(self, demand: Demand, at: Instant) -> _Count:
        (part,) = demand.parts
        kept = self._state.nodes.tightest(part.gpu_axis, self._state.values)
        rows = dict.fromkeys((*kept.holding(part), *(row for row in self._view if takes(part, row))))
        return _Count(part, {row: tasks_in(part, self._left(row, at, demand)) for row in rows})


class _Count:
    """How many tasks of a part fit, node by node where any does."""

    __slots__ = ("by_row", "part", "total")

    def __init__(self, part: Part, fits: Mapping[Row, int]) -> None:
        self.part = part
        self.by_row = {row: tasks for row, tasks in fits.items() if tasks}
        self.total = sum(self.by_row.values())

    def changed(self, row: Row, tasks: int) -> None:
        """So many fit on a node from now on."""
        self.total += tasks - self.by_row.pop(row, 0)
        if tasks:
            self.by_row[row] = tasks
