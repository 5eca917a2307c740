"""Best fit over many nodes is what its plain definition says, however the nodes are kept."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from dure.model.job import TaskGroup
from dure.model.node import GpuFlavor, Node
from dure.model.resources import Resources
from dure.planning.axes import Axes, Vector
from dure.planning.nodes import Nodes, Row
from dure.planning.placement import Spot, fits_when_empty, less, place
from dure.planning.shape import Demand, Part

AXES = Axes(("a100", "t4"))
VALUES = AXES.values((GpuFlavor("a100", 1000), GpuFlavor("t4", 300)))


def tasks_in(part: Part, free: Vector) -> int:
    """How many tasks of the part a node has room for."""
    return max(0, min([part.count, *(free[axis] // amount for axis, amount in part.amounts)]))


def plainly(demand: Demand, nodes: Nodes, view: dict[Row, Vector]) -> list[tuple[str, int]] | None:
    """Part by part: whoever holds most first, until one holds all that is left; of those that do, the tightest."""
    found: list[tuple[str, int]] = []
    for part in demand.parts:
        left = part.count
        free = {row: view.get(row, row.free) for row in nodes.candidates(part.gpu_axis)}
        holds = {row: tasks for row, there in free.items() if (tasks := tasks_in(part, there))}
        if sum(holds.values()) < left:
            return None
        spots: list[Spot] = []
        for row in sorted(holds, key=lambda row: (-holds[row], tightness(row, free[row]))):
            if holds[row] >= left:
                break
            spots.append((part, row, holds.pop(row)))
            left -= spots[-1][2]
        last = min((row for row in holds if holds[row] >= left), key=lambda row: tightness(row, free[row]))
        spots.append((part, last, left))
        found += [(row.id, tasks) for _, row, tasks in spots]
        view = less(view, spots)
    return found


def tightness(row: Row, free: Vector) -> tuple[int, int, int, str]:
    """Value of free devices, then cpu, then memory, then id."""
    return (sum(map(int.__mul__, free[2:], VALUES[2:])), free[0], free[1], row.id)


@st.composite
def groups(draw: st.DrawFn) -> TaskGroup:
    """A task group, with devices or without, that may ask for nothing of something."""
    gpus = draw(st.sampled_from([0, 0, 1, 2]))
    flavor = draw(st.sampled_from(["a100", "t4"]))
    count, cpu, memory = draw(st.integers(1, 6)), draw(st.integers(0, 4)), draw(st.integers(0, 4))
    return TaskGroup(count, cpu, memory, gpus, (flavor,) if gpus else ())


@st.composite
def rooms(draw: st.DrawFn) -> Nodes:
    """Nodes of several kinds, partly held, some by more than they have."""
    nodes = Nodes(AXES)
    for number in range(draw(st.integers(1, 8))):
        gpus = draw(st.dictionaries(st.sampled_from(["a100", "t4"]), st.integers(1, 4), max_size=2))
        size = draw(st.integers(1, 3))
        nodes.put(Node(f"n{number}", "pool", Resources.of(4 * size, 4 * size, gpus)))
    return nodes


amounts = st.lists(
    st.tuples(st.integers(0, 3), st.integers(1, 5)), min_size=1, max_size=3, unique_by=lambda a: a[0]
)
moves = st.lists(st.tuples(st.integers(0, 7), amounts, st.sampled_from([1, 1, 1, -1])), max_size=12)


@settings(max_examples=120)
@given(
    rooms(),
    st.lists(st.tuples(moves, st.lists(groups(), min_size=1, max_size=2), moves), min_size=1, max_size=4),
)
def test_a_gang_goes_where_the_plain_definition_says(
    nodes: Nodes,
    rounds: list[
        tuple[
            list[tuple[int, list[tuple[int, int]], int]],
            list[TaskGroup],
            list[tuple[int, list[tuple[int, int]], int]],
        ]
    ],
) -> None:
    """Whatever was held and given back before, with some nodes seen otherwise than they are."""
    rows = list(nodes)
    for held, asked, seen in rounds:
        for number, moved, times in held:
            nodes.take(rows[number % len(rows)], tuple(sorted(moved)), times)
        view: dict[Row, Vector] = {}
        for number, moved, times in seen:
            row = rows[number % len(rows)]
            view[row] = list(row.free)
            for axis, amount in moved:
                view[row][axis] -= amount * times
        flavors = [group.flavors[0] if group.flavors else "" for group in asked]
        demand = Demand((tuple(asked), None, ()), flavors, AXES, VALUES)
        found = place(demand, nodes, view, VALUES)
        said = None if found is None else [(row.id, tasks) for _, row, tasks in found]
        assert said == plainly(demand, nodes, view)
        empty = {row: row.capacity for row in rows}
        assert fits_when_empty(demand, nodes, VALUES) == (plainly(demand, nodes, empty) is not None)
