"""The loop: observe, decide, verify, apply, record; level-triggered, so that any cycle makes the last one right.

One task does everything in turns. Others ask it for work (`ask`) that must not meet a half-done turn.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from dure.model.instants import HOUR, SECOND, Instant
from dure.model.rules import Rules
from dure.service.budget import judge_budgets
from dure.service.cycle import cycle
from dure.service.live import Live, log
from dure.service.memory import tidy
from dure.service.recovery import end_hopeless, recover, settle
from dure.service.room_client import RoomGone

_T = TypeVar("_T")

_BOOK_EVERY = _TIDY_EVERY = HOUR
_LONGEST_WAIT_S = 20.0
_FIRST_BACKOFF_S = 0.2
_LONGEST_BACKOFF_S = 30.0


class Loop:
    """Takes turns until it is stopped; no failure of one turn ends it."""

    def __init__(self, live: Live) -> None:
        self._live = live
        self._asked: deque[tuple[Callable[[], Awaitable[Any]], asyncio.Future[Any]]] = deque()
        self._stale = True
        self._decide_at: Instant | None = 0
        self._settle_at: Instant = 0
        self._book_at: Instant = 0
        self._tidy_at: Instant = live.now() + _TIDY_EVERY
        self._budget_at: Instant = 0
        self._judged_under: Rules | None = None
        self._backoff_s = 0.0

    async def ask(self, work: Callable[[], Awaitable[_T]]) -> _T:
        """Have this done between two cycles, followed by a cycle; its result, or what it raised."""
        if self._live.stopping.is_set():
            raise RoomGone("the server stops")
        future: asyncio.Future[_T] = asyncio.get_running_loop().create_future()
        self._asked.append((work, future))
        self._live.wake.set()
        return await future

    def wake(self) -> None:
        """Take a turn now."""
        self._live.wake.set()

    async def run(self) -> None:
        """Take turns until `stopping`; then record what is metered."""
        live = self._live
        while not live.stopping.is_set():
            try:
                await self._turn()
                self._backoff_s, live.answering = 0.0, True
                await self._wait()
            except Exception as error:  # noqa: BLE001 - the loop outlives any single failure
                await self._failed(error)
        self._drop_asked(RoomGone("the server stops"))
        await self._finish()

    async def _turn(self) -> None:
        live = self._live
        live.wake.clear()
        if self._stale or live.room is None or not live.room.alive:
            await recover(live)
            self._stale, self._decide_at, self._settle_at = False, 0, self._next_settle()
        moved = await live.drain()
        if moved:
            await end_hopeless(live)
        asked = await self._do_asked()
        moved = await self._judge_budgets() or moved
        now = live.now()
        if moved or asked or (self._decide_at is not None and now >= self._decide_at):
            await self._cycle()
        if live.now() >= self._settle_at:
            await settle(live)
            self._settle_at = self._next_settle()
        if live.now() >= self._book_at:
            await live.books.write(lambda ledger: ledger.book())
            self._book_at = live.now() + _BOOK_EVERY
        if live.now() >= self._tidy_at:
            tidy()
            self._tidy_at = live.now() + _TIDY_EVERY

    async def _cycle(self) -> None:
        accepted = await cycle(self._live)
        plan, now = self._live.plan, self._live.now()
        wake_at = plan.wake_at if plan else None
        if not accepted:  # what was refused is tried again when the world has moved on a little
            wake_at = min(wake_at or now + SECOND, now + SECOND)
        self._settle_at = min(self._settle_at, self._next_settle())
        self._decide_at = None if wake_at is None else max(wake_at, now + SECOND // 10)

    async def _judge_budgets(self) -> bool:
        """Where it is time to: before a decision after a start or under new rules, and every so often."""
        live = self._live
        if live.now() < self._budget_at and live.rules is self._judged_under:
            return False
        changed = await judge_budgets(live)
        self._budget_at, self._judged_under = live.now() + live.settings.budget_every, live.rules
        return changed

    async def _do_asked(self) -> bool:
        done = False
        while self._asked:
            work, future = self._asked.popleft()
            done = True
            try:
                result = await work()
            except Exception as error:  # noqa: BLE001 - it is the asker's to handle
                if not future.done():
                    future.set_exception(error)
                continue
            if not future.done():
                future.set_result(result)
        return done

    async def _wait(self) -> None:
        """Until the backend has news, someone asks, or an instant has come at which there is something to do."""
        live = self._live
        due = min(self._settle_at, self._budget_at)
        due = min(due, due if self._decide_at is None else self._decide_at)
        left = min(max((due - live.clock.now()) / SECOND, 0.0), _LONGEST_WAIT_S)
        seen = asyncio.ensure_future(live.backend.observe(live.revision, left))
        woken = asyncio.ensure_future(live.wake.wait())
        try:
            await asyncio.wait({seen, woken}, return_when=asyncio.FIRST_COMPLETED)
            if seen.done():
                seen.result()
        finally:
            for task in (seen, woken):
                task.cancel()
            await asyncio.gather(seen, woken, return_exceptions=True)

    async def _failed(self, error: Exception) -> None:
        live = self._live
        live.stats.failures += 1
        live.answering = False
        self._stale = True
        self._drop_asked(RoomGone("the room is being read again"))
        self._backoff_s = min(max(self._backoff_s * 2, _FIRST_BACKOFF_S), _LONGEST_BACKOFF_S)
        log.error("cycle failed", error=f"{type(error).__name__}: {error}", again_in_s=self._backoff_s,
                  exc_info=error)  # fmt: skip
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(live.stopping.wait(), self._backoff_s)

    def _next_settle(self) -> Instant:
        live = self._live
        busy = any(entry.attempt for entry in live.observed.jobs.values())
        every = live.settings.meter_every if busy else live.settings.meter_idle_every
        return live.clock.now() + every

    def _drop_asked(self, error: Exception) -> None:
        while self._asked:
            _, future = self._asked.popleft()
            if not future.done():
                future.set_exception(error)

    async def _finish(self) -> None:
        if self._live.meter is None:
            return
        try:
            await settle(self._live)
            await self._live.books.write(lambda ledger: ledger.book())
        except Exception as error:  # noqa: BLE001 - what is not metered now is metered at the next start
            log.error("last metering failed; the next start makes up for it", error=str(error))
