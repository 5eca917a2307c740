"""How long replays of real traces take: `python -m bench.simulate [--quick]`.

Each replay runs in a process of its own, so that its peak memory is its own. The traces lie in
../shared/traces beside the checkout; known means stand beside ours: of pyss for KTH, of the plain EASY in
tests/simulate/easy_by_the_book.py for RICC (it takes a quarter of an hour for the second). KTH and RICC run
under policies/easy on one node; the dense window of Philly (2017-10-03 to 12-05) in fair order with history,
virtual clusters as tenants, on 60 nodes of 8 GPUs, which that window would fill to 94 %.
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
from typing import Final

from dure.model.node import GpuFlavor, Node, Pool
from dure.model.resources import Resources
from dure.model.rules import Rules
from dure.simulate.gpu_csv import read_philly
from dure.simulate.replay import Estimates, RoomOf, Settings, play
from dure.simulate.report import report
from dure.simulate.swf import read_swf
from dure.simulate.trace import Trace
from dure_policies import read_bundle

ROOT = Path(__file__).resolve().parent.parent
TRACES = ROOT.parent / "shared/traces"
KIB_PER_MIB: Final = 1024
DENSE: Final = range(timegm((2017, 10, 3, 0, 0, 0)), timegm((2017, 12, 5, 0, 0, 0)))


def easy(path: Path) -> tuple[Trace, Rules, RoomOf]:
    """An SWF log on one node of its own size, under policies/easy."""
    return read_swf(path), read_bundle(ROOT / "policies/easy").rules, RoomOf.TRACE


def philly(path: Path) -> tuple[Trace, Rules, RoomOf]:
    """The dense window of Philly on 60 nodes of 8 GPUs, in fair order."""
    trace = read_philly(path)
    dense = tuple(job for job in trace.jobs if job.submit in DENSE)
    nodes = tuple(Node(f"n{n:02}", "gpus", Resources(gpus=(("gpu", 8),))) for n in range(60))
    rules = Rules(room="philly", flavors=(GpuFlavor("gpu"),), pools=(Pool("gpus", "local", nodes),))
    return replace(trace, jobs=dense), rules, RoomOf.BUNDLE


@dataclass(frozen=True)
class Case:
    """One replay, and the mean wait (s) that is known for it, if any."""

    trace: str
    estimates: Estimates
    known_wait: float | None = None
    quick: bool = False
    load: Callable[[Path], tuple[Trace, Rules, RoomOf]] = easy


CASES = (
    Case("ref-easy-kth/KTH-SP2_easy_clairvoyant.swf.gz", Estimates.EXACT, 6327.68, quick=True),
    Case("ref-easy-kth/KTH-SP2_easy_reqtime.swf.gz", Estimates.REQUESTED, 6836.87, quick=True),
    Case("swf-ricc-2010/RICC-2010-2.swf.gz", Estimates.REQUESTED, 54458.56),
    Case("swf-ricc-2010/RICC-2010-2.swf.gz", Estimates.EXACT, 45804.19),
    Case("philly-vc/philly.csv.gz", Estimates.EXACT, load=philly),
)


def main() -> None:
    """Print the table, a row as soon as it is known."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="KTH only")
    parser.add_argument("--case", type=int, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.case is not None:
        print(json.dumps(measured(CASES[chosen.case])))
        return
    if not TRACES.is_dir():
        sys.exit("no ../shared/traces beside this checkout; put the traces there")
    columns = (
        "trace",
        "estimates",
        "jobs",
        "seconds",
        "cpu s",
        "decides/cpu s",
        "peak MiB",
        "mean wait s",
        "reference",
    )
    print("| " + " | ".join(columns) + " |")
    print("|---|---|" + "--:|" * (len(columns) - 2))
    for number, case in enumerate(CASES):
        if case.quick or not chosen.quick:
            print(row(case, alone(number)), flush=True)


def alone(number: int) -> dict[str, float]:
    """The measures of one case, from a process of its own."""
    command = [sys.executable, "-m", "bench.simulate", "--case", str(number)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT)
    measures: dict[str, float] = json.loads(done.stdout)
    return measures


def measured(case: Case) -> dict[str, float]:
    """Replay one case here, reading of the file and figures included."""
    begun = time.perf_counter(), time.process_time()
    trace, rules, room = case.load(TRACES / case.trace)
    figures = report(play(trace, rules, Settings(case.estimates, room)))
    seconds, cpu = time.perf_counter() - begun[0], time.process_time() - begun[1]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / KIB_PER_MIB
    own = {name: figures[name] for name in ("jobs", "decides", "mean_wait_s")}
    return own | {"seconds": seconds, "cpu": cpu, "peak": peak}


def row(case: Case, found: dict[str, float]) -> str:
    """One line of the table."""
    known = "-" if case.known_wait is None else f"{case.known_wait:.2f}"
    cells = (
        Path(case.trace).name.partition(".")[0],
        case.estimates,
        f"{found['jobs']:,}",
        f"{found['seconds']:.1f}",
        f"{found['cpu']:.1f}",
        f"{found['decides'] / found['cpu']:,.0f}",
        f"{found['peak']:.0f}",
        f"{found['mean_wait_s']:.2f}",
        known,
    )
    return "| " + " | ".join(cells) + " |"


if __name__ == "__main__":
    main()
