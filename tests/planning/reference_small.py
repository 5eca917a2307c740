"""Rooms of one flavor that can be worked out by hand, for the reference planner and whoever it is compared with."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from dure.model.instants import HOUR, SECOND
from dure.model.job import Job, Placement, TaskGroup
from dure.model.node import GpuFlavor, Node
from dure.model.plan import Claim, Eviction, Reservation, Rule
from dure.model.resources import Quota, Resources
from dure.model.rules import BetweenBorrowers, Planning, Rules, WithinTenant
from dure.model.snapshot import Pending, Running, Snapshot, TaskTimes
from dure.model.tenant import Tenant

NOW = 1_000 * SECOND
FLAVORS = (GpuFlavor("a", 1000), GpuFlavor("b", 400))
FAIR, PRIORITY = BetweenBorrowers.FAIR, WithinTenant.PRIORITY


def tenant(
    name: str, parent: str | None = None, g: int | None = None, limit: int | None = None, weight: int = 1
) -> Tenant:
    """A tenant with a guarantee `g` and a limit of devices of flavor a."""
    stated = {} if g is None else {"gpu:a": g}
    most = {} if limit is None else {"gpu:a": limit}
    return Tenant(name, parent, weight=weight, guarantee=Quota.of(stated), limit=Quota.of(most))


@dataclass
class Scene:
    """A room with a devices on each node (`n0`, `n1`, ...), and no memory of the past."""

    devices: tuple[int, ...]
    tenants: tuple[Tenant, ...]
    planning: Planning = field(default_factory=lambda: Planning(memory=0.0))
    runs: list[Running] = field(default_factory=list)
    queue: list[Pending] = field(default_factory=list)
    claimed: list[Claim] = field(default_factory=list)
    reserved: list[Reservation] = field(default_factory=list)

    def runs_job(
        self, name: str, of: str, on: str, devices: int = 1, ago: int = 60, limit: int | None = HOUR,
        preemptible: bool = True, priority: int = 0, vacating: bool = False, checkpoint: int | None = None,
        evictions: int = 0,
    ) -> Scene:  # fmt: skip
        """A job of one task that runs on a node since `ago` seconds."""
        job = Job(name, of, "u", 0, (TaskGroup(1, 1, 0, devices, ("a",)),), time_limit=limit,
                  preemptible=preemptible, priority=priority)  # fmt: skip
        since = NOW - ago * SECOND
        run = Running(job, 1, since, (Placement(0, on, "a"),), (TaskTimes(since),), evictions=evictions)
        if checkpoint is not None:
            run = replace(run, checkpoint=NOW - checkpoint * SECOND)
        if vacating:
            told = Eviction(name, 1, Rule.RECLAIM, "x")
            run = replace(run, vacating=told, vacating_since=NOW - SECOND)
        self.runs.append(run)
        return self

    def waits(
        self, name: str, of: str, devices: int = 1, count: int = 1, limit: int | None = HOUR,
        preemptible: bool = True, priority: int = 0, flavors: tuple[str, ...] = ("a",), held: bool = False,
        age: int = 0,
    ) -> Scene:  # fmt: skip
        """A pending gang of equal tasks."""
        groups = (TaskGroup(count, 1, 0, devices, flavors),)
        job = Job(name, of, "u", NOW - age * SECOND, groups, time_limit=limit, preemptible=preemptible,
                  priority=priority)  # fmt: skip
        self.queue.append(Pending(job, held=held))
        return self

    def claims(self, name: str, on: str, ago: int = 5, guaranteed: bool = True, tasks: int = 1) -> Scene:
        """A pending job has a claim on a node since `ago` seconds."""
        self.claimed.append(
            Claim(name, NOW - ago * SECOND, (Placement(0, on, "a", tasks),), guaranteed)
        )  # fmt: skip
        return self

    def holds(self, name: str, on: str, at: int) -> Scene:
        """A pending job holds a borrower's reservation."""
        self.reserved.append(Reservation(name, NOW + at * SECOND, (Placement(0, on, "a"),)))
        return self

    @property
    def rules(self) -> Rules:
        """The policy."""
        return Rules("hand", planning=self.planning, flavors=FLAVORS, tenants=self.tenants)

    @property
    def snapshot(self) -> Snapshot:
        """The room."""
        nodes = tuple(
            Node(f"n{n}", "pool", Resources.of(100, 100, {"a": devices}))
            for n, devices in enumerate(self.devices)
        )
        return Snapshot(
            at=NOW, watermark=NOW, nodes=nodes,
            pending=tuple(sorted(self.queue, key=lambda one: one.job.id)),
            running=tuple(sorted(self.runs, key=lambda one: one.job.id)),
            claims=tuple(self.claimed), reservations=tuple(self.reserved),
        )  # fmt: skip


def scene(devices: tuple[int, ...], *tenants: Tenant, **planning: object) -> Scene:
    """A room with such nodes and tenants; `planning` as in `Planning`."""
    fields: dict[str, object] = {"memory": 0.0, **planning}
    return Scene(devices, tenants, Planning(**fields))  # type: ignore[arg-type]  # the tests' own fields
