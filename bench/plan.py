"""The planner's speed: `python -m bench.plan [--quick] [--case a ...]`.

Rooms are made here, the same every time. Each case runs in a process of its own, so that its peak memory is its
own. Several rounds are run and the quickest counts: other work on the machine only ever makes one slower. Where a
case happens often, its median and 99th percentile are told. (f) serves a real room; see bench/plan_served.py.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
from dataclasses import asdict
from statistics import quantiles
from typing import Any, Final

from rich.console import Console
from rich.table import Table

from bench.plan_cases import CASES, Measured
from bench.plan_served import f

AIMS: Final = {"a": 1.0, "b": 1.0, "c": 0.020, "d": 0.050, "e": 3.0, "f": 0.100}
"""Seconds; (c) and (f): the 99th percentile."""

TELL: Final = {**CASES, "f": f}
MEMORY_AIM: Final = "1,024"
KIB_PER_MIB: Final = 1024
OFTEN: Final = 50


def run(case: str, times: int) -> dict[str, Any]:
    """One case in a process of its own: its measurements, and that process's peak memory in MiB."""
    command = [sys.executable, "-m", "bench.plan", "--child", case, "--times", str(times)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, timeout=1_200)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def child(case: str, times: int) -> None:
    """What such a process does."""
    measured = [asdict(one) for one in TELL[case](times)]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // KIB_PER_MIB
    print(json.dumps({"measured": measured, "peak": peak}))


def row(case: str, measured: Measured, peak: int) -> tuple[str, ...]:
    """One line of the table: times in ms."""
    took, often = sorted(measured.seconds), case == "f" or len(measured.seconds) >= OFTEN
    half, most = _cuts(took) if often else (0.0, took[0])
    return (
        f"({case}) {measured.what}",
        _ms(took[0]),
        _ms(half) if often else "",
        _ms(most) if often else "",
        _cpu(measured.cpu, often),
        f"{peak:,}" + (f" of {MEMORY_AIM}" if case == "e" else ""),
        _ms(AIMS[case]),
        "yes" if most <= AIMS[case] else "no",
        measured.told,
    )


def _cpu(took: list[float], often: bool) -> str:
    """What of it was work; nothing where the work is another process's."""
    if not took:
        return ""
    return " / ".join(map(_ms, _cuts(took))) if often else _ms(min(took))


def _cuts(took: list[float]) -> tuple[float, float]:
    """The median and the 99th percentile."""
    cuts = quantiles(took, n=100, method="inclusive") if len(took) > 1 else took * 99
    return cuts[49], cuts[98]


def _ms(seconds: float) -> str:
    return f"{seconds * 1e3:,.1f}" if seconds < 1 else f"{seconds * 1e3:,.0f}"


def table(cases: list[str], times: int) -> Table:
    """All cases, one by one."""
    found = Table(title="The planner's speed, ms (aims: p99 where told, else the quickest)")
    for title in (
        "case",
        "quickest",
        "p50",
        "p99",
        "cpu (p50 / p99)",
        "peak MiB",
        "aim",
        "met",
        "what came of it",
    ):
        found.add_column(title, justify="left" if title in {"case", "what came of it"} else "right")
    for case in cases:
        told = run(case, times)
        for one in told["measured"]:
            found.add_row(*row(case, Measured(**one), told["peak"]))
    return found


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--quick", action="store_true", help="one round each")
    parser.add_argument("--case", nargs="*", choices=sorted(TELL), default=sorted(TELL))
    parser.add_argument("--child", choices=sorted(TELL), help=argparse.SUPPRESS)
    parser.add_argument("--times", type=int, default=3, help="rounds")
    asked = parser.parse_args()
    if asked.child:
        child(asked.child, asked.times)
        return
    Console(width=150).print(table(asked.case, 1 if asked.quick else asked.times))


if __name__ == "__main__":
    main()
