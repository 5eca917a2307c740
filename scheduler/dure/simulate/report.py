"""What a replay showed: totals and tenants in figures, and every job's times as CSV."""

from __future__ import annotations

import csv
from array import array
from collections import defaultdict
from collections.abc import Iterable
from math import ceil, fsum
from typing import IO, Any, Final, TypeAlias

from dure.model.instants import DAY, HOUR, SECOND, Instant, Millis
from dure.model.job import TenantId
from dure.model.resources import Resources
from dure.simulate.billing import Billed, billed
from dure.simulate.fairness import Fairness, fairness
from dure.simulate.played import Played, Stint, Work
from dure.simulate.steps import steps

Report: TypeAlias = dict[str, Any]

SHORT: Final = 10
"""Seconds: shorter jobs count as this long in bounded slowdown."""

_DECIMALS: Final = 6


class _Sum:
    """What jobs add up to: ms waited, slowdowns, and main amount x ms that counted and that was lost."""

    def __init__(self, unit: int) -> None:
        self._unit = unit
        self.jobs = self.evictions = self.work = self.lost = 0
        self.waits = array("q")
        self.slowdowns = array("d")

    def ended(self, wait: Millis, run: Millis) -> None:
        """One job came to its end."""
        self.jobs += 1
        self.waits.append(wait)
        self.slowdowns.append(bounded_slowdown(wait / SECOND, run / SECOND))

    def held(self, stint: Stint, amount: int) -> None:
        """One attempt held this much."""
        self.evictions += stint.gave_way
        self.work += amount * (stint.ended - stint.started - stint.lost)
        self.lost += amount * stint.lost

    def figures(self) -> Report:
        """Over the jobs that ended; zero where there is none. Lost: in device-hours or core-hours."""
        return {
            "mean_wait_s": _part(sum(self.waits), self.jobs * SECOND),
            "p95_wait_s": _percentile(self.waits, 95) / SECOND,
            "mean_bounded_slowdown": _part(fsum(self.slowdowns), self.jobs),
            "evictions": self.evictions,
            "lost_hours": _part(self.lost, self._unit * HOUR),
        }


def bounded_slowdown(wait: float, run: float) -> float:
    """max(1, (wait + run) / max(run, 10 s)), in seconds.

    Source: Feitelson, Rudolph, Schwiegelshohn, Sevcik, Wong, "Theory and Practice in Parallel Job
    Scheduling", JSSPP 1997.
    """
    return max(1.0, (wait + run) / max(run, SHORT))


def report(played: Played, half_lives: Iterable[Millis] = ()) -> Report:
    """The replay in figures; seconds, shares of 1, won before VAT (docs/engineer/simulate.md).

    `half_lives` are those of policies that it is compared with: all are measured over each of them.
    """
    gpus = any(work.wanted.gpus for work in played.works)
    total, tenants = _sums(played, gpus)
    fair, bill, whole = fairness_of(played, half_lives), billed(played), played.interval
    capacity = _main(played.capacity, gpus)
    came = capacity * (played.last_submit - whole.start)
    return {
        "trace": played.name,
        "jobs": len(played.works),
        "unstarted": len(played.works) - total.jobs,
        "unusable": played.unusable,
        **total.figures(),
        "utilization": _part(total.work, capacity * whole.length),
        "utilization_while_jobs_came": _part(_until(played, gpus, played.last_submit), came),
        "makespan_s": whole.length // SECOND,
        "decides": played.decides,
        "counted_in": "gpu" if gpus else "cpu",
        "fairness_error": {_length(window): _rounded(error) for window, error in fair.errors.items()},
        "bill_won": sum(bill.supply.values()) if bill else None,
        "absorbed_won": bill.absorbed if bill else None,
        "tenants": {
            tenant: {
                "jobs": own.jobs, **own.figures(), **_shares(tenant, fair, own, total),
                "bill_won": _won(tenant, bill),
            }
            for tenant, own in sorted(tenants.items())
        },
    }  # fmt: skip


def fairness_of(played: Played, half_lives: Iterable[Millis] = ()) -> Fairness:
    """The fairness errors of a replay over windows of an hour, a day, a half-life of its rules, and these."""
    windows = sorted({HOUR, DAY, played.rules.planning.half_life, *half_lives})
    return fairness(played.rules, played.capacity, steps(played), windows)


def write_jobs(played: Played, out: IO[str]) -> None:
    """Every job that came to its end as CSV, from its first start, in whole seconds of the trace.

    By submit, then by id, shorter ids first: numbers are in order then.
    """
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(("job", "tenant", "submit", "start", "end"))
    times = played.times
    for work in sorted(played.works, key=lambda work: (work.submitted, len(work.id), work.id)):
        if work.id in times:
            writer.writerow((work.id, work.tenant, work.submitted // SECOND, *times[work.id]))


def _sums(played: Played, gpus: bool) -> tuple[_Sum, dict[TenantId, _Sum]]:
    unit = 1 if gpus else 1000
    total, tenants = _Sum(unit), defaultdict[TenantId, _Sum](lambda: _Sum(unit))
    ran: defaultdict[str, int] = defaultdict(int)
    for stint in played.stints:
        work, amount = stint.work, _main(stint.held, gpus)
        ran[work.id] += stint.ended - stint.started - stint.lost
        for one in (total, tenants[work.tenant]):
            one.held(stint, amount)
            if not stint.gave_way:
                one.ended(_wait(work, stint.ended, ran[work.id]), ran[work.id])
    return total, tenants


def _wait(work: Work, ended: Instant, ran: Millis) -> Millis:
    """All the time from submit to end that brought the job no further: lost work is waiting too."""
    return ended - work.submitted - ran


def _until(played: Played, gpus: bool, end: Instant) -> int:
    """Work that counted up to an instant."""
    return sum(
        _main(stint.held, gpus) * max(0, min(end, stint.ended - stint.lost) - stint.started)
        for stint in played.stints
    )


def _main(amounts: Resources, gpus: bool) -> int:
    return sum(devices for _, devices in amounts.gpus) if gpus else amounts.cpu


def _shares(tenant: TenantId, fair: Fairness, own: _Sum, total: _Sum) -> Report:
    """Its part of all that was held, in value-GPU where there are GPUs, and of all that was due."""
    due, received = sum(fair.due.values()), sum(fair.received.values())
    if not due:
        return {"share": _part(own.work + own.lost, total.work + total.lost), "entitled_share": None}
    return {
        "share": _part(fair.received.get(tenant, 0.0), received),
        "entitled_share": _part(fair.due.get(tenant, 0.0), due),
    }


def _won(tenant: TenantId, bill: Billed | None) -> int | None:
    return bill.supply.get(tenant, 0) if bill else None


def _percentile(values: array[int], percent: int) -> int:
    """The smallest value that at least so many percent do not exceed (nearest rank); 0 of nothing."""
    return sorted(values)[max(0, ceil(len(values) * percent / 100) - 1)] if values else 0


def _length(window: Millis) -> str:
    for unit, name in ((DAY, "d"), (HOUR, "h")):
        if window % unit == 0:
            return f"{window // unit}{name}"
    return f"{window // SECOND}s"


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, _DECIMALS)


def _part(amount: float, whole: float) -> float:
    return round(amount / whole, _DECIMALS) if whole else 0.0
