"""Clearing: what nodes would have for a claim if some running jobs were gone (DESIGN 3.3, steps 3 and 5)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from dure.planning.axes import Amounts, Vector, add
from dure.planning.backfill import Kept
from dure.planning.nodes import Row
from dure.planning.placement import Spot, place, spread, takes, tasks_in
from dure.planning.running import Active, Place
from dure.planning.shape import Demand, Part
from dure.planning.state import State


@dataclass(slots=True)
class _Without:
    """What a node would have without some of the jobs that run there: free, beside each reservation, and tasks."""

    free: Vector
    extras: list[tuple[int, Vector]]
    tasks: list[int]


class Clearing:
    """Nodes as a claim would find them, beside the reservations that bind it, while running jobs are thought away.

    What vacates already counts as gone.
    """

    __slots__ = ("_binding", "_binds", "_demand", "_extras", "_fits", "_found", "_own", "_state",
                 "_usable", "_view")  # fmt: skip

    def __init__(self, state: State, demand: Demand, binding: Sequence[Kept]) -> None:
        self._state, self._demand, self._binding = state, demand, binding
        self._view: dict[Row, Vector] = dict(state.nodes.cleared())
        self._own: set[Row] = set()
        self._usable: dict[Row, bool] = {}
        self._extras = [{row: list(left) for row, left in promise.extra.items()} for promise in binding]
        self._binds: dict[Row, list[int]] = {}
        for number, extra in enumerate(self._extras):
            for row in extra:
                self._binds.setdefault(row, []).append(number)
        self._fits = [self._count(part) for part in demand.parts]
        self._found = [sum(fits.values()) for fits in self._fits]

    def free(self, active: Active, times: int = 1) -> None:
        """A running job is thought away, or back again where `times` is negative."""
        for held in active.places:
            row = self._state.nodes.rows.get(held.node)
            if row is None or not row.open or not held.left:
                continue
            add(self._there(row), held.amounts, held.left * times)
            for number in self._binds.get(row, ()):
                if self._binding[number].counts(active):
                    add(self._extras[number][row], held.amounts, held.left * times)
            self._recount(row)

    def may_fit(self, gone: Iterable[Active]) -> bool:
        """Whether the gang may have a place if all of these were gone; never wrong in saying no.

        Fewer of them never leave room for more, so that no walk among them need be tried then.
        """
        short = [part.count - found for part, found in zip(self._demand.parts, self._found, strict=True)]
        without: dict[Row, _Without] = {}
        for active in gone if max(short, default=0) > 0 else ():
            for held in active.places:
                row = self._state.nodes.rows.get(held.node)
                if row is None or not held.left or not self._takes(row):
                    continue
                there = without.get(row)
                if there is None:
                    there = without[row] = self._without(row)
                self._think_away(there, active, held)
                for n, more in enumerate(self._more(row, there)):
                    short[n] -= more
                if max(short) <= 0:
                    return True
        return max(short, default=0) <= 0

    def _without(self, row: Row) -> _Without:
        extras = [(number, list(self._extras[number][row])) for number in self._binds.get(row, ())]
        return _Without(
            list(self._view.get(row, row.free)), extras, [fits.get(row, 0) for fits in self._fits]
        )

    def _think_away(self, there: _Without, active: Active, held: Place) -> None:
        add(there.free, held.amounts, held.left)
        for number, extra in there.extras:
            if self._binding[number].counts(active):
                add(extra, held.amounts, held.left)

    def _more(self, row: Row, there: _Without) -> Iterator[int]:
        """How many more tasks of each part fit on a node than when this was last asked."""
        free = there.free
        for _, extra in there.extras:
            free = list(map(min, free, extra))
        for n, part in enumerate(self._demand.parts):
            tasks = tasks_in(part, free) if takes(part, row) else 0
            yield tasks - there.tasks[n]
            there.tasks[n] = tasks

    def _takes(self, row: Row) -> bool:
        """Whether the gang could use a node."""
        known = self._usable.get(row)
        if known is None:
            known = self._usable[row] = any(takes(part, row) for part in self._demand.parts)
        return known

    def restore(self, freed: Sequence[Active]) -> None:
        """These, which are all that is thought away, are back again."""
        if self._binding:
            for active in freed:
                self.free(active, -1)
            return
        cleared = self._state.nodes.cleared()
        for row in self._own:
            if row in cleared:
                self._view[row] = cleared[row]
            else:
                del self._view[row]
            self._recount(row)
        self._own.clear()

    def fits(self) -> bool:
        """Whether the gang would have a place."""
        if any(found < part.count for part, found in zip(self._demand.parts, self._found, strict=True)):
            return False
        return len(self._demand.parts) == 1 or self.place() is not None

    def place(self) -> list[Spot] | None:
        """Where the gang would go, or None."""
        if len(self._demand.parts) == 1:
            fits = [(tasks, row, self._here(row)) for row, tasks in self._fits[0].items()]
            return spread(self._demand.parts[0], fits, self._state.values)
        if any(found < part.count for part, found in zip(self._demand.parts, self._found, strict=True)):
            return None
        return place(self._demand, self._state.nodes, self._seen(), self._state.values)

    def lacking(self) -> set[int]:
        """The axes on which, each taken alone, the gang finds no place; all that it asks for if each finds one."""
        asked = {axis for axis, _ in self._demand.total}
        view = self._seen()
        return {axis for axis in asked if not self._fits_alone(axis, view)} or asked

    def useful(self, active: Active, lacking: Collection[int]) -> Amounts:
        """What of the lacking resources that it has on nodes that the gang could use a job holds in all."""
        if len(active.places) > 1:
            return amounts_on(active, self._useful(active, lacking))
        (only,) = active.places or (None,)
        row = self._state.nodes.rows.get(only.node) if only is not None and only.left else None
        if only is None or row is None or not self._takes(row):
            return ()
        return tuple((axis, amount * only.left) for axis, amount in only.amounts if axis in lacking)

    def _useful(self, active: Active, lacking: Collection[int]) -> set[int]:
        found = set[int]()
        for held in active.places:
            row = self._state.nodes.rows.get(held.node)
            if held.left and row is not None and self._takes(row):
                found.update(axis for axis, _ in held.amounts if axis in lacking)
        return found

    def _fits_alone(self, axis: int, view: dict[Row, Vector]) -> bool:
        parts = [
            (part, dict(part.amounts)[axis]) for part in self._demand.parts if axis in dict(part.amounts)
        ]
        if len(parts) == 1:
            return self._fits_one(*parts[0], axis, view)
        free = {row: view.get(row, row.free)[axis] for part, _ in parts for row in self._rows(part)}
        for part, amount in sorted(parts, key=lambda one: -one[1]):
            left = part.count
            for row in self._rows(part):
                here = min(left, max(0, free[row]) // amount)
                free[row] -= here * amount
                left -= here
            if left:
                return False
        return True

    def _fits_one(self, part: Part, amount: int, axis: int, view: dict[Row, Vector]) -> bool:
        left = part.count
        for row in self._rows(part):
            left -= max(0, view.get(row, row.free)[axis]) // amount
            if left <= 0:
                return True
        return False

    def _seen(self) -> dict[Row, Vector]:
        if not self._extras:
            return self._view
        view = dict(self._view)
        for extra in self._extras:
            for row, left in extra.items():
                view[row] = list(map(min, view.get(row, row.free), left))
        return view

    def _here(self, row: Row) -> Vector:
        free = self._view.get(row, row.free)
        for number in self._binds.get(row, ()):
            free = list(map(min, free, self._extras[number][row]))
        return free

    def _there(self, row: Row) -> Vector:
        free = self._view.get(row, row.free)
        if row not in self._own:
            self._own.add(row)
            free = self._view[row] = list(free)
        return free

    def _rows(self, part: Part) -> list[Row]:
        return self._state.nodes.candidates(part.gpu_axis)

    def _count(self, part: Part) -> dict[Row, int]:
        """The nodes that hold a task of a part, and how many."""
        nodes = self._state.nodes
        rows = dict.fromkeys(nodes.tightest(part.gpu_axis, self._state.values).holding(part))
        rows |= dict.fromkeys(row for row in self._view if takes(part, row))
        return {row: tasks for row in rows if (tasks := tasks_in(part, self._here(row)))}

    def _recount(self, row: Row) -> None:
        here = self._here(row)
        for n, part in enumerate(self._demand.parts):
            if takes(part, row):
                before, after = self._fits[n].pop(row, 0), tasks_in(part, here)
                if after:
                    self._fits[n][row] = after
                self._found[n] += after - before


def amounts_on(active: Active, axes: Collection[int]) -> Amounts:
    """What a job holds on some axes."""
    if len(active.places) == 1:
        (only,) = active.places
        return tuple(
            (axis, amount * only.left) for axis, amount in only.amounts if axis in axes and only.left
        )
    return tuple((axis, amount) for axis, amount in active.held if axis in axes)
