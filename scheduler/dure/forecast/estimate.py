"""When will it start, what will it cost: the Room run forward into several futures, corrected by the past.

`estimate_all` serves every pending job at once, `estimate_one` one job that is pending or that does not exist
yet (it then comes last). Both cost at most what `Budget` says, whatever the room: a queue too long to be played
out in every future gets fewer futures, and what starts in too few of them is beyond the horizon (None).
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from math import ceil
from typing import Final

from dure.forecast.calibration import Calibration, Wait
from dure.forecast.draws import Draws
from dure.forecast.futures import Bounds, Future, Lengths
from dure.forecast.prices import cost_range
from dure.forecast.runtimes import Kind, Runtimes
from dure.model.instants import DAY, Instant, Millis
from dure.model.job import Job, JobId
from dure.model.money import Money
from dure.model.rules import Rules
from dure.model.snapshot import Pending, Snapshot

_MEDIAN: Final = 0.5
_P90: Final = 0.9


@dataclass(frozen=True, slots=True)
class Budget:
    """What an estimate may cost, in work and not in time, so that the same input gives the same answer.

    At most `futures` futures, each `horizon` ms long; fewer (at least `least`) where together they would see more
    than `events` starts and ends; and none of them more starts than its part of `events`. `limits_end`: jobs
    are ended at their limits.
    """

    futures: int = 11
    least: int = 3
    events: int = 20_000
    horizon: Millis = 60 * DAY
    limits_end: bool = True


@dataclass(frozen=True, slots=True)
class Estimate:
    """A forecast made `at`: the start by which half, and nine in ten, of such forecasts hold.

    None is beyond the horizon. `cost_low` is by rate card for half of such jobs' run time on the cheapest flavor
    asked for, `cost_high` for the run time that nine in ten keep within on the dearest. `said` is what the futures
    alone said, from `at` on: give it to `Learnt.started` when the job has started; None where there is nothing to
    learn because it starts at once or beyond the horizon.
    """

    at: Instant
    median: Instant | None
    p90: Instant | None
    cost_low: Money
    cost_high: Money
    said: Wait | None = None


@dataclass(frozen=True, slots=True)
class Learnt:
    """All that forecasts have learnt; it learns in place, and a copy of it is what a child process gets."""

    runtimes: Runtimes = field(default_factory=Runtimes)
    calibration: Calibration = field(default_factory=Calibration)

    def ended(self, job: Job, run: Millis) -> None:
        """A job ran to its end in `run` ms, whatever its exit; evicted attempts are no run times."""
        self.runtimes.learn(kind_of(job), run)

    def started(self, estimate: Estimate, at: Instant) -> None:
        """A job started of which this was the estimate."""
        if estimate.said is not None:
            self.calibration.learn(estimate.said, at - estimate.at)


def kind_of(job: Job) -> Kind:
    """What a job's run time is learnt by; the limit is that under the flavors it likes best."""
    best = [group.flavors[0] for group in job.groups if group.flavors]
    return Kind(job.tenant, job.user, job.groups, job.limit_under(best))


def estimate_all(
    snapshot: Snapshot, rules: Rules, learnt: Learnt, now: Instant, budget: Budget | None = None
) -> Mapping[JobId, Estimate]:
    """An estimate for every pending job of the snapshot that neither waits for others nor is held."""
    asked = [
        one.job for one in snapshot.pending if not (one.held or one.waiting_for or one.failed_dependency)
    ]
    return _estimates(snapshot, rules, learnt, now, budget or Budget(), asked, None)


def estimate_one(
    snapshot: Snapshot, rules: Rules, learnt: Learnt, now: Instant, job: Job, budget: Budget | None = None
) -> Estimate:
    """An estimate for one job, as if it were submitted now where it is not there."""
    if all(one.job.id != job.id for one in snapshot.pending):
        pending = list(snapshot.pending)
        insort(pending, Pending(job), key=lambda one: one.job.id)
        snapshot = replace(snapshot, pending=tuple(pending))
    watched = frozenset({job.id})
    return _estimates(snapshot, rules, learnt, now, budget or Budget(), [job], watched)[job.id]


def _estimates(
    snapshot: Snapshot, rules: Rules, learnt: Learnt, now: Instant, budget: Budget, asked: Iterable[Job],
    watched: frozenset[JobId] | None,
) -> dict[JobId, Estimate]:  # fmt: skip
    number, most = _affordable(snapshot, budget)
    bounds = Bounds(now + budget.horizon, most, watched)
    asked, futures = list(asked), list[Mapping[JobId, Instant]]()
    for which in range(number):
        future = Future(snapshot, rules, now, _lengths(learnt, budget, number, which))
        future.run(bounds)
        futures.append(future.starts)
        if all(future.starts.get(job.id) == now for job in asked):
            break  # what the Room decides now is the same in every future
    return {job.id: _estimate(job, futures, rules, learnt, now, budget) for job in asked}


def _affordable(snapshot: Snapshot, budget: Budget) -> tuple[int, int]:
    """How many futures, and how many starts each may see."""
    events = 2 * len(snapshot.pending) + len(snapshot.running)
    number = max(min(budget.futures, budget.events // max(1, events)), budget.least, 1)
    return number, max(1, (budget.events // number - len(snapshot.running)) // 2)


def _lengths(learnt: Learnt, budget: Budget, futures: int, which: int) -> Lengths:
    """Run times of one future."""

    def length(job: Job, beyond: Millis) -> Millis:
        kind = kind_of(job)
        run = learnt.runtimes.table(kind).run(Draws.of(job.id, futures).at(which), beyond)
        return min(run, kind.limit) if budget.limits_end and kind.limit is not None else run

    return length


def _estimate(
    job: Job,
    futures: Iterable[Mapping[JobId, Instant]],
    rules: Rules,
    learnt: Learnt,
    now: Instant,
    budget: Budget,
) -> Estimate:
    found = [future.get(job.id) for future in futures]
    starts = sorted(at for at in found if at is not None)
    median, p90 = (_ordered(starts, len(found), part) for part in (_MEDIAN, _P90))
    said = None
    if median is not None and p90 is not None and p90 > now:
        said = Wait(median - now, p90 - now)
        corrected = learnt.calibration.correct(said)
        median, p90 = now + corrected.median, now + corrected.p90
    table = learnt.runtimes.table(kind_of(job))
    run = _within(job, budget, table.run(_MEDIAN)), _within(job, budget, table.run(_P90))
    return Estimate(now, median, p90, *cost_range(job, now if median is None else median, run, rules), said)


def _within(job: Job, budget: Budget, run: Millis) -> Millis:
    limit = kind_of(job).limit
    return min(run, limit) if budget.limits_end and limit is not None else run


def _ordered(starts: list[Instant], futures: int, part: float) -> Instant | None:
    """The smallest start that a part of all futures does not exceed; None where too few have one."""
    rank = ceil(part * futures)
    return starts[rank - 1] if rank <= len(starts) else None
