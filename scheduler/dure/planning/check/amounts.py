"""Amounts by resource name, node by node: plain dictionaries, nothing shared with the planner's vectors."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeAlias

from dure.model.job import Job, NodeId, Placement, held_by, task_placements
from dure.model.resources import ResourceName, Resources
from dure.model.snapshot import Running

Amounts: TypeAlias = dict[ResourceName, int]
Spots: TypeAlias = dict[NodeId, Amounts]


def add(amounts: Amounts, more: Iterable[tuple[ResourceName, int]], times: int = 1) -> None:
    """Add so many times the amounts."""
    for name, amount in more:
        amounts[name] = amounts.get(name, 0) + times * amount


def spread(into: Spots, job: Job, placements: Iterable[Placement], times: int = 1) -> None:
    """Count what these placements of a job hold, node by node."""
    for placement in placements:
        add(into.setdefault(placement.node, {}), held_by(job, placement).items(), times)


def spots(job: Job, placements: Iterable[Placement]) -> Spots:
    """What these placements hold, node by node."""
    found: Spots = {}
    spread(found, job, placements)
    return found


def still_held(running: Running) -> tuple[Placement, ...]:
    """The places of tasks that have not ended; what is whole stays in one piece."""
    if all(times.ended is None for times in running.tasks):
        return running.placements
    tasks = zip(running.tasks, task_placements(running.placements), strict=True)
    return tuple(placement for times, placement in tasks if times.ended is None)


def together(on_nodes: Mapping[NodeId, Amounts]) -> Amounts:
    """The sum over all nodes, without what is nothing."""
    total: Amounts = {}
    for amounts in on_nodes.values():
        add(total, amounts.items())
    return {name: amount for name, amount in total.items() if amount}


def named(resources: Resources) -> Amounts:
    """Resources as a dictionary."""
    return dict(resources.items())


def lacking(wanted: Mapping[ResourceName, int], free: Mapping[ResourceName, int]) -> Amounts:
    """By how much what is wanted is more than what is free, on the axes that are wanted."""
    return {n: a - free.get(n, 0) for n, a in wanted.items() if a > 0 and a > free.get(n, 0)}
