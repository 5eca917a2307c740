"""How much of each node is taken by attempts of ours, kept up to date as they come and go."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from dure.model.job import Job, JobId, NodeId, Placement, held_by
from dure.model.node import Node, NodeState
from dure.model.resources import Resources
from dure.ports import Refused


@dataclass
class Places:
    """What jobs hold: of each the placements of tasks that are not over, and of a start that is on its way."""

    _held: dict[NodeId, Resources] = field(default_factory=dict)
    _of: dict[JobId, tuple[Job, tuple[Placement, ...]]] = field(default_factory=dict)

    def put(self, job: Job, placements: tuple[Placement, ...]) -> None:
        """From now on this is what the job holds, in place of what it held; nothing where there are none."""
        self._add(self._of.pop(job.id, None), -1)
        if placements:
            self._of[job.id] = (job, placements)
            self._add(self._of[job.id], 1)

    def drop(self, job: JobId) -> None:
        """It holds nothing any more."""
        self._add(self._of.pop(job, None), -1)

    def check(self, job: Job, placements: Iterable[Placement], nodes: Mapping[NodeId, Node]) -> None:
        """Whether there is room for this job. Raises Refused."""
        wanted: dict[NodeId, Resources] = {}
        for placement in placements:
            wanted[placement.node] = wanted.get(placement.node, Resources()) + held_by(job, placement)
        for name, more in wanted.items():
            _check_node(nodes.get(name), name, self._held.get(name, Resources()) + more)

    def _add(self, held: tuple[Job, tuple[Placement, ...]] | None, sign: int) -> None:
        if held is None:
            return
        for placement in held[1]:
            before = self._held.get(placement.node, Resources())
            self._held[placement.node] = before + held_by(held[0], placement) * sign


def _check_node(node: Node | None, name: NodeId, held: Resources) -> None:
    if node is None:
        raise Refused(f"node {name} is not in this pool")
    if node.state is not NodeState.UP:
        raise Refused(f"node {name} is {node.state}")
    if not held.fits(node.capacity):
        raise Refused(f"node {name} has no room for this any more")
