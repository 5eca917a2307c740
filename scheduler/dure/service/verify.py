"""The last look at a plan before anything is done: whole gangs, on nodes that exist and have the room.

It decides nothing. A fault here is a fault of the planner, and a plan with one is not acted on.
"""

from __future__ import annotations

from collections.abc import Iterator

from dure.model.job import Job, NodeId, held_by
from dure.model.node import NodeState
from dure.model.plan import Plan, Start
from dure.model.resources import Resources
from dure.service.observed import Observed


def faults(plan: Plan, room: Observed) -> tuple[str, ...]:
    """What is wrong with the plan's starts, as sentences for the log; nothing for a sound plan."""
    return (*_unsound_starts(plan, room), *_over_capacity(plan, room))


def _unsound_starts(plan: Plan, room: Observed) -> Iterator[str]:
    seen: set[str] = set()
    for start in plan.starts:
        entry = room.jobs.get(start.job)
        if entry is None or entry.attempt is not None or start.job in seen:
            yield f"job {start.job} is not pending"
        elif entry.held or entry.waiting_for:
            yield f"job {start.job} is held or waits for other jobs"
        else:
            yield from _broken_gang(start, entry.job)
        seen.add(start.job)


def _broken_gang(start: Start, job: Job) -> Iterator[str]:
    for number, group in enumerate(job.groups):
        placed = [p for p in start.placements if p.group == number]
        if sum(p.tasks for p in placed) != group.count:
            yield f"job {job.id}: group {number} is not placed whole"
        if any(p.flavor not in (group.flavors or ("",)) for p in placed):
            yield f"job {job.id}: group {number} is placed on a flavor that it does not name"
    if any(p.group >= len(job.groups) or p.tasks < 1 for p in start.placements):
        yield f"job {job.id}: a placement belongs to no group"


def _over_capacity(plan: Plan, room: Observed) -> Iterator[str]:
    wanted: dict[NodeId, Resources] = {}
    for start in plan.starts:
        entry = room.jobs.get(start.job)
        for place in start.placements if entry else ():
            if entry and place.group < len(entry.job.groups):
                wanted[place.node] = wanted.get(place.node, Resources()) + held_by(entry.job, place)
    held = _held(room, set(wanted))
    for node_id, more in sorted(wanted.items()):
        node = room.nodes.get(node_id)
        if node is None or node.state is not NodeState.UP:
            yield f"node {node_id} is not up"
        elif not (held[node_id] + more).fits(node.capacity):
            yield f"node {node_id} would be over its capacity"


def _held(room: Observed, nodes: set[NodeId]) -> dict[NodeId, Resources]:
    held = dict.fromkeys(nodes, Resources())
    for entry in room.jobs.values():
        for task in entry.attempt.open_tasks() if entry.attempt else ():
            if task.node in nodes:
                held[task.node] += entry.job.groups[task.group].request(task.flavor)
    return held
