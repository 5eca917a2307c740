"""What policies do to Philly's virtual clusters: `python -m bench.philly [--whole|--week] [--only NAME]`.

The trace of ../shared/traces/philly-vc on 60 nodes of 8 GPUs, which its dense window (2017-10-03 to 12-05, the
default) would fill to 94 %. Virtual clusters are tenants; their nodes (philly_vc_nodes.csv) are their weights under
every policy, and their guarantees in proportion (rounded down; those without nodes: weight 1, none). The trace has
no time limits: each job gets the shortest of a few that users would choose from (LIMITS) in which it ends. Each
policy is played in a process of its own.

fifo: strict, in order of submission, nothing overtakes. easy: the same with EASY backfill. drf: fair order of
current shares (memory 0), without guarantees. dure: guarantees with reclaim, memory 0.5; jobs are supposed to make
a checkpoint an hour. dure-scratch: the same where evicted jobs begin again. Utilization counts work that came to
something, while jobs came. Fairness errors of all are against what tenants are due with those guarantees.
"""

from __future__ import annotations

import argparse
import csv
import json
import subprocess
import sys
import time
from calendar import timegm
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, TypeAlias

from dure.model.instants import DAY, HOUR, Millis
from dure.model.node import GpuFlavor, Node, Pool
from dure.model.resources import Quota, Resources
from dure.model.rules import Order, Planning, Rules
from dure.model.tenant import Tenant
from dure.simulate.gpu_csv import read_philly
from dure.simulate.replay import Estimates, RoomOf, Settings, play
from dure.simulate.report import report
from dure.simulate.trace import Trace

Figures: TypeAlias = dict[str, Any]

ROOT: Final = Path(__file__).resolve().parent.parent
FOLDER: Final = ROOT.parent / "shared/traces/philly-vc"
LIMITS: Final = tuple(hours * 3600 for hours in (1, 4, 12, 24, 72, 168, 336, 2160))
NODES: Final = 60
GPUS: Final = 8


@dataclass(frozen=True)
class Policy:
    """How the room plans, whether it guarantees, and how often jobs make checkpoints (ms, None: never)."""

    planning: Planning
    guaranteed: bool = False
    checkpoints: Millis | None = None


POLICIES: Final = {
    "fifo": Policy(Planning(order=Order.FIFO, depth=0, backfill=False, memory=0.0)),
    "easy": Policy(Planning(order=Order.FIFO, depth=1, memory=0.0)),
    "drf": Policy(Planning(memory=0.0)),
    "dure": Policy(Planning(memory=0.5, half_life=7 * DAY), guaranteed=True, checkpoints=HOUR),
    "dure-scratch": Policy(Planning(memory=0.5, half_life=7 * DAY), guaranteed=True),
}


def second(year: int, month: int, day: int) -> int:
    """Midnight, as the trace counts."""
    return timegm((year, month, day, 0, 0, 0))


WINDOWS: Final = {
    "whole": range(second(2100, 1, 1)),
    "dense": range(second(2017, 10, 3), second(2017, 12, 5)),
    "week": range(second(2017, 10, 9), second(2017, 10, 16)),
}


def work(window: str) -> Trace:
    """The jobs of a window, with limits."""
    trace = read_philly(FOLDER / "philly.csv.gz")
    chosen = (job for job in trace.jobs if job.submit in WINDOWS[window])
    return replace(trace, jobs=tuple(job._replace(limit=limit(job.run)) for job in chosen))


def limit(run: int) -> int:
    """Seconds: the shortest limit in which a job ends."""
    return next(seconds for seconds in LIMITS if run <= seconds)


def tenants(trace: Trace, guaranteed: bool) -> tuple[Tenant, ...]:
    """Every virtual cluster of the trace; with guarantees, those that have nodes get their part of the room."""
    with (FOLDER / "philly_vc_nodes.csv").open(encoding="utf-8") as rows:
        nodes = {row["vc"]: int(row["node num"]) for row in csv.DictReader(rows)}
    whole = sum(nodes.values())
    parts = {name: Quota.of({"gpu:gpu": NODES * GPUS * own // whole}) for name, own in nodes.items()}
    promised = parts if guaranteed else {}
    names = sorted({job.owner for job in trace.jobs} | nodes.keys())
    return tuple(Tenant(n, weight=nodes.get(n, 1), guarantee=promised.get(n, Quota())) for n in names)


def room(planning: Planning, own: tuple[Tenant, ...]) -> Rules:
    """60 nodes of 8 GPUs."""
    nodes = tuple(Node(f"n{n:02}", "gpus", Resources(gpus=(("gpu", GPUS),))) for n in range(NODES))
    pools = (Pool("gpus", "local", nodes),)
    return Rules(room="philly", planning=planning, flavors=(GpuFlavor("gpu"),), pools=pools, tenants=own)


def measured(name: str, window: str) -> Figures:
    """The figures of one policy; dues are those with guarantees, whether it gives them or not."""
    trace = work(window)
    owners = {job.owner: job.owner for job in trace.jobs}
    policy = POLICIES[name]
    rules = room(policy.planning, tenants(trace, policy.guaranteed))
    settings = Settings(
        Estimates.REQUESTED, RoomOf.BUNDLE, tenants=owners, checkpoint_interval=policy.checkpoints
    )
    begun = time.process_time()
    played = play(trace, rules, settings)
    took = time.process_time() - begun
    promised = replace(rules, tenants=tenants(trace, guaranteed=True))
    figures = report(replace(played, rules=promised))
    return {**figures, "replay_cpu_s": took, "cpu_s": time.process_time() - begun}


TOTALS: Final[dict[str, Callable[[Figures], str]]] = {
    "mean wait h": lambda f: f"{f['mean_wait_s'] / 3600:.2f}",
    "p95 wait h": lambda f: f"{f['p95_wait_s'] / 3600:.2f}",
    "slowdown": lambda f: f"{f['mean_bounded_slowdown']:.1f}",
    "utilization": lambda f: f"{f['utilization_while_jobs_came']:.4f}",
    "error 1 h": lambda f: f"{f['fairness_error']['1h']:.4f}",
    "error 1 d": lambda f: f"{f['fairness_error']['1d']:.4f}",
    "error 7 d": lambda f: f"{f['fairness_error']['7d']:.4f}",
    "evictions": lambda f: f"{f['evictions']:,}",
    "lost GPU-h": lambda f: f"{f['lost_hours']:,.0f}",
    "cpu s": lambda f: f"{f['cpu_s']:.0f}",
}  # fmt: skip


def main() -> None:
    """Print the table, a row as soon as it is known; then waits by virtual cluster."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--whole", dest="window", action="store_const", const="whole", default="dense")
    parser.add_argument("--week", dest="window", action="store_const", const="week")
    parser.add_argument("--only", action="append", choices=POLICIES, help="play only these")
    parser.add_argument("--one", choices=POLICIES, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.one:
        print(json.dumps(measured(chosen.one, chosen.window)))
        return
    if not FOLDER.is_dir():
        sys.exit("no ../shared/traces beside this checkout; put the traces there")
    header(["policy", *TOTALS])
    found: dict[str, Figures] = {}
    for name in chosen.only or POLICIES:
        found[name] = alone(name, chosen.window)
        row([name, *(shown(found[name]) for shown in TOTALS.values())])
    by_tenant(found)


def alone(name: str, window: str) -> Figures:
    """One policy, in a process of its own."""
    command = [sys.executable, "-m", "bench.philly", "--one", name]
    command += [f"--{window}"] if window != "dense" else []
    done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT)
    figures: Figures = json.loads(done.stdout)
    return figures


def by_tenant(found: dict[str, Figures]) -> None:
    """Mean and p95 wait in hours by virtual cluster, and its share beside what it was due."""
    print()
    names = list(found)
    header(
        ["cluster", "jobs", *(f"{name} mean / p95 h" for name in names), *(f"{n} share / due" for n in names)]
    )
    for tenant, own in next(iter(found.values()))["tenants"].items():
        all_of_it = [found[name]["tenants"][tenant] for name in names]
        waits = [f"{t['mean_wait_s'] / 3600:.2f} / {t['p95_wait_s'] / 3600:.2f}" for t in all_of_it]
        shares = [f"{t['share']:.3f} / {t['entitled_share']:.3f}" for t in all_of_it]
        row([tenant, f"{own['jobs']:,}", *waits, *shares])


def header(cells: list[str]) -> None:
    """The first two lines of a table."""
    row(cells)
    print("|---|" + "--:|" * (len(cells) - 1), flush=True)


def row(cells: list[str]) -> None:
    """One line of a table."""
    print("| " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
