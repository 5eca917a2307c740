"""Hunt for preemption loops: a million starting allocations of tiny rooms, with every rule of preemption on.

`python -m bench.loops [CASES]` prints a table; it ends with 1 where a room did not come to rest.
"""

from __future__ import annotations

import sys
import time
from concurrent.futures import ProcessPoolExecutor
from random import Random

from tests.planning.loops import Search, searched, tiny_rooms

CASES = 1_000_000
WORKERS = 2
BATCH = 25_000


def batch(seed: int) -> Search:
    """So many cases of one seed."""
    return searched(tiny_rooms(Random(seed)), BATCH)


def main(cases: int = CASES) -> int:
    """Search, and print what was found."""
    begun = time.perf_counter()
    with ProcessPoolExecutor(WORKERS) as pool:
        found = list(pool.map(batch, range(-(-cases // BATCH))))
    print("| rooms | starting allocations | that evict | longest way to rest | loops | seconds |")
    print("|---|---|---|---|---|---|")
    rooms, total = sum(one.rooms for one in found), sum(one.cases for one in found)
    evicting, loops = sum(one.evicting for one in found), sum(one.loops for one in found)
    longest = max(one.longest for one in found)
    print(f"| {rooms} | {total} | {evicting} | {longest} | {loops} | {time.perf_counter() - begun:.0f} |")
    for one in found:
        if one.first is not None:
            print(f"first loop: {one.first}", file=sys.stderr)
            break
    return 1 if loops else 0


if __name__ == "__main__":
    sys.exit(main(*(int(argument) for argument in sys.argv[1:])))
