"""A small room for forecasts: three nodes, two tenants, some jobs that run and some that wait."""

from __future__ import annotations

from dataclasses import replace

from dure.model.instants import HOUR, MINUTE, Instant, Millis
from dure.model.job import Job, Placement, TaskGroup
from dure.model.money import Money
from dure.model.node import Node, Pool
from dure.model.resources import Resources
from dure.model.rules import PriceVersion, Rate, Rules
from dure.model.snapshot import Pending, Running, Snapshot, TaskTimes
from dure.model.tenant import Tenant

NOW: Instant = 100 * HOUR
NODES = tuple(Node(f"n{n}", "p", Resources(cpu=4000)) for n in range(3))
RULES = Rules(
    room="small",
    pools=(Pool("p", "local", NODES),),
    tenants=(Tenant("a"), Tenant("b")),
    prices=(PriceVersion("2026", 0, (Rate("cpu", Money.won(60)),)),),
)


def job(name: str, cores: int, limit: Millis | None = HOUR, tenant: str = "a", user: str = "u") -> Job:
    """A job of one task, submitted now."""
    return Job(name, tenant, user, NOW, (TaskGroup(cpu=cores * 1000),), time_limit=limit)


def running(one: Job, node: str, since: Instant) -> Running:
    """The job under way on a node."""
    return Running(one, 1, since, (Placement(0, node),), (TaskTimes(since),))


def full_room(*waiting: Job, since: Instant = NOW - 10 * MINUTE) -> Snapshot:
    """All three nodes taken, by jobs with a limit of an hour; these wait."""
    busy = tuple(running(replace(job(f"r{n}", 4), submitted=since), f"n{n}", since) for n in range(3))
    pending = tuple(Pending(one) for one in sorted(waiting, key=lambda one: one.id))
    return Snapshot(at=NOW, nodes=NODES, pending=pending, running=busy)
