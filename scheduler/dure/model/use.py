"""Metered use: slices, the states a device or a node's cpu and memory can be in, and facts of capacity."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from dure.model.instants import Instant, Interval
from dure.model.job import JobId, NodeId, TenantId, UserId
from dure.model.node import Node
from dure.model.resources import Flavor, ResourceName

SliceKey: TypeAlias = tuple[str, str, str, int, ResourceName, Instant]
"""(source, cluster, uid, attempt, resource, start)."""


class State(StrEnum):
    """At every instant each device, and each node's cpu and memory, is in exactly one of these (DESIGN 4)."""

    TENANT = "tenant"
    SYSTEM = "system"
    VACATING = "vacating"
    RESERVED = "reserved"
    DOWN = "down"
    UNOBSERVED = "unobserved"
    IDLE = "idle"


@dataclass(frozen=True, slots=True)
class Slice:
    """One resource of one attempt over [start, end).

    `source` is the backend (`local`, ...; `planner` for states that are nobody's use), `cluster` the pool,
    `uid` the smallest placed thing (`JOB.TASK` locally; the node for other states). `amount` in millicores,
    MiB or devices, constant over the slice. `devices` are indexes on the node where known. `grace`: use after
    the job was told to end. `corrects` names the slice that this one takes from; its `amount` is then negative.
    """

    source: str
    cluster: str
    uid: str
    attempt: int
    resource: ResourceName
    start: Instant
    end: Instant
    amount: int
    state: State
    node: NodeId
    tenant: TenantId = ""
    user: UserId = ""
    project: str = ""
    job: JobId = ""
    flavor: Flavor = ""
    devices: tuple[int, ...] = ()
    grace: bool = False
    corrects: SliceKey | None = None

    @property
    def key(self) -> SliceKey:
        """What makes a slice the same slice: writing it twice changes nothing."""
        return (self.source, self.cluster, self.uid, self.attempt, self.resource, self.start)

    @property
    def interval(self) -> Interval:
        """[start, end). Raises ValueError where the slice ends before it starts."""
        return Interval(self.start, self.end)


@dataclass(frozen=True, slots=True)
class CapacityFact:
    """From `at` on a node has this capacity and state; None: the node is gone. A fact of the ledger."""

    at: Instant
    node_id: NodeId
    node: Node | None
