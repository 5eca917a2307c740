"""What a replay showed: totals, tenants, and every job's times, as JSON values, a table and CSV."""

from __future__ import annotations

import csv
from array import array
from collections import defaultdict
from collections.abc import Iterator
from math import fsum
from typing import IO, Any, Final, TypeAlias

from dure.model.job import TaskGroup
from dure.model.resources import Resources
from dure.simulate.replay import Played

Report: TypeAlias = dict[str, Any]

SHORT: Final = 10
"""Seconds: shorter jobs count as this long in bounded slowdown."""

_DECIMALS: Final = 6
_CPU, _GPUS = 0, 2


class _Sum:
    """What jobs that ran add up to: seconds waited, slowdowns, and work (amounts times seconds)."""

    def __init__(self) -> None:
        self.jobs = self.wait = 0
        self.slowdowns = array("d")
        self.work = [0, 0, 0]

    def add(self, wait: int, run: int, group: TaskGroup) -> None:
        """One job that waited and ran so many seconds."""
        self.jobs += 1
        self.wait += wait
        self.slowdowns.append(bounded_slowdown(wait, run))
        for dimension, amount in enumerate((group.cpu, group.memory, group.gpus)):
            self.work[dimension] += amount * group.count * run

    def means(self) -> Report:
        """Over the jobs; zero where there is none."""
        return {
            "mean_wait_s": _part(self.wait, self.jobs),
            "mean_bounded_slowdown": _part(fsum(self.slowdowns), self.jobs),
        }


def bounded_slowdown(wait: int, run: int) -> float:
    """max(1, (wait + run) / max(run, 10 s)), in seconds.

    Source: Feitelson, Rudolph, Schwiegelshohn, Sevcik, Wong, "Theory and Practice in Parallel Job
    Scheduling", JSSPP 1997.
    """
    return max(1.0, (wait + run) / max(run, SHORT))


def report(played: Played) -> Report:
    """The replay in figures; seconds, shares of 1.

    `utilization` is work over capacity x makespan, in GPUs where the trace asks for any, else in cpu;
    `makespan_s` from the first submit to the last end; a tenant's `share` is its part of all work in the same
    dimension. Means are over the jobs that ran; `unstarted` never did.
    """
    total, tenants = _sums(played)
    main = _GPUS if any(job.tasks.gpus for job in played.trace.jobs) else _CPU
    makespan = _makespan(played)
    return {
        "trace": played.trace.name,
        "jobs": len(played.trace.jobs),
        "unstarted": len(played.trace.jobs) - total.jobs,
        "unusable": played.trace.unusable,
        **total.means(),
        "utilization": _part(total.work[main], _capacity(played.capacity)[main] * makespan),
        "makespan_s": makespan,
        "decides": played.decides,
        "tenants": {
            tenant: {"jobs": own.jobs, **own.means(), "share": _part(own.work[main], total.work[main])}
            for tenant, own in sorted(tenants.items())
        },
    }


def write_jobs(played: Played, out: IO[str]) -> None:
    """Every job that ran as CSV, in whole seconds of the trace; one that never started has no row.

    By submit, then by id, shorter ids first: numbers are in order then.
    """
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(("job", "tenant", "submit", "start", "end"))
    for job in sorted(played.trace.jobs, key=lambda job: (job.submit, len(job.id), job.id)):
        if times := played.times.get(job.id):
            writer.writerow((job.id, played.tenant_of[job.owner], job.submit, *times))


def table(figures: Report) -> Iterator[str]:
    """The report as lines for people: totals, then a row a tenant."""
    tenants = figures["tenants"]
    for name, value in figures.items():
        if name != "tenants":
            yield f"{name:<22}{_shown(value)}"
    columns = ("jobs", "mean_wait_s", "mean_bounded_slowdown", "share")
    yield ""
    yield "  ".join([f"{'tenant':<20}", *(f"{column:>21}" for column in columns)])
    for tenant, row in tenants.items():
        yield "  ".join([f"{tenant:<20}", *(f"{_shown(row[column]):>21}" for column in columns)])


def _sums(played: Played) -> tuple[_Sum, dict[str, _Sum]]:
    total, tenants = _Sum(), defaultdict[str, _Sum](_Sum)
    for job in played.trace.jobs:
        if times := played.times.get(job.id):
            wait, run = times[0] - job.submit, times[1] - times[0]
            total.add(wait, run, job.tasks)
            tenants[played.tenant_of[job.owner]].add(wait, run, job.tasks)
    return total, tenants


def _capacity(capacity: Resources) -> tuple[int, int, int]:
    return capacity.cpu, capacity.memory, sum(devices for _, devices in capacity.gpus)


def _makespan(played: Played) -> int:
    if not played.times:
        return 0
    return max(end for _, end in played.times.values()) - min(job.submit for job in played.trace.jobs)


def _part(amount: float, whole: int) -> float:
    return round(amount / whole, _DECIMALS) if whole else 0.0


def _shown(value: object) -> str:
    return f"{value:.4f}" if isinstance(value, float) else str(value)
