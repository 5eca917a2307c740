"""A desk from which tests drive any backend in plain calls, and the rooms that backends are tried in."""

import asyncio
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, TypeVar

from dure.model.change import Change, NodeSet
from dure.model.instants import Instant, Interval
from dure.model.job import Job, Placement, TaskGroup
from dure.model.node import Node, Pool
from dure.model.plan import Start
from dure.model.record import AttemptRecord, JobRecord, JobState
from dure.model.resources import Resources
from dure.model.rules import Planning, Rules
from dure.model.tenant import Tenant
from dure.model.use import Slice
from dure.ports import Backend

Answer = TypeVar("Answer")

PATIENCE = 60.0  # seconds; a hang is a failure, however slow the machine


class WallClock:
    """The machine's clock, and what a test adds to it."""

    def __init__(self) -> None:
        self.off = 0

    def now(self) -> Instant:
        return time.time_ns() // 1_000_000 + self.off


def two_nodes() -> tuple[Node, ...]:
    """Two virtual nodes: one with two kinds of GPU, one without."""
    return (
        Node("n1", "pool", Resources.of(4000, 2048, {"a100": 2, "t4": 2})),
        Node("n2", "pool", Resources.of(4000, 2048)),
    )


def room(*tenants: Tenant, nodes: tuple[Node, ...] | None = None, grace: int = 600) -> Rules:
    """Rules with one pool and a short grace, in ms."""
    pool = Pool("pool", "local", two_nodes() if nodes is None else nodes)
    return Rules("test", planning=Planning(grace=grace), pools=(pool,), tenants=tenants or (Tenant("lab"),))


class Desk:
    """One backend at a time over one data directory; `again` opens another one over the same."""

    image = ""
    """The image that jobs run, where the backend needs one."""
    unheeded = -15
    """How a program ends that does not listen for SIGTERM."""
    resolution = 1
    """How coarse the instants are that the backend records, in ms: lengths may seem shorter by less than that."""

    def __init__(self, make: Callable[[Rules, Path, WallClock], Backend], rules: Rules, data: Path) -> None:
        self.loop = asyncio.new_event_loop()
        self.clock = WallClock()
        self.data = data
        self.rules = rules
        self._make = make
        self._jobs = 0
        self.open()

    def call(self, work: Coroutine[Any, Any, Answer]) -> Answer:
        return self.loop.run_until_complete(asyncio.wait_for(work, PATIENCE))

    def open(self) -> None:
        self.backend = self._make(self.rules, self.data, self.clock)
        self.call(self.backend.open())
        seen = self.call(self.backend.observe(None, 0))
        self.revision = seen.revision
        self.listed = seen.changes
        self.changes: list[Change] = []

    def close(self) -> None:
        self.call(self.backend.close())

    def capacity(self, node: str) -> Resources:
        """What a node gives, as it was told when the backend was opened."""
        return next(c.node.capacity for c in self.listed if isinstance(c, NodeSet) and c.node.id == node)

    @property
    def large(self) -> TaskGroup:
        """A task of which n1 holds one and not two."""
        return TaskGroup(1, self.capacity("n1").cpu * 3 // 4, 64)

    def again(self) -> None:
        self.close()
        self.open()

    def job(self, *command: str, groups: tuple[TaskGroup, ...] = (), **fields: Any) -> Job:
        self._jobs += 1
        given = {"id": f"job-{self._jobs}", "tenant": "lab", "user": "kim", "submitted": self.clock.now()}
        given |= {"image": self.image} if self.image else {}
        groups = groups or (TaskGroup(1, 100, 64),)
        return Job(**{**given, "command": command or ("true",), "groups": groups, **fields})

    def submit(self, *command: str, **fields: Any) -> Job:
        job = self.job(*command, **fields)
        self.call(self.backend.enqueue(job))
        return job

    def start(self, job: Job, *placements: Placement, attempt: int = 1) -> None:
        everywhere = placements or tuple(
            Placement(number, "n1", group.flavors[0] if group.flavors else "", group.count)
            for number, group in enumerate(job.groups)
        )
        self.call(self.backend.start(Start(job.id, attempt, everywhere, guaranteed=True)))

    def run(self, *command: str, **fields: Any) -> JobRecord:
        """Submit, start and wait for the end."""
        job = self.submit(*command, **fields)
        self.start(job)
        return self.ended(job)

    def record(self, job: Job) -> JobRecord:
        return self.call(self.backend.record(job.id))

    def attempt(self, job: Job) -> AttemptRecord:
        return self.record(job).attempts[-1]

    def until(self, holds: Callable[[], bool]) -> None:
        """Take changes in until something holds; it must within PATIENCE."""
        last = time.monotonic() + PATIENCE
        while not holds():
            assert time.monotonic() < last, f"still waiting; changes so far: {self.changes}"
            self.look(0.05)

    def look(self, wait: float = 0) -> list[Change]:
        seen = self.call(self.backend.observe(self.revision, wait))
        self.revision = seen.revision
        self.changes += seen.changes
        return self.changes

    def ended(self, job: Job) -> JobRecord:
        self.until(lambda: self.record(job).state.final)
        return self.record(job)

    def running(self, job: Job) -> JobRecord:
        self.until(lambda: self.record(job).state is JobState.RUNNING)
        return self.record(job)

    def logged(self, job: Job, text: str, task: int = 0) -> None:
        """Wait until a task has written something."""
        self.until(lambda: text in self.log(job, task))

    def log(self, job: Job, task: int = 0) -> str:
        async def read() -> bytes:
            return b"".join([piece async for piece in self.backend.logs(job.id, task, 0, False)])

        return self.call(read()).decode()

    def end(self, job: Job, reason: str = "cancelled", requeue: bool = False) -> None:
        self.call(self.backend.end(job.id, reason, requeue))

    def slices(self, since: Instant, until: Instant) -> tuple[Interval, tuple[Slice, ...]]:
        metered = self.call(self.backend.slices(since, until))
        return Interval(since, max(since, metered.watermark)), metered.slices

    def finish(self) -> None:
        """End everything and wait until nothing runs; the loop and its threads go too."""
        for record in self.call(self.backend.records()):
            self.call(self.backend.end(record.job.id, "the test is over"))
        self.until(lambda: all(record.state.final for record in self.call(self.backend.records())))
        self.close()
        self.loop.run_until_complete(self.loop.shutdown_default_executor())
        self.loop.close()
