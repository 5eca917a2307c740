"""Small rooms with numbers that can be worked out by hand."""

from __future__ import annotations

from dure.model.change import Starting, Submitted, TaskStarted
from dure.model.instants import HOUR
from dure.model.job import Job, TaskGroup
from dure.model.node import GpuFlavor, Node, NodeState
from dure.model.plan import Plan
from dure.model.resources import Quota, Resources
from dure.model.rules import Order, Planning, Rules
from dure.model.snapshot import Snapshot
from dure.model.tenant import Tenant
from dure.planning.room import Room

FLAVORS = (GpuFlavor("a100", 1000), GpuFlavor("t4", 250))


def node(name: str, cpu: int = 0, state: NodeState = NodeState.UP, **gpus: int) -> Node:
    """A node with memory enough."""
    return Node(name, "pool", Resources.of(cpu, 1000, gpus), state)


def tenant(
    name: str,
    parent: str | None = None,
    weight: int = 1,
    guarantee: int | None = None,
    limit: int | None = None,
) -> Tenant:
    """A tenant with a guarantee and a limit of a100 devices."""
    stated = {} if guarantee is None else {"gpu:a100": guarantee}
    most = {} if limit is None else {"gpu:a100": limit}
    return Tenant(name, parent, weight=weight, guarantee=Quota.of(stated), limit=Quota.of(most))


def job(name: str, of: str, gpus: int = 0, **other: object) -> Job:
    """A job of one task with a100 devices, or of one cpu without."""
    flavors = ("a100",) if gpus else ()
    groups = (TaskGroup(1, 0 if gpus else 1, 0, gpus, flavors),)
    fields: dict[str, object] = {"user": "u", "submitted": 0, "groups": groups, "time_limit": HOUR}
    return Job(id=name, tenant=of, **{**fields, **other})  # type: ignore[arg-type]  # the tests' own fields


class Small:
    """A room at instant 0, and plans carried out whole."""

    def __init__(
        self, nodes: list[Node], tenants: list[Tenant], order: Order = Order.FAIR, memory: float = 0.0
    ) -> None:
        planning = Planning(order=order, memory=memory)
        self.rules = Rules("room", planning=planning, flavors=FLAVORS, tenants=tuple(tenants))
        self.room = Room.of(Snapshot(nodes=tuple(sorted(nodes, key=lambda one: one.id))), self.rules)
        self.now = 0

    def submit(self, *jobs: Job) -> None:
        """Jobs come, without a decision."""
        for one in jobs:
            self.room.apply(Submitted(self.now, one))

    def carry_out(self) -> Plan:
        """Decide, and start all that was decided."""
        plan = self.room.decide(self.now)
        for start in plan.starts:
            self.room.apply(Starting(self.now, start.job, start.attempt, start.placements))
            for task in range(sum(placement.tasks for placement in start.placements)):
                self.room.apply(TaskStarted(self.now, start.job, start.attempt, task))
        return plan

    def run(self, *jobs: Job) -> list[str]:
        """Jobs come, and those that may start do: their ids in order."""
        self.submit(*jobs)
        return [start.job for start in self.carry_out().starts]
