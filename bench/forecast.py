"""How good start estimates are: `python -m bench.forecast [--quick] [--samples N]`.

Three recorded workloads are replayed: KTH-SP2 and RICC under policies/easy, the dense window of Philly in fair
order with history on 60 nodes of 8 GPUs. At every k-th submission a forecast is made from what a live room would
know then: the snapshot, the limits, the jobs that ended before. What is learnt on the first half is scored on the
second, learning on as a live room does; forecasts of the first half only teach. The truth is when the replay
started the job.

Beside it stand two forecasts of one future each: the naive one, in which every job runs to its limit, and one by
means, in which every job runs for the mean part of its limit that jobs ran before. Jobs that the Room starts at
once are told so for certain by all three and are left out of all figures but their number. Errors are absolute, of
the start; `held` is how often the job had started by its p90; a forecast beyond the horizon has not held.

Philly knows no limits. Its room gives one by default, as an admin would: by size, the 99th percentile of the run
times in the first half, rounded up to whole days; jobs are not ended at it (the log ran on).
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import ceil
from pathlib import Path
from random import Random
from statistics import mean, median
from typing import Final, cast

from bench.simulate import DENSE, ROOT, TRACES
from dure.forecast.engine import Arrival, Replay
from dure.forecast.estimate import Budget, Estimate, Learnt, estimate_all, estimate_one
from dure.forecast.futures import Bounds, Future
from dure.model.change import AllStarted, Change, Ended, Starting, Submitted
from dure.model.instants import DAY, HOUR, MINUTE, SECOND, Instant, Millis
from dure.model.job import Job, JobId, TaskGroup
from dure.model.node import GpuFlavor, Node, Pool
from dure.model.plan import Plan
from dure.model.resources import Resources
from dure.model.rules import Rules
from dure.model.snapshot import Pending, Snapshot
from dure.model.tenant import Tenant
from dure.planning.room import Room
from dure.simulate.gpu_csv import read_philly
from dure.simulate.swf import read_swf
from dure.simulate.trace import Trace, TraceJob
from dure_policies import read_bundle

SHORT: Final = Budget(limits_end=False)
MIDDLING: Final = Budget(futures=5, events=60_000, limits_end=False)
LONG: Final = Budget(futures=3, least=2, events=60_000, limits_end=False)
"""What an estimate may cost with some tens, some hundreds and some thousands of jobs waiting."""


@dataclass(frozen=True)
class Case:
    """A workload: its jobs by submit time with their run times, the rules of its room, how often to ask."""

    name: str
    arrivals: Sequence[Arrival]
    rules: Rules
    budget: Budget


@dataclass
class Asked:
    """One forecast: how it was said, what the simpler ones said, and what came."""

    estimate: Estimate
    naive: Instant | None
    by_means: Instant | None
    seconds: float
    pending: int
    number: int
    started: Instant | None = None


class Watched(Room):
    """A room that is asked for forecasts as it goes: before the decision at a chosen submission."""

    __slots__ = ("budget", "chosen", "learnt", "limits", "rules", "running", "runs", "scores", "waiting")

    @classmethod
    def over(cls, case: Case, samples: int) -> Watched:
        """An empty room of the case."""
        nodes = tuple(sorted(case.rules.pools[0].nodes, key=lambda node: node.id))
        room = cast("Watched", cls.of(Snapshot(nodes=nodes), case.rules))
        room.begin(case, samples)
        return room

    def begin(self, case: Case, samples: int) -> None:
        """Nothing asked, nothing learnt."""
        self.chosen, self.rules, self.learnt = chosen(case, samples), case.rules, Learnt()
        self.budget = case.budget
        self.scores: dict[JobId, Asked] = {}
        self.running: dict[JobId, tuple[Job, Instant]] = {}
        self.waiting: dict[JobId, Job] = {}
        self.runs = self.limits = 0.0

    def apply(self, change: Change | AllStarted) -> None:
        """As the room does; besides, keep who waits, and learn of starts and ends."""
        super().apply(change)
        match change:
            case Submitted(_, job):
                self.waiting[job.id] = job
            case Starting(at, job_id):
                self.running[job_id] = (self.waiting.pop(job_id), at)
                if asked := self.scores.get(job_id):
                    asked.started = at
                    self.learnt.started(asked.estimate, at)
            case Ended(at, job_id):
                self._learn(*self.running.pop(job_id), at)
            case _:
                pass

    def _learn(self, job: Job, started: Instant, ended: Instant) -> None:
        self.learnt.ended(job, ended - started)
        self.runs += ended - started
        self.limits += job.time_limit or 0

    def decide(self, now: Instant) -> Plan:
        """Before the room decides, forecast the jobs that were chosen and came now."""
        new = [job for job in self.waiting.values() if job.submitted == now and job.id in self.chosen]
        if new := [job for job in new if job.id not in self.scores]:
            snapshot = self.snapshot()
            for job in new:
                self.scores[job.id] = self._ask(snapshot, job, now)
        return super().decide(now)

    def _ask(self, snapshot: Snapshot, job: Job, now: Instant) -> Asked:
        begun = time.process_time()
        estimate = estimate_one(snapshot, self.rules, self.learnt, now, job, self.budget)
        seconds = time.process_time() - begun
        if estimate.p90 == now:
            return Asked(estimate, now, now, seconds, len(snapshot.pending), self.chosen[job.id])
        naive = one_future(snapshot, self.rules, now, job, 1.0)
        means = one_future(snapshot, self.rules, now, job, self.runs / max(self.limits, 1.0))
        return Asked(estimate, naive, means, seconds, len(snapshot.pending), self.chosen[job.id])


def one_future(snapshot: Snapshot, rules: Rules, now: Instant, job: Job, part: float) -> Instant | None:
    """When the job starts if every job runs for this part of its limit; one that is past it ends now."""

    def length(one: Job, beyond: Millis) -> Millis:
        return max(round((one.time_limit or DAY) * part), beyond)

    future = Future(snapshot, rules, now, length)
    future.run(Bounds(now + 3650 * DAY, 10**9, frozenset({job.id})))
    return future.starts.get(job.id)


def swf(name: str, path: Path, budget: Budget) -> Case:
    """An SWF log on one node of its own size, under policies/easy."""
    trace = read_swf(path)
    node = Node("trace", "trace", Resources(cpu=(trace.processors or 0) * 1000))
    rules = read_bundle(ROOT / "policies/easy").rules
    groups = {job.tasks: (TaskGroup(cpu=job.tasks.count * 1000),) for job in trace.jobs}
    arrivals = [arrival(job, groups[job.tasks], (job.limit or job.run) * SECOND) for job in by_submit(trace)]
    return Case(name, arrivals, in_room(trace, rules, node), budget)


def dense_philly() -> Case:
    """The dense window of Philly; see the top for what plays the limit."""
    trace = read_philly(TRACES / "philly-vc/philly.csv.gz")
    jobs = [job for job in by_submit(trace) if job.submit in DENSE]
    nodes = tuple(Node(f"n{n:02}", "gpus", Resources(gpus=(("gpu", 8),))) for n in range(60))
    rules = Rules(room="philly", flavors=(GpuFlavor("gpu"),))
    limits = default_limits(jobs[: len(jobs) // 2])
    groups = {job.tasks: (replace(job.tasks, flavors=("gpu",)),) for job in jobs}
    arrivals = [arrival(job, groups[job.tasks], limits[size(job)]) for job in jobs]
    return Case("philly", arrivals, in_room(trace, rules, *nodes), MIDDLING)


def size(job: TraceJob) -> int:
    """The size class: 1, 2, 3-4, 5-8 GPUs, or more (16)."""
    return min(16, 1 << (job.tasks.count - 1).bit_length())


def default_limits(jobs: Sequence[TraceJob]) -> dict[int, Millis]:
    """By size class the 99th percentile of run times, in whole days."""
    limits: dict[int, Millis] = {}
    for one in (1, 2, 4, 8, 16):
        runs = sorted(job.run for job in jobs if size(job) == one)
        limits[one] = ceil(runs[int(0.99 * (len(runs) - 1))] * SECOND / DAY) * DAY
    return limits


def by_submit(trace: Trace) -> list[TraceJob]:
    """The jobs in the order in which they come."""
    return sorted(trace.jobs, key=lambda job: job.submit)


def arrival(row: TraceJob, groups: tuple[TaskGroup, ...], limit: Millis) -> Arrival:
    """A row of a trace as a job; each owner is a tenant."""
    job = Job(row.id, row.owner, row.user, row.submit * SECOND, groups, time_limit=limit)
    return Arrival(job, row.run * SECOND)


def in_room(trace: Trace, rules: Rules, *nodes: Node) -> Rules:
    """The rules with the trace's owners as tenants of equal weight, and these nodes."""
    tenants = tuple(Tenant(owner) for owner in sorted({job.owner for job in trace.jobs}))
    pools = (Pool("trace", "local", tuple(replace(node, pool="trace") for node in nodes)),)
    return replace(rules, tenants=tenants, pools=pools, calendar=())


def chosen(case: Case, samples: int) -> dict[JobId, int]:
    """About `samples` submissions of the second half and, to learn from, half as many before; job -> number."""
    half, every = len(case.arrivals) // 2, max(1, len(case.arrivals) // 2 // samples)
    numbers = [*range(half // 2 + half % every, half, every), *range(half, len(case.arrivals), every)]
    return {case.arrivals[number].job.id: number for number in numbers}


def play(case: Case, samples: int) -> list[Asked]:
    """Replay a case and ask on the way; the answers of the second half."""
    room = Watched.over(case, samples)
    for _ in Replay(room, case.rules, case.arrivals).ran():
        pass
    half = len(case.arrivals) // 2
    return [one for one in room.scores.values() if one.number >= half and one.started is not None]


CASES: Final[dict[str, tuple[Callable[[], Case], int]]] = {
    "kth": (lambda: swf("KTH-SP2", TRACES / "swf-kth-sp2/KTH-SP2_log.swf.gz", SHORT), 350),
    "philly": (dense_philly, 60),
    "ricc": (lambda: swf("RICC-2010-2", TRACES / "swf-ricc-2010/RICC-2010-2.swf.gz", LONG), 60),
}
"""How to read each case, and how many submissions of its second half to ask at."""

COLUMNS: Final = (
    "trace", "asked", "had to wait", "beyond", "mean wait min", "p90 held",
    "mean error min", "by limits", "ratio", "by means",
    "median error min", "by limits", "ratio", "by means", "cpu s each", "longest",
)  # fmt: skip


def main() -> None:
    """Print the table, a row as soon as it is known."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="KTH only")
    parser.add_argument(
        "--samples", type=int, help="submissions to ask at, instead of each case's own number"
    )
    parser.add_argument("--case", choices=CASES, help="one workload only")
    asked = parser.parse_args()
    if not TRACES.is_dir():
        sys.exit("no ../shared/traces beside this checkout; put the traces there")
    print("| " + " | ".join(COLUMNS) + " |")
    print("|---|" + "--:|" * (len(COLUMNS) - 1))
    for name, (load, samples) in CASES.items():
        if name == (asked.case or ("kth" if asked.quick else name)):
            case = load()
            print(row(case.name, play(case, asked.samples or samples)), flush=True)
    long_queue()


def long_queue() -> None:
    """What all estimates of a room with 10,000 jobs waiting cost: 100 nodes of 8 GPUs, 20 tenants, fair order."""
    chance, size = Random(1), (1, 1, 1, 2, 4, 8)
    nodes = tuple(Node(f"n{n:03}", "p", Resources(gpus=(("gpu", 8),))) for n in range(100))
    groups = {gpus: (TaskGroup(gpus=gpus, flavors=("gpu",)),) for gpus in size}
    waiting = tuple(
        Pending(
            Job(
                f"j{n:05}", f"t{n % 20:02}", f"u{n % 60}", n, groups[chance.choice(size)],
                time_limit=chance.randint(1, 24) * HOUR,
            )
        )
        for n in range(10_000)
    )  # fmt: skip
    tenants = tuple(Tenant(f"t{n:02}") for n in range(20))
    rules = Rules(
        room="long", pools=(Pool("p", "local", nodes),), tenants=tenants, flavors=(GpuFlavor("gpu"),)
    )
    begun = time.process_time()
    found = estimate_all(Snapshot(at=DAY, nodes=nodes, pending=waiting), rules, Learnt(), DAY).values()
    told = sum(one.median is not None for one in found)
    print(f"\n10,000 waiting: {time.process_time() - begun:.1f} s of processor time, {told:,} told a start")


def row(name: str, asked: Sequence[Asked]) -> str:
    """One line of the table."""
    waited = [one for one in asked if one.started is not None and one.started > one.estimate.at]
    beyond = sum(one.estimate.median is None for one in waited)
    true = [(one.started or 0) for one in waited]
    held = [
        one.estimate.p90 is not None and at <= one.estimate.p90 for one, at in zip(waited, true, strict=True)
    ]
    ours, naive, means = (
        errors(said, true)
        for said in (
            [one.estimate.median for one in waited], [one.naive for one in waited], [one.by_means for one in waited]
        )
    )  # fmt: skip
    cells = [
        name,
        f"{len(asked)}",
        f"{len(waited)}",
        str(beyond),
        f"{mean(minutes(waited)):.1f}",
        f"{mean(held):.1%}",
    ]
    for of in (mean, median):
        ratio = of(ours) / of(naive)
        cells += [f"{of(ours):.1f}", f"{of(naive):.1f}", f"{ratio:.2f}", f"{of(means):.1f}"]
    seconds = [one.seconds for one in asked]
    return "| " + " | ".join([*cells, f"{mean(seconds):.2f}", f"{max(seconds):.1f}"]) + " |"


def minutes(waited: Sequence[Asked]) -> list[float]:
    """How long each waited."""
    return [((one.started or 0) - one.estimate.at) / MINUTE for one in waited]


def errors(said: Sequence[Instant | None], true: Sequence[Instant]) -> list[float]:
    """Absolute errors in minutes of those that named a start."""
    return [abs(one - at) / MINUTE for one, at in zip(said, true, strict=True) if one is not None]


if __name__ == "__main__":
    main()
