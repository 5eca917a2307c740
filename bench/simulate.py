"""How long replays of real traces take: `python -m bench.simulate [--quick]`.

Each replay runs in a process of its own, under policies/easy, so that its peak memory is its own. The traces
lie in ../shared/traces beside the checkout; known means of independent simulators stand beside ours.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT = Path(__file__).resolve().parent.parent
TRACES = ROOT.parent / "shared/traces"
KIB_PER_MIB: Final = 1024


@dataclass(frozen=True)
class Case:
    """One replay, and the mean wait (s) that is known for it, if any."""

    trace: str
    estimates: str
    known_wait: float | None = None
    quick: bool = False


CASES = (
    Case("ref-easy-kth/KTH-SP2_easy_clairvoyant.swf.gz", "exact", 6327.68, quick=True),
    Case("ref-easy-kth/KTH-SP2_easy_reqtime.swf.gz", "requested", 6836.87, quick=True),
    Case("swf-ricc-2010/RICC-2010-2.swf.gz", "requested"),
    Case("swf-ricc-2010/RICC-2010-2.swf.gz", "exact"),
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
    from dure.simulate.replay import Estimates, Settings, play  # noqa: PLC0415 - imports are part of the time
    from dure.simulate.report import report  # noqa: PLC0415 - as above
    from dure.simulate.swf import read_swf  # noqa: PLC0415 - as above
    from dure_policies import read_bundle  # noqa: PLC0415 - as above

    begun = time.perf_counter(), time.process_time()
    rules = read_bundle(ROOT / "policies/easy").rules
    figures = report(play(read_swf(TRACES / case.trace), rules, Settings(Estimates(case.estimates))))
    seconds, cpu = time.perf_counter() - begun[0], time.process_time() - begun[1]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / KIB_PER_MIB
    return {name: figures[name] for name in ("jobs", "decides", "mean_wait_s")} | {
        "seconds": seconds,
        "cpu": cpu,
        "peak": peak,
    }


def row(case: Case, found: dict[str, float]) -> str:
    """One line of the table."""
    known = "-" if case.known_wait is None else f"{case.known_wait:.2f}"
    cells = (
        Path(case.trace).name.removesuffix(".swf.gz"),
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
