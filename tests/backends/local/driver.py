"""A small server over the local backend: queues some jobs, starts what is pending, and stops when all are over.

Run as a program (`python driver.py DATA MARKS JOBS`) it is there to be killed: at the point that DURE_CRASH_AT
names, or whenever a test likes. Run again, it goes on where it was.
"""

import asyncio
import sys
import time
from pathlib import Path

from dure.backends.local import LocalBackend
from dure.model.instants import Instant
from dure.model.job import Job, Placement, TaskGroup
from dure.model.node import Node, Pool
from dure.model.plan import Start
from dure.model.record import JobState
from dure.model.resources import Resources
from dure.model.rules import Planning, Rules
from dure.ports import Refused

NODES = tuple(Node(f"n{number}", "pool", Resources(4000, 4096)) for number in (1, 2))
POOL = Pool("pool", "local", NODES)
RULES = Rules("test", pools=(POOL,), planning=Planning(grace=300))


class WallClock:
    """The machine's clock."""

    def now(self) -> Instant:
        return time.time_ns() // 1_000_000


def jobs(marks: Path, count: int) -> list[Job]:
    """Short jobs, every third a gang over two nodes, every fifth failing; each task leaves a line when it runs."""
    return [_job(marks, number) for number in range(count)]


def exit_code(number: int) -> int:
    return 3 if number % 5 == 4 else 0


def _job(marks: Path, number: int) -> Job:
    leave_mark = f'echo "$DURE_ATTEMPT" >> "{marks}/$DURE_JOB.$DURE_TASK"'
    script = f"{leave_mark}; sleep 0.0{number % 7}; exit {exit_code(number)}"
    group = TaskGroup(2 if number % 3 == 0 else 1, 1000, 64)
    return Job(f"job-{number:03}", "lab", "kim", 1_000 + number, (group,), ("sh", "-c", script))


def backend(data: Path) -> LocalBackend:
    return LocalBackend(POOL, RULES, data, WallClock())


async def serve(data: Path, queue: list[Job]) -> None:
    """Until every job is over."""
    local = backend(data)
    await local.open()
    revision = (await local.observe(None, 0)).revision
    for job in queue:
        await local.enqueue(job)
    while await _start_what_fits(local):
        revision = (await local.observe(revision, 1.0)).revision
    await local.close()


async def _start_what_fits(local: LocalBackend) -> bool:
    """Whether anything is still to come."""
    records = await local.records()
    for record in records:
        if record.state is JobState.PENDING:
            attempt = record.attempts[-1].attempt + 1 if record.attempts else 1
            placements = [Placement(0, NODES[task].id) for task in range(record.job.tasks)]
            try:
                await local.start(Start(record.job.id, attempt, tuple(placements), guaranteed=True))
            except Refused:
                break
    return not all(record.state.final for record in records)


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1]), jobs(Path(sys.argv[2]), int(sys.argv[3]))))
