"""What tasks occupied, as a backend's own records of jobs tell: where a planner's account begins from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from dure.model.instants import Instant
from dure.model.job import JobId, NodeId, task_placements
from dure.model.node import Node
from dure.model.record import AttemptRecord, JobRecord
from dure.model.resources import Resources
from dure.model.use import CapacityFact


@dataclass(frozen=True, slots=True)
class Occupied:
    """A task's place over [started, ended); `ended` is None while it runs. `under` names a calendar entry."""

    job: JobId
    attempt: int
    task: int
    node: NodeId
    resources: Resources
    started: Instant
    ended: Instant | None = None
    under: str = ""


def occupied(records: Iterable[JobRecord], since: Instant) -> tuple[Occupied, ...]:
    """Every task that ran at `since` or later, of jobs that are over and of jobs that are not."""
    return tuple(
        task
        for record in records
        for attempt in record.attempts
        for task in _tasks(record, attempt)
        if task.ended is None or task.ended > since
    )


def _tasks(record: JobRecord, attempt: AttemptRecord) -> Iterator[Occupied]:
    places = task_placements(attempt.placements)
    for number, (place, task) in enumerate(zip(places, attempt.tasks, strict=True)):
        if task.started is not None:
            resources = record.job.groups[place.group].request(task.flavor)
            yield Occupied(
                record.job.id, attempt.attempt, number, task.node, resources, task.started, task.ended,
                attempt.under,
            )  # fmt: skip


def nodes_at(facts: Iterable[CapacityFact], at: Instant, pool: str) -> tuple[Node, ...]:
    """The nodes of a pool at an instant, by id, as the ledger's facts of capacity tell."""
    nodes: dict[NodeId, Node | None] = {}
    for fact in sorted(facts, key=lambda fact: fact.at):
        if fact.at <= at:
            nodes[fact.node_id] = fact.node
    return tuple(node for _, node in sorted(nodes.items()) if node is not None and node.pool == pool)
