"""How long the loop's cycles took, as a histogram."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from itertools import accumulate

BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Upper bounds in seconds; longer cycles fall in a last bucket without one."""


class LoopLatency:
    """Counts cycles by their length; used by one thread, read by any."""

    def __init__(self) -> None:
        self._counts = [0] * (len(BOUNDS) + 1)
        self.total = 0.0

    def observe(self, seconds: float) -> None:
        """Count one cycle."""
        self._counts[bisect_left(BOUNDS, seconds)] += 1
        self.total += seconds

    def buckets(self) -> Iterator[tuple[str, int]]:
        """(upper bound, cycles not longer than that), the last bound `+Inf`."""
        bounds = [*(repr(bound) for bound in BOUNDS), "+Inf"]
        return zip(bounds, accumulate(self._counts), strict=True)
