"""The last look at a plan before anything is done: whole gangs, on nodes that exist and have the room.

It decides nothing. A fault here is a fault of the planner, and a plan with one is not acted on. What a node has for
a start is in docs/decisions/0026-one-cycle-exactly.md: a start fits beside what has not left yet, and leaves every
claim its place. Claims that stood before this plan are not judged again: a node may have shrunk under them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from dure.model.job import Job, JobId, NodeId, Placement, held_by
from dure.model.node import NodeState
from dure.model.plan import Eviction, Plan
from dure.model.resources import Resources
from dure.service.observed import Observed


def faults(plan: Plan, room: Observed) -> tuple[str, ...]:
    """What is wrong with the plan, as sentences for the log; nothing for a sound one."""
    return (
        *_unsound_starts(plan, room), *_unsound_evictions(plan, room), *_unsound_claims(plan, room),
        *_over_capacity(plan, room),
    )  # fmt: skip


def _unsound_starts(plan: Plan, room: Observed) -> Iterator[str]:
    seen: set[str] = set()
    for start in plan.starts:
        entry = room.jobs.get(start.job)
        if entry is None or entry.attempt is not None or start.job in seen:
            yield f"job {start.job} is not pending"
        elif entry.held or entry.waiting_for:
            yield f"job {start.job} is held or waits for other jobs"
        else:
            yield from _broken_gang(start.placements, entry.job)
        seen.add(start.job)


def _broken_gang(placements: tuple[Placement, ...], job: Job) -> Iterator[str]:
    for number, group in enumerate(job.groups):
        placed = [p for p in placements if p.group == number]
        if sum(p.tasks for p in placed) != group.count:
            yield f"job {job.id}: group {number} is not placed whole"
        if any(p.flavor not in (group.flavors or ("",)) for p in placed):
            yield f"job {job.id}: group {number} is placed on a flavor that it does not name"
    if any(p.group >= len(job.groups) or p.tasks < 1 for p in placements):
        yield f"job {job.id}: a placement belongs to no group"


def _unsound_evictions(plan: Plan, room: Observed) -> Iterator[str]:
    seen: set[str] = set()
    for eviction in plan.evictions:
        if why := _why_not_evicted(eviction, room):
            yield f"job {eviction.job} cannot be evicted: {why}"
        elif eviction.job in seen:
            yield f"job {eviction.job} is evicted twice"
        seen.add(eviction.job)


def _why_not_evicted(eviction: Eviction, room: Observed) -> str:
    entry = room.jobs.get(eviction.job)
    if entry is None or entry.attempt is None or entry.attempt.number != eviction.attempt:
        return "it does not run"
    if not entry.job.preemptible:
        return "it is not preemptible"
    return "it leaves already" if entry.attempt.vacating else ""


def _unsound_claims(plan: Plan, room: Observed) -> Iterator[str]:
    started, seen = {start.job for start in plan.starts}, set[JobId]()
    for claim in plan.claims:
        entry = room.jobs.get(claim.job)
        if entry is None or entry.attempt is not None or claim.job in started:
            yield f"job {claim.job} has a claim and is not pending"
        elif claim.job in seen:
            yield f"job {claim.job} has two claims"
        elif claim not in room.claims:
            yield from _broken_gang(claim.placements, entry.job)
        seen.add(claim.job)


@dataclass(slots=True)
class _Load:
    """What a node holds or keeps: `stays` by jobs that stay, `vacates` by those that leave."""

    stays: Resources = field(default_factory=Resources)
    vacates: Resources = field(default_factory=Resources)
    starts: Resources = field(default_factory=Resources)
    claimed: Resources = field(default_factory=Resources)


def _over_capacity(plan: Plan, room: Observed) -> Iterator[str]:
    starts = [(start.job, start.placements) for start in plan.starts]
    fresh = [(claim.job, claim.placements) for claim in plan.claims if claim not in room.claims]
    started, claimed = _on_nodes(starts, room), _on_nodes(fresh, room)
    loads = _loads(plan, room, {*started, *claimed})
    for node_id in sorted(loads):
        node, load = room.nodes.get(node_id), loads[node_id]
        if node is None or node.state is not NodeState.UP:
            yield f"node {node_id} is not up"
            continue
        present = load.stays + load.starts
        if not (present + load.vacates).fits(node.capacity):
            yield f"node {node_id} would be over its capacity"
        elif not (present + load.claimed).fits(node.capacity):
            yield f"node {node_id} would not have what is claimed on it"


def _loads(plan: Plan, room: Observed, nodes: set[NodeId]) -> dict[NodeId, _Load]:
    loads = {node: _Load() for node in nodes}
    leaving = {eviction.job for eviction in plan.evictions}
    for entry in room.jobs.values() if nodes else ():
        attempt = entry.attempt
        if attempt is None:
            continue
        for task in attempt.open_tasks():
            if load := loads.get(task.node):
                holds = entry.job.groups[task.group].request(task.flavor)
                if attempt.vacating or entry.job.id in leaving:
                    load.vacates += holds
                else:
                    load.stays += holds
    for node, amount in _on_nodes(((start.job, start.placements) for start in plan.starts), room).items():
        loads[node].starts += amount
    for node, amount in _on_nodes(((claim.job, claim.placements) for claim in plan.claims), room).items():
        if load := loads.get(node):
            load.claimed += amount
    return loads


def _on_nodes(
    placed: Iterable[tuple[JobId, tuple[Placement, ...]]], room: Observed
) -> dict[NodeId, Resources]:
    """What these take of each node; of jobs and groups that are not known nothing."""
    wanted: dict[NodeId, Resources] = {}
    for job_id, placements in placed:
        entry = room.jobs.get(job_id)
        for place in placements if entry else ():
            if entry and place.group < len(entry.job.groups):
                wanted[place.node] = wanted.get(place.node, Resources()) + held_by(entry.job, place)
    return wanted
