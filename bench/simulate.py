"""How long replays of real traces take: `python -m bench.simulate [--quick] [--only NAME]`.

Each replay runs in a process of its own, so that its peak memory is its own. The traces lie in
../shared/traces beside the checkout; known means stand beside ours: of pyss for KTH, of the plain EASY in
tests/simulate/easy_by_the_book.py for RICC (it takes a quarter of an hour for the second). KTH and RICC run
under policies/easy on one node, and RICC in fair order with history on 1,024 nodes of 8 cpus and 12 GiB, users as
tenants; the dense window of Philly (2017-10-03 to 12-05) in fair order with history, virtual clusters as tenants,
on 60 nodes of 8 GPUs, which that window would fill to 94 %; and a made-up week of the biohub room under its own
bundle.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from calendar import timegm
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, TypeAlias

from dure.model.instants import DAY, SECOND, Interval
from dure.model.node import GpuFlavor, Node, Pool
from dure.model.resources import Resources
from dure.model.rules import Rules
from dure.simulate.gpu_csv import read_philly
from dure.simulate.replay import Estimates, Played, RoomOf, Settings, play, play_work
from dure.simulate.report import report
from dure.simulate.swf import read_swf
from dure.simulate.synthetic import synthetic
from dure_policies import read_bundle

ROOT = Path(__file__).resolve().parent.parent
TRACES = ROOT.parent / "shared/traces"
KIB_PER_MIB: Final = 1024
PATIENCE_S: Final = 1800
"""So long a replay may take before it is given up."""

Replay: TypeAlias = Callable[[], Played]
DENSE: Final = range(timegm((2017, 10, 3, 0, 0, 0)), timegm((2017, 12, 5, 0, 0, 0)))


def philly(path: Path) -> Replay:
    """The dense window of Philly on 60 nodes of 8 GPUs, in fair order."""
    trace = read_philly(path)
    dense = tuple(job for job in trace.jobs if job.submit in DENSE)
    nodes = tuple(Node(f"n{n:02}", "gpus", Resources(gpus=(("gpu", 8),))) for n in range(60))
    rules = Rules(room="philly", flavors=(GpuFlavor("gpu"),), pools=(Pool("gpus", "local", nodes),))
    return lambda: play(replace(trace, jobs=dense), rules, Settings(Estimates.EXACT, RoomOf.BUNDLE))


def ricc_fair(path: Path) -> Replay:
    """RICC on its 1,024 nodes, in fair order."""
    nodes = tuple(Node(f"n{n:04}", "main", Resources(8000, 12 * 1024)) for n in range(1024))
    rules = Rules(room="ricc", pools=(Pool("main", "local", nodes),))
    return lambda: play(read_swf(path), rules, Settings(room=RoomOf.BUNDLE))


def biohub(_: Path) -> Replay:
    """A week from a Monday morning on, in Seoul."""
    rules = read_bundle(ROOT / "policies/biohub").rules
    begin = timegm((2026, 10, 18, 15, 0, 0)) * SECOND
    week = Interval(begin, begin + 7 * DAY)
    return lambda: play_work(synthetic(rules, week), rules, "a week of biohub", enforce_limits=True)


@dataclass(frozen=True)
class Case:
    """One replay, the mean wait (s) that is known for it, if any, and the aim in seconds."""

    name: str
    load: Callable[[Path], Replay]
    trace: str = ""
    known_wait: float | None = None
    quick: bool = False
    aim: int | None = None


def easy(estimates: Estimates) -> Callable[[Path], Replay]:
    """An SWF log on one node of its own size, under policies/easy."""
    rules = read_bundle(ROOT / "policies/easy").rules
    return lambda path: lambda: play(read_swf(path), rules, Settings(estimates))


KTH: Final = "ref-easy-kth/KTH-SP2_easy_"
RICC: Final = "swf-ricc-2010/RICC-2010-2.swf.gz"
EXACT, REQUESTED = easy(Estimates.EXACT), easy(Estimates.REQUESTED)
CASES: Final = (
    Case("KTH easy, exact", EXACT, f"{KTH}clairvoyant.swf.gz", 6327.68, quick=True),
    Case("KTH easy, requested", REQUESTED, f"{KTH}reqtime.swf.gz", 6836.87, quick=True),
    Case("biohub week", biohub, quick=True, aim=10),
    Case("RICC easy, requested", REQUESTED, RICC, 54458.56, aim=300),
    Case("RICC easy, exact", EXACT, RICC, 45804.19),
    Case("RICC fair, 1,024 nodes", ricc_fair, RICC, aim=900),
    Case("Philly dense, fair", philly, "philly-vc/philly.csv.gz"),
)


def main() -> None:
    """Print the table, a row as soon as it is known."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="KTH and the week only")
    parser.add_argument("--only", action="append", choices=[case.name for case in CASES])
    parser.add_argument("--case", type=int, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.case is not None:
        print(json.dumps(measured(CASES[chosen.case])))
        return
    if not TRACES.is_dir():
        sys.exit("no ../shared/traces beside this checkout; put the traces there")
    columns = (
        "replay", "jobs", "seconds", "aim s", "cpu s", "decides/cpu s", "evictions", "peak MiB", "mean wait s",
        "reference",
    )  # fmt: skip
    print("| " + " | ".join(columns) + " |")
    print("|---|" + "--:|" * (len(columns) - 1), flush=True)
    for number, case in enumerate(CASES):
        if (case.quick or not chosen.quick) and case.name in (chosen.only or {case.name}):
            print(row(case, alone(number)), flush=True)


def alone(number: int) -> dict[str, float] | None:
    """The measures of one case, from a process of its own; None where it took too long."""
    command = [sys.executable, "-m", "bench.simulate", "--case", str(number)]
    try:
        done = subprocess.run(
            command, check=True, capture_output=True, text=True, cwd=ROOT, timeout=PATIENCE_S
        )
    except subprocess.TimeoutExpired:
        return None
    measures: dict[str, float] = json.loads(done.stdout)
    return measures


def measured(case: Case) -> dict[str, float]:
    """Replay one case here, reading of the file and figures included."""
    begun = time.perf_counter(), time.process_time()
    figures = report(case.load(TRACES / case.trace)())
    seconds, cpu = time.perf_counter() - begun[0], time.process_time() - begun[1]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / KIB_PER_MIB
    own = {name: figures[name] for name in ("jobs", "decides", "mean_wait_s", "evictions")}
    return own | {"seconds": seconds, "cpu": cpu, "peak": peak}


def row(case: Case, found: dict[str, float] | None) -> str:
    """One line of the table."""
    aim = "-" if case.aim is None else str(case.aim)
    known = "-" if case.known_wait is None else f"{case.known_wait:.2f}"
    if found is None:
        return f"| {case.name} | - | over {PATIENCE_S} | {aim} | - | - | - | - | - | {known} |"
    cells = (
        case.name,
        f"{found['jobs']:,}",
        f"{found['seconds']:.1f}",
        aim,
        f"{found['cpu']:.1f}",
        f"{found['decides'] / found['cpu']:,.0f}",
        f"{found['evictions']:,}",
        f"{found['peak']:.0f}",
        f"{found['mean_wait_s']:.2f}",
        known,
    )
    return "| " + " | ".join(cells) + " |"


if __name__ == "__main__":
    main()
