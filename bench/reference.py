"""Ask the planner and the brute-force reference planner about 10,000 tiny rooms in any state.

`python -m bench.reference [CASES]` prints a table; it ends with 1 where they differ.
"""

from __future__ import annotations

import sys
import time
from concurrent.futures import ProcessPoolExecutor

from tests.planning.agreement import differences
from tests.planning.reference_rooms import any_case

CASES = 10_000
WORKERS = 2
BATCH = 250


def batch(first: int) -> list[tuple[int, list[str]]]:
    """The rooms of so many seeds about which they differ, and in what."""
    found = ((seed, differences(*any_case(seed))) for seed in range(first, first + BATCH))
    return [(seed, said) for seed, said in found if said]


def main(cases: int = CASES) -> int:
    """Ask, and print what came of it."""
    begun = time.perf_counter()
    with ProcessPoolExecutor(WORKERS) as pool:
        firsts = range(0, -(-cases // BATCH) * BATCH, BATCH)
        differing = [one for found in pool.map(batch, firsts) for one in found]
    print("| rooms | planner and reference agree | differ | seconds |")
    print("|---|---|---|---|")
    asked = len(firsts) * BATCH
    print(f"| {asked} | {asked - len(differing)} | {len(differing)} | {time.perf_counter() - begun:.0f} |")
    for seed, said in differing[:10]:
        print(f"room {seed}: {said[0]}", file=sys.stderr)
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main(*(int(argument) for argument in sys.argv[1:])))
