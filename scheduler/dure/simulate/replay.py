"""A trace played through a Room: whose jobs, what they ask for, which nodes, and when each one ran."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from dure.forecast.engine import Arrival, Outcome, Replay
from dure.model.instants import SECOND, Millis
from dure.model.job import Job, JobId, TaskGroup, TenantId
from dure.model.node import Node, Pool
from dure.model.resources import Resources
from dure.model.rules import Rules
from dure.model.snapshot import Snapshot
from dure.planning.room import Room
from dure.simulate.lines import TraceError
from dure.simulate.tenancy import Tenancy, equal_tenants, mapped_tenants
from dure.simulate.trace import Trace, TraceJob

_CPU: Final = 1000
_SAY_EVERY: Final = 500


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
    """How a trace is played. `enforce_limits` ends jobs at their limits; else they run on as they did."""

    estimates: Estimates = Estimates.REQUESTED
    room: RoomOf = RoomOf.TRACE
    enforce_limits: bool = False
    tenants: Mapping[str, TenantId] | None = None


@dataclass(frozen=True, slots=True)
class Played:
    """A trace that was played. `times`: (start, end) in seconds of the trace, of every job that ran."""

    trace: Trace
    tenant_of: Mapping[str, TenantId]
    capacity: Resources
    times: Mapping[JobId, tuple[int, int]]
    decides: int


def play(
    trace: Trace, rules: Rules, settings: Settings, said: Callable[[int], None] = lambda _: None
) -> Played:
    """Play the whole trace; `said` hears from time to time how many jobs have ended since it last did.

    The bundle's planning options, flavors and, where tenants are mapped, tenants are in force; its calendar is
    not: a trace is of another time. Raises TraceError where there is no room to play in.
    """
    tenancy = _tenancy(trace, rules, settings)
    rules = replace(rules, pools=_pools(trace, rules, settings), tenants=tenancy.tenants, calendar=())
    nodes = tuple(sorted((node for pool in rules.pools for node in pool.nodes), key=lambda node: node.id))
    room, arrivals = Room.of(Snapshot(nodes=nodes), rules), _Arrivals(trace, rules, settings, tenancy)
    replay = Replay(room, rules, arrivals, enforce_limits=settings.enforce_limits)
    times = _times(replay, said)
    capacity = sum((node.capacity for node in nodes), Resources())
    return Played(trace, tenancy.of, capacity, times, replay.decides)


def _times(replay: Replay, said: Callable[[int], None]) -> dict[JobId, tuple[int, int]]:
    times: dict[JobId, tuple[int, int]] = {}
    done = (ran for ran in replay.ran() if ran.outcome is not Outcome.EVICTED)
    for number, ran in enumerate(done, 1):
        times[ran.job.id] = (ran.started // SECOND, ran.ended // SECOND)
        if number % _SAY_EVERY == 0:
            said(_SAY_EVERY)
    said(len(times) % _SAY_EVERY)
    return times


def _tenancy(trace: Trace, rules: Rules, settings: Settings) -> Tenancy:
    owners = (job.owner for job in trace.jobs)
    if settings.tenants is None:
        return equal_tenants(owners)
    return mapped_tenants(owners, settings.tenants, rules.tenants)


def _pools(trace: Trace, rules: Rules, settings: Settings) -> tuple[Pool, ...]:
    if settings.room is RoomOf.BUNDLE:
        if not any(pool.nodes for pool in rules.pools):
            raise TraceError(f"bundle {rules.room} declares no nodes; declare some, or use --room trace")
        return rules.pools
    if trace.processors is None:
        raise TraceError(f"{trace.name} does not say how many processors there were; use --room bundle")
    return (Pool("trace", "local", (Node("trace", "trace", Resources(cpu=trace.processors * _CPU)),)),)


class _Arrivals:
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
        limit = self._limit(row, tenant)
        run = row.run * SECOND
        job = Job(
            row.id, tenant, row.user, row.submit * SECOND, self._asked(row.tasks),
            preemptible=True, time_limit=limit,
        )  # fmt: skip
        return Arrival(job, run)

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
