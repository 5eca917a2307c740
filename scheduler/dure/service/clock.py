"""The present, from this machine's clock."""

from __future__ import annotations

import time

from dure.model.instants import Instant


class SystemClock:
    """Wall time in milliseconds UTC."""

    def now(self) -> Instant:
        """The present instant."""
        return time.time_ns() // 1_000_000
