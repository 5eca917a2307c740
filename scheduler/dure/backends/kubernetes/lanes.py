"""Who is next to send a request, when more want to than the API server answers well at once."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from enum import Enum


class Lane(Enum):
    """What a request is for; its value is the weight by which it takes turns with others."""

    ADMIT = 8
    """Starts and evictions: what a decision waits for."""

    WRITE = 4
    """What users ask for: jobs queued, held, cancelled."""

    TIDY = 2
    """Finalizers and what else may come a little later."""

    READ = 1
    """Lists and looks."""


class Lanes:
    """At most `limit` requests in flight; a free place goes to the waiting lane that has least for its weight.

    One place is kept from `READ`, so that a server's slow lists never hold them all. Within a lane it is first
    come, first served.
    """

    def __init__(self, limit: int = 8) -> None:
        self._limit = max(limit, 2)
        self._waiting: dict[Lane, deque[asyncio.Future[None]]] = {lane: deque() for lane in Lane}
        self._flying: dict[Lane, int] = dict.fromkeys(Lane, 0)

    @asynccontextmanager
    async def place(self, lane: Lane) -> AsyncIterator[None]:
        """Hold a place while the request is in flight."""
        await self._take(lane)
        try:
            yield
        finally:
            self._flying[lane] -= 1
            self._let_in()

    @property
    def in_flight(self) -> int:
        """Requests on their way now."""
        return sum(self._flying.values())

    async def _take(self, lane: Lane) -> None:
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting[lane].append(turn)
        self._let_in()
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():  # its place came at that very moment: pass it on
                self._flying[lane] -= 1
                self._let_in()
            raise

    def _let_in(self) -> None:
        while (lane := self._next()) is not None:
            turn = self._waiting[lane].popleft()
            if not turn.done():
                self._flying[lane] += 1
                turn.set_result(None)

    def _next(self) -> Lane | None:
        """The lane whose turn it is, None where nobody waits or no place is free."""
        free = self._limit - self.in_flight
        waiting = [lane for lane in Lane if self._waiting[lane]]
        if self._flying[Lane.READ] >= self._limit - 1 and Lane.READ in waiting:
            waiting.remove(Lane.READ)
        if not waiting or free <= 0:
            return None
        return min(waiting, key=lambda lane: (self._flying[lane] / lane.value, -lane.value))
