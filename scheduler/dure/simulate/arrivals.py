"""A log's jobs as they come to the room: whose they are, what they ask for, and what the planner is told."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from dure.forecast.engine import Arrival
from dure.model.instants import SECOND, Millis
from dure.model.job import Job, TaskGroup, TenantId
from dure.model.node import Node
from dure.model.rules import Rules
from dure.simulate.tenancy import Tenancy
from dure.simulate.trace import Trace, TraceJob


class Estimates(StrEnum):
    """What the planner is told of a job's length: what its user asked for, or the truth."""

    REQUESTED = "requested"
    EXACT = "exact"


class RoomOf(StrEnum):
    """Whose nodes: one of the trace's number of processors (memory ignored), or those of the bundle."""

    TRACE = "trace"
    BUNDLE = "bundle"


@dataclass(frozen=True, slots=True)
class Settings:
    """How a trace is played. `enforce_limits` ends jobs at their limits; else they run on as they did.

    `checkpoint_interval` in ms is that of every job, None: evicted ones begin again. `added` nodes stand beside
    those of the room. `copies`: so many times the tenants and their load (`copies.py`).
    """

    estimates: Estimates = Estimates.REQUESTED
    room: RoomOf = RoomOf.TRACE
    enforce_limits: bool = False
    tenants: Mapping[str, TenantId] | None = None
    added: tuple[Node, ...] = ()
    copies: int = 1
    checkpoint_interval: Millis | None = None


class Arrivals:
    """The trace's jobs by submit time, each made only when it comes."""

    def __init__(self, trace: Trace, rules: Rules, settings: Settings, tenancy: Tenancy) -> None:
        self._jobs = sorted(trace.jobs, key=lambda job: job.submit)
        self._settings, self._tenancy = settings, tenancy
        self._planning = rules.planning
        self._limits = {tenant.id: tenant.default_time_limit for tenant in tenancy.tenants}
        self._flavors = tuple(flavor.name for flavor in rules.flavors)
        self._groups: dict[TaskGroup, tuple[TaskGroup, ...]] = {}

    def __iter__(self) -> Iterator[Arrival]:
        return map(self._arrival, self._jobs)

    def _arrival(self, row: TraceJob) -> Arrival:
        tenant = self._tenancy.of[row.owner]
        job = Job(
            row.id, tenant, row.user, row.submit * SECOND, self._asked(row.tasks),
            preemptible=True, time_limit=self._limit(row, tenant),
            checkpoint_interval=self._settings.checkpoint_interval,
        )  # fmt: skip
        return Arrival(job, row.run * SECOND)

    def _limit(self, row: TraceJob, tenant: TenantId) -> Millis:
        """What the planner is told; without a limit of the row's own or by default, the truth."""
        if self._settings.estimates is Estimates.EXACT:
            return row.run * SECOND
        if row.limit is not None:
            return row.limit * SECOND
        return self._limits[tenant] or self._planning.default_time_limit or row.run * SECOND

    def _asked(self, group: TaskGroup) -> tuple[TaskGroup, ...]:
        if (groups := self._groups.get(group)) is None:
            groups = self._groups[group] = (self._placed(group),)
        return groups

    def _placed(self, group: TaskGroup) -> TaskGroup:
        """On the trace's one node all tasks are as good as one, and cheaper; any flavor will do by default."""
        if self._settings.room is RoomOf.TRACE:
            return replace(group, count=1, cpu=group.count * group.cpu, memory=0)
        if group.gpus and not group.flavors:
            return replace(group, flavors=self._flavors)
        return group
