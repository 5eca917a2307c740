"""Which devices and how much of each node are taken, and the devices that a new attempt gets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import islice

from dure.backends.local.kept import Attempt, Kept, Task
from dure.model.job import Job, NodeId, Placement, held_by, task_placements
from dure.model.node import Node, NodeState
from dure.model.plan import Start
from dure.model.resources import Flavor, Resources
from dure.ports import Refused


def device_indexes(capacity: Resources, flavor: Flavor) -> range:
    """A node's devices of one flavor: numbered from 0, flavor by flavor in sorted order."""
    first = 0
    for name, devices in capacity.gpus:
        if name == flavor:
            return range(first, first + devices)
        first += devices
    return range(0)


def check_shape(job: Job, start: Start) -> None:
    """Whether the start places every task of the job, with flavors that it takes. Raises Refused."""
    for number, group in enumerate(job.groups):
        placed = [placement for placement in start.placements if placement.group == number]
        if sum(placement.tasks for placement in placed) != group.count:
            raise Refused(f"the start does not place all {group.count} tasks of group {number}")
        flavors = set(group.flavors) if group.gpus else {""}
        if any(placement.flavor not in flavors for placement in placed):
            raise Refused(f"the start gives group {number} a GPU flavor it does not take")
    if any(placement.group >= len(job.groups) for placement in start.placements):
        raise Refused("the start places a group that the job does not have")


def place(job: Job, start: Start, nodes: Mapping[NodeId, Node], others: Iterable[Kept]) -> list[Task]:
    """The tasks of a new attempt, with the lowest free devices of their nodes. Raises Refused: no room."""
    held, taken = _taken(others)
    for placement in start.placements:
        held[placement.node] = held.get(placement.node, Resources()) + held_by(job, placement)
    for node in {placement.node for placement in start.placements}:
        _check_node(nodes.get(node), node, held[node])
    return [_task(job, placement, nodes, taken) for placement in task_placements(start.placements)]


def _taken(others: Iterable[Kept]) -> tuple[dict[NodeId, Resources], dict[NodeId, set[int]]]:
    held: dict[NodeId, Resources] = {}
    devices: dict[NodeId, set[int]] = {}
    for kept, _, task in _holding(others):
        node = task.placement.node
        held[node] = held.get(node, Resources()) + held_by(kept.job, task.placement)
        devices.setdefault(node, set()).update(task.devices)
    return held, devices


def _holding(others: Iterable[Kept]) -> Iterable[tuple[Kept, Attempt, Task]]:
    for kept in others:
        if attempt := kept.live:
            yield from ((kept, attempt, task) for task in attempt.tasks if not task.over)


def _check_node(node: Node | None, name: NodeId, held: Resources) -> None:
    if node is None:
        raise Refused(f"node {name} is not in this pool")
    if node.state is not NodeState.UP:
        raise Refused(f"node {name} is {node.state}")
    if not held.fits(node.capacity):
        raise Refused(f"node {name} has no room for this any more")


def _task(
    job: Job, placement: Placement, nodes: Mapping[NodeId, Node], taken: dict[NodeId, set[int]]
) -> Task:
    wanted = job.groups[placement.group].gpus
    used = taken.setdefault(placement.node, set())
    indexes = device_indexes(nodes[placement.node].capacity, placement.flavor)
    devices = tuple(islice((index for index in indexes if index not in used), wanted))
    if len(devices) < wanted:
        raise Refused(f"node {placement.node} has not {wanted} devices of {placement.flavor} left")
    used.update(devices)
    return Task(placement, devices)
