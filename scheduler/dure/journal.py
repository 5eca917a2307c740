"""The changes of one backend in the order in which they were seen, with a revision each."""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import suppress

from dure.model.change import Change
from dure.ports import Observation

_KEPT = 100_000
"""Changes kept for those who ask late; who asks later still must ask for everything."""


class Journal:
    """A log of changes in memory; revision n stands after the n-th change."""

    def __init__(self) -> None:
        self.revision = 0
        self._changes: deque[Change] = deque(maxlen=_KEPT)
        self._news = asyncio.Event()

    def write(self, *changes: Change) -> None:
        """Add changes and wake who waits for them; none at all wakes nobody."""
        if not changes:
            return
        self._changes.extend(changes)
        self.revision += len(changes)
        self._news.set()
        self._news = asyncio.Event()

    async def after(self, since: int, wait: float) -> Observation:
        """Changes after a revision; waits at most `wait` seconds for the first. Raises ValueError: unknown."""
        if since >= self.revision and wait > 0:
            with suppress(TimeoutError):  # what came at that very instant is told all the same
                await asyncio.wait_for(self._news.wait(), wait)
        missed = self.revision - since
        if missed < 0 or missed > len(self._changes):
            raise ValueError(f"revision {since} is not known any more; observe everything again")
        start = len(self._changes) - missed
        return Observation(self.revision, tuple(self._changes[i] for i in range(start, len(self._changes))))
