"""The planner's speed: one arrival and one end in queues of 1,000 and of 10,000, and a room planned cold.

`python bench/plan.py [--quick]`. Rooms are made here, the same every time. Times are of `apply` and the `decide`
that follows, the median over many; a ratio of about 1 says that a decision costs what changed, not what exists.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from itertools import count
from random import Random
from statistics import median
from time import perf_counter

from rich.console import Console
from rich.table import Table

from dure.model.change import Ended, Starting, Submitted, TaskEnded, TaskStarted
from dure.model.instants import HOUR, SECOND
from dure.model.job import Job, TaskGroup
from dure.model.node import GpuFlavor, Node
from dure.model.resources import Quota, Resources
from dure.model.rules import Order, Planning, Rules
from dure.model.snapshot import Pending, Snapshot
from dure.model.tenant import Tenant
from dure.planning.room import Room

NOW = 1_000 * HOUR
TENANTS = 40
FLAVORS = (GpuFlavor("h100", 2000), GpuFlavor("a100", 1000))


def rules(order: Order, memory: float, quota: bool) -> Rules:
    """Forty tenants of three programmes, with guarantees and limits or without."""
    stated = Quota.of({"gpu:h100": 4, "gpu:a100": 8}) if quota else Quota()
    limit = Quota.of({"gpu:h100": 400, "gpu:a100": 400}) if quota else Quota()
    programmes = tuple(Tenant(f"p{n}") for n in range(3))
    companies = tuple(
        Tenant(f"t{n:02}", f"p{n % 3}", weight=1 + n % 3, guarantee=stated, limit=limit)
        for n in range(TENANTS)
    )
    planning = Planning(order=order, memory=memory)
    return Rules("bench", planning=planning, flavors=FLAVORS, tenants=programmes + companies)


def nodes(many: int) -> tuple[Node, ...]:
    """Machines of eight devices, every fourth with the better ones."""
    flavors = ("h100", "a100", "a100", "a100")
    return tuple(
        Node(f"n{n:04}", "pool", Resources.of(64_000, 512_000, {flavors[n % 4]: 8})) for n in range(many)
    )


def job(random: Random, number: int, classes: int) -> Job:
    """One of so many classes of jobs; ids count up, and later ones come later."""
    kind = Random(random.randrange(classes))
    gpus = kind.choice([0, 1, 1, 2, 4, 8])
    group = TaskGroup(
        count=kind.choice([1, 1, 1, 2, 4]),
        cpu=kind.choice([1_000, 4_000, 8_000]),
        memory=kind.choice([4_000, 16_000, 32_000]),
        gpus=gpus,
        flavors=kind.choice([("h100", "a100"), ("a100",)]) if gpus else (),
    )
    tenant = f"t{kind.randrange(TENANTS):02}"
    limit = kind.randint(1, 96) * HOUR // 4
    return Job(str(number), tenant, kind.choice("uvw"), NOW + number, (group,), time_limit=limit)


class Bench:
    """A full room with so many jobs pending in so many classes."""

    def __init__(self, by: Rules, machines: int, pending: int, classes: int) -> None:
        self._random = Random(1)
        self._classes = classes
        self._numbers = count(1)
        self._now = NOW
        self.running: list[tuple[str, int]] = []
        self.room = Room.of(Snapshot(at=NOW, watermark=NOW, nodes=nodes(machines)), by)
        self._fill(pending)

    def _fill(self, pending: int) -> None:
        waiting = 0
        while waiting < pending:
            for _ in range(pending - waiting):
                self.room.apply(Submitted(self._now, self._job()))
            waiting = pending - self.start()

    def _job(self) -> Job:
        return job(self._random, next(self._numbers), self._classes)

    def start(self) -> int:
        """Decide, and carry the plan out; how many started."""
        starts = self.room.decide(self._now).starts
        for start in starts:
            self.room.apply(Starting(self._now, start.job, start.attempt, start.placements))
            tasks = sum(placement.tasks for placement in start.placements)
            for task in range(tasks):
                self.room.apply(TaskStarted(self._now, start.job, start.attempt, task))
            self.running.append((start.job, tasks))
        return len(starts)

    def arrival(self) -> float:
        """Seconds that one arrival takes; should it start, that is carried out unmeasured."""
        self._now += SECOND
        change = Submitted(self._now, self._job())
        took = timed(lambda: self._told(change))
        self.start()
        return took

    def end(self) -> float:
        """Seconds that the end of one job takes; what starts in its place is carried out unmeasured."""
        self._now += SECOND
        ended, tasks = self.running.pop(self._random.randrange(len(self.running)))
        changes = [*(TaskEnded(self._now, ended, 1, task) for task in range(tasks))]
        took = timed(lambda: self._told(*changes, Ended(self._now, ended, 1, succeeded=True)))
        self.start()
        return took

    def _told(self, *changes: Submitted | TaskEnded | Ended) -> None:
        for change in changes:
            self.room.apply(change)
        self.room.decide(self._now)


def timed(do: Callable[[], object]) -> float:
    """Seconds that something takes."""
    before = perf_counter()
    do()
    return perf_counter() - before


def cases(quick: bool) -> Iterator[tuple[str, Rules, int]]:
    """(what it is, rules, classes)."""
    few, many = 40, 400
    yield "fifo", rules(Order.FIFO, 0.0, quota=False), few
    yield "fair, no memory", rules(Order.FAIR, 0.0, quota=False), few
    yield "fair", rules(Order.FAIR, 0.5, quota=False), few
    yield "fair, quotas", rules(Order.FAIR, 0.5, quota=True), few
    if not quick:
        yield "fifo, 400 classes", rules(Order.FIFO, 0.0, quota=False), many
        yield "fair, 400 classes", rules(Order.FAIR, 0.5, quota=False), many
        yield "fair, quotas, 400 classes", rules(Order.FAIR, 0.5, quota=True), many


def measured(by: Rules, classes: int, times: int) -> list[tuple[float, float]]:
    """(arrival, end) in ms at 1,000 and at 10,000 pending."""
    found = []
    for pending in (1_000, 10_000):
        bench = Bench(by, 100, pending, classes)
        arrival = median(bench.arrival() for _ in range(times))
        end = median(bench.end() for _ in range(times))
        found.append((arrival * 1e3, end * 1e3))
    return found


def cold(machines: int, pending: int) -> float:
    """Seconds to take up and plan a room of which nothing is known yet."""
    random = Random(2)
    queue = tuple(sorted((Pending(job(random, n, 400)) for n in range(pending)), key=lambda one: one.job.id))
    snapshot = Snapshot(at=NOW, watermark=NOW, nodes=nodes(machines), pending=queue)
    by = rules(Order.FAIR, 0.5, quota=True)
    return timed(lambda: Room.of(snapshot, by).decide(NOW))


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer cases and repetitions")
    quick = parser.parse_args().quick
    table = Table(title="One change and the decision after it, ms (100 nodes)")
    for title in ("order", "arrival, 1,000", "10,000", "ratio", "end, 1,000", "10,000", "ratio"):
        table.add_column(title, justify="left" if title == "order" else "right")
    for name, by, classes in cases(quick):
        (arrival, end), (later_arrival, later_end) = measured(by, classes, 21 if quick else 101)
        numbers = (arrival, later_arrival, later_arrival / arrival, end, later_end, later_end / end)
        table.add_row(name, *(f"{number:.2f}" for number in numbers))
    console = Console(width=110)
    console.print(table)
    started = Table(title="A cold plan, s")
    for title in ("nodes", "pending", "seconds"):
        started.add_column(title, justify="right")
    for machines, pending in ((1_000, 1_000),) if quick else ((1_000, 1_000), (1_000, 10_000)):
        started.add_row(f"{machines:,}", f"{pending:,}", f"{cold(machines, pending):.2f}")
    console.print(started)


if __name__ == "__main__":
    main()
