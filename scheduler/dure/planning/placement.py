"""Placement: which nodes a gang gets (DESIGN 3.3, step 2).

All tasks or none; a group's tasks all on one flavor. Best fit by value: among nodes that hold all that is left
of a group the one with the least value free (GPU value, then cpu, then memory, then id). A group that no node
holds alone takes the nodes that hold most of it first, so that gangs spread little, and small jobs leave big
nodes whole for big gangs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import TypeAlias

from dure.model.job import Placement
from dure.planning.axes import CPU_AXIS, FIRST_GPU, MEMORY_AXIS, Vector
from dure.planning.nodes import Nodes, Row, Tightness
from dure.planning.shape import Demand, Part

View: TypeAlias = Mapping[Row, Vector]
"""What counts as free on some nodes, in place of what is free on them now."""

Spot: TypeAlias = tuple[Part, Row, int]
"""So many tasks of a part on a node."""

Fit: TypeAlias = tuple[int, Row, Vector]
"""(tasks that fit, node, what is free there)."""


def place(demand: Demand, nodes: Nodes, view: View, values: Vector) -> list[Spot] | None:
    """Where the gang goes, or None. Exact for one group; groups of several shapes go hardest first."""
    spots: list[Spot] = []
    for part in demand.parts:
        chosen = _on_one(part, nodes, view, values) or _spread(part, nodes, view, values)
        if chosen is None:
            return None
        spots += chosen
        if part is not demand.parts[-1]:
            view = less(view, chosen)
    return spots


def placements(spots: Sequence[Spot]) -> tuple[Placement, ...]:
    """Spots as the plan says them, group by group."""
    if len(spots) == 1:
        ((part, row, tasks),) = spots
        return (Placement(part.group, row.id, part.flavor, tasks),)
    ordered = sorted(spots, key=lambda spot: spot[0].group)
    return tuple(Placement(part.group, row.id, part.flavor, tasks) for part, row, tasks in ordered)


def less(view: View, spots: Sequence[Spot]) -> dict[Row, Vector]:
    """The view once these spots are taken."""
    left = dict(view)
    for part, row, tasks in spots:
        free = list(left.get(row, row.free))
        for axis, amount in part.amounts:
            free[axis] -= amount * tasks
        left[row] = free
    return left


def fits_when_empty(demand: Demand, nodes: Nodes, values: Vector) -> bool:
    """Whether the room, whatever its nodes' state, would hold the gang if nothing else ran."""
    if len(demand.parts) == 1:
        (part,) = demand.parts
        held = (tasks_in(part, whole) * many for whole, many in nodes.capacities().items())
        return sum(held) >= part.count
    rows = list(nodes)
    view: View = {row: row.capacity for row in rows}
    for part in demand.parts:
        chosen = spread(part, _fits(part, rows, view), values)
        if chosen is None:
            return False
        view = less(view, chosen)
    return True


def most(demand: Demand, nodes: Nodes, view: View) -> int:
    """How many tasks of the gang could be placed now, each part taken alone and the least lucky one counted."""
    found = [
        min(
            part.count,
            sum(tasks_in(part, view.get(row, row.free)) for row in nodes.candidates(part.gpu_axis)),
        )
        for part in demand.parts
    ]
    return min(found, default=0)


def _on_one(part: Part, nodes: Nodes, view: View, values: Vector) -> list[Spot] | None:
    """The tightest node that holds the whole group, where one does."""
    kept = nodes.tightest(part.gpu_axis, values)
    best = kept.first(part, part.count, view)
    if view:
        fits = [fit for fit in _fits(part, _among(part, view), view) if fit[0] == part.count]
        if best is not None:
            fits.append((part.count, best, best.free))
        best = min(fits, key=lambda fit: _tightness(fit[1], fit[2], values))[1] if fits else None
    return [(part, best, part.count)] if best is not None else None


def _spread(part: Part, nodes: Nodes, view: View, values: Vector) -> list[Spot] | None:
    """Over several nodes, none of which holds the whole group."""
    if part.count < 2:
        return None
    rows = nodes.tightest(part.gpu_axis, values).holding(part)
    if view:
        rows = chain((row for row in rows if row not in view), _among(part, view))
    return spread(part, _fits(part, rows, view), values)


def takes(part: Part, row: Row) -> bool:
    """Whether a node takes tasks of the part at all."""
    return row.open and (part.gpu_axis < 0 or row.capacity[part.gpu_axis] > 0)


def _among(part: Part, view: View) -> list[Row]:
    return [row for row in view if takes(part, row)]


def _fits(part: Part, rows: Iterable[Row], view: View) -> list[Fit]:
    fits: list[Fit] = []
    for row in rows:
        free = view.get(row, row.free) if view else row.free
        if tasks := tasks_in(part, free):
            fits.append((tasks, row, free))
    return fits


def spread(part: Part, fits: list[Fit], values: Vector) -> list[Spot] | None:
    """Where the group goes among the nodes that hold a task of it, or None."""
    if sum(map(_count, fits)) < part.count:
        return None
    return _choose(part, fits, values)


def _choose(part: Part, fits: list[Fit], values: Vector) -> list[Spot]:
    """The nodes that hold most first, until one holds all that is left; of those that do, the tightest."""
    left, spots = part.count, []
    if max(fits, key=_count)[0] < left:
        fits.sort(key=lambda fit: (-fit[0], _tightness(fit[1], fit[2], values)))
        for tasks, row, _ in fits:
            if tasks >= left:
                break
            spots.append((part, row, tasks))
            left -= tasks
        fits = fits[len(spots) :]
    tightest = min(
        (fit for fit in fits if fit[0] >= left), key=lambda fit: _tightness(fit[1], fit[2], values)
    )
    spots.append((part, tightest[1], left))
    return spots


def _count(fit: Fit) -> int:
    return fit[0]


def tasks_in(part: Part, free: Sequence[int]) -> int:
    """How many tasks of the part fit, at most all of them."""
    tasks = part.count
    for axis, amount in part.amounts:
        if (here := free[axis] // amount) < tasks:
            tasks = here
    return max(tasks, 0)


def _tightness(row: Row, free: Vector, values: Vector) -> Tightness:
    if free is row.free and row.tightness is not None:
        return row.tightness
    worth = sum(map(int.__mul__, free[FIRST_GPU:], values[FIRST_GPU:])) if len(free) > FIRST_GPU else 0
    tightness = (worth, free[CPU_AXIS], free[MEMORY_AXIS], row.id)
    if free is row.free:
        row.tightness = tightness
    return tightness
