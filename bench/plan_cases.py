"""The cases (a) to (e) of the planner's speed; each runs in a process of its own (`python -m bench.plan`)."""

from __future__ import annotations

import gc
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from random import Random
from time import perf_counter, process_time
from typing import Final, TypeVar

from bench.plan_rooms import NOW, Cold, busy, many_small, to_reclaim, wide
from dure.model.change import Ended, Evicting, Promised, Starting, Submitted, TaskEnded, TaskStarted
from dure.model.instants import HOUR, SECOND
from dure.model.job import Job, TaskGroup
from dure.model.plan import Explanation, Plan
from dure.planning.room import Room

_T = TypeVar("_T")


@dataclass(frozen=True)
class Measured:
    """Seconds that something took, once or often, and its processor seconds; what came of it."""

    what: str
    seconds: list[float]
    cpu: list[float]
    told: str = ""


@dataclass
class Clock:
    """Takes the time of one thing again and again."""

    seconds: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)

    def time(self, do: Callable[[], _T]) -> _T:
        """Do it once more."""
        gc.collect()
        busy_before, before = process_time(), perf_counter()
        found = do()
        self.seconds.append(perf_counter() - before)
        self.cpu.append(process_time() - busy_before)
        return found

    def measured(self, what: str, told: str = "") -> Measured:
        """All times so far."""
        return Measured(what, self.seconds, self.cpu, told)


class Steady:
    """A full room in which every plan was carried out until nothing changes; then things happen one by one."""

    def __init__(self, cold: Cold) -> None:
        self._random, self._numbers, self._now = Random(4), count(1_000_000), NOW
        self.room = Room.of(cold.snapshot, cold.rules)
        self.running = {one.job.id: one.attempt for one in cold.snapshot.running}
        self.settle()

    def settle(self) -> None:
        """Carry out plans until one has nothing to do."""
        while self.carry_out(self.room.decide(self._now)):
            self.later()

    def carry_out(self, plan: Plan) -> bool:
        """Start what is to start; what is to leave leaves at once. Whether there was anything to do."""
        tell, now = self.room.apply, self._now
        for eviction in plan.evictions:
            tell(Evicting(now, eviction))
        for start in plan.starts:
            tell(Starting(now, start.job, start.attempt, start.placements, start.under))
            tell(TaskStarted(now, start.job, start.attempt, 0))
            self.running[start.job] = start.attempt
        tell(Promised(now, plan.claims, plan.reservations))
        for eviction in plan.evictions:
            attempt = self.running.pop(eviction.job)
            tell(TaskEnded(now, eviction.job, attempt, 0))
            tell(Ended(now, eviction.job, attempt, succeeded=False, requeue=True))
        for end in plan.ends:
            if end.job in self.running:
                self._end(end.job)
        return bool(plan.starts or plan.evictions or plan.ends)

    def later(self) -> None:
        """A second passes."""
        self._now += SECOND

    def arrival(self) -> Plan:
        """One job comes, and what to do is decided."""
        self.later()
        return self.submit(wide(next(self._numbers), self._random))

    def submit(self, job: Job) -> Plan:
        """A given job comes, and what to do is decided."""
        self.room.apply(Submitted(self._now, job))
        return self.room.decide(self._now)

    def explain(self, job: str) -> Explanation:
        """Why it waits."""
        return self.room.explain(job, self._now)

    def end(self) -> Plan:
        """One job ends, and what to do is decided."""
        self.later()
        self._end(self._random.choice(tuple(self.running)))
        return self.room.decide(self._now)

    def _end(self, job: str) -> None:
        attempt = self.running.pop(job)
        self.room.apply(TaskEnded(self._now, job, attempt, 0))
        self.room.apply(Ended(self._now, job, attempt, succeeded=True))


def planned(cold: Cold, clock: Clock, times: int) -> Plan:
    """The plan of a room of which nothing is known yet, worked out so many times."""
    return [clock.time(lambda: Room.of(cold.snapshot, cold.rules).decide(NOW)) for _ in range(times)][-1]


def a(times: int) -> list[Measured]:
    """From a snapshot to a plan that starts 32,000 small jobs on 1,000 nodes."""
    cold, clock = many_small(), Clock()
    plan = planned(cold, clock, times)
    classes = len(plan.verdicts)
    shapes = len({(one.job.groups, one.job.time_limit) for one in cold.snapshot.pending})
    return [
        clock.measured(
            "32,000 small jobs, cold", f"{len(plan.starts):,} start, {shapes} shapes, {classes} classes"
        )
    ]


def b(times: int) -> list[Measured]:
    """One decision in a room where what is guaranteed must be taken back from seven companies."""
    cold, clock = to_reclaim(), Clock()
    rooms = [Room.of(cold.snapshot, cold.rules) for _ in range(times)]
    plan = [clock.time(lambda: room.decide(NOW)) for room in rooms][-1]  # noqa: B023 - called at once
    held, waiting = len(cold.snapshot.running), len(cold.snapshot.pending)
    told = f"{held:,} run, {waiting:,} wait: {len(plan.evictions):,} leave for {len(plan.claims):,}"
    return [clock.measured("a full reclaim cycle", told)]


def c(times: int) -> list[Measured]:
    """One arrival, and one end, in a room of 1,000 nodes with 10,000 waiting jobs."""
    steady, arrivals, ends = Steady(busy()), Clock(), Clock()
    for _ in range(times * 100):
        steady.carry_out(arrivals.time(steady.arrival))
        steady.settle()
    for _ in range(times * 100):
        steady.carry_out(ends.time(steady.end))
        steady.settle()
    told = f"{len(steady.running):,} run"
    return [arrivals.measured("an arrival", told), ends.measured("an end", told)]


def d(times: int) -> list[Measured]:
    """A gang of ten times eight devices where no more is free, and why it waits."""
    steady, verdicts, explanations = Steady(busy()), Clock(), Clock()
    reasons: set[str] = set()
    for number in range(times * 3):
        steady.later()
        group = TaskGroup(10, 32_000, 128_000, 8, ("h100",))
        gang = Job(f"gang{number}", "t00", "u", NOW, (group,), time_limit=HOUR)
        verdicts.time(lambda: steady.submit(gang))  # noqa: B023 - called at once
        told = explanations.time(lambda: steady.explain(gang.id))  # noqa: B023 - called at once
        reasons |= {str(reason.code) for reason in told.reasons}
    return [
        verdicts.measured("an 80-GPU gang: its verdict"),
        explanations.measured("its full explanation", ", ".join(sorted(reasons))),
    ]


def e(times: int) -> list[Measured]:
    """From a snapshot to a plan with 100,000 waiting jobs."""
    cold, clock = busy(1_000, 100_000), Clock()
    plan = planned(cold, clock, times)
    return [
        clock.measured("100,000 pending, cold", f"{len(plan.starts):,} start, {len(plan.verdicts):,} classes")
    ]


CASES: Final = {"a": a, "b": b, "c": c, "d": d, "e": e}
