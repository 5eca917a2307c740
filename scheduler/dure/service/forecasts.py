"""Forecasts of the waiting jobs: worked out again and again beside the loop, and dropped when they are stale.

Neither the loop nor an answer ever waits for one: what is shown is the last that there was, with its age. The
child is taught every end and start; should it die, another learns from the backend's records of ended jobs.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from dure.forecast.estimate import Estimate
from dure.model.change import Change, Ended, Starting
from dure.model.instants import MINUTE, Instant, Millis
from dure.model.job import Job, JobId
from dure.model.record import JobRecord, JobState
from dure.model.rules import Rules
from dure.service.forecast_client import ForecastClient
from dure.service.frames import ForecastOne, Learn
from dure.service.live import Live, log
from dure.service.pipe import PipeClosed

_PAUSE_S: Final = 3.0
"""Least time between two forecasts of the queue."""
_SHARE: Final = 20
"""A forecast makes the Room child show itself: it may take one part in so many of the child's time."""
_STALE: Final = 10 * MINUTE
_MOST_WAITING: Final = 20_000
"""Above this the Room child would take too long to show itself, and no forecast could see to the end."""
_AGAIN: Final = MINUTE
"""What nothing has happened to is forecast again after this time."""
_PATIENCE_S: Final = 300.0
_ONE_PATIENCE_S: Final = 20.0
_REMEMBERED: Final = 20_000
"""Ended jobs that a new child learns from: more would change nothing it says."""
_AT_ONCE: Final = 500


class Forecasts:
    """The last forecasts, and the task that keeps them fresh."""

    def __init__(self, live: Live) -> None:
        self._live = live
        self._client: ForecastClient | None = None
        self._aside: ForecastClient | None = None
        self._beginning = asyncio.Lock()
        self._knowledge: bytes | None = None
        self._known: Mapping[JobId, Estimate] = {}
        self._rules: Rules | None = None
        self._cycles = -1
        self._at: Instant = 0
        self._ended: deque[JobId] = deque(maxlen=_REMEMBERED)
        self._started: deque[tuple[JobId, Instant]] = deque(maxlen=_REMEMBERED)
        live.listeners.append(self._hear)

    def of(self, job: JobId) -> Estimate | None:
        """The last forecast of a waiting job, None where there is none that still means anything."""
        found = self._known.get(job) if self._rules is self._live.rules else None
        return found if found is not None and self._live.now() - found.at <= _STALE else None

    async def one(self, job: Job, waiting_for: frozenset[JobId]) -> Estimate | None:
        """The forecast of a job that is not there yet; None where there is none in good time."""
        live = self._live
        if self._knowledge is None or len(live.observed.jobs) > _MOST_WAITING:
            return None
        try:
            packed, now = await live.child().packed(), live.now()
            asked = ForecastOne(self._knowledge, packed, live.rules, now, job, waiting_for)
            client = await self._aside_client()
            return await asyncio.wait_for(client.one(asked), _ONE_PATIENCE_S)
        except (PipeClosed, TimeoutError) as error:
            log.warning("no forecast of a job", error=f"{type(error).__name__}: {error}")
            await self._put_aside()
            return None

    async def run(self) -> None:
        """Forecast until the server stops, which then does not wait for a forecast; no failure ends it."""
        rounds = asyncio.create_task(self._rounds(), name="forecast rounds")
        await self._live.stopping.wait()
        rounds.cancel()
        await asyncio.gather(rounds, return_exceptions=True)
        await self._let_go()
        await self._put_aside()

    async def _rounds(self) -> None:
        failures = 0
        while True:
            try:
                pause_s = await self._round()
                failures = 0
            except Exception as error:  # noqa: BLE001 - forecasts outlive any single failure
                log.warning("forecast failed", error=f"{type(error).__name__}: {error}")
                await self._let_go()
                failures += 1
                pause_s = min(60.0, 2.0**failures)
            await asyncio.sleep(pause_s)

    async def _round(self) -> float:
        """One forecast of the queue, if there is reason for one; seconds to wait until the next."""
        live = self._live
        if not live.ready:
            return 0.2
        client = await self._child()
        if await self._teach(client) or self._knowledge is None:
            self._knowledge = await client.learned()
        if not self._worth_it():
            return _PAUSE_S / 3
        rules, cycles, now, begun = live.rules, live.stats.cycles, live.now(), time.monotonic()
        packed = await live.child().packed()
        shown = time.monotonic() - begun
        known = await asyncio.wait_for(client.every(packed, rules, now), _PATIENCE_S)
        self._known, self._rules, self._cycles, self._at = known, rules, cycles, now
        took = time.monotonic() - begun
        return max(_PAUSE_S, _SHARE * shown, took)

    def _worth_it(self) -> bool:
        """Whether somebody waits, and something has happened since the last forecast."""
        live = self._live
        jobs = live.observed.jobs
        if len(jobs) > _MOST_WAITING or all(entry.attempt is not None for entry in jobs.values()):
            self._known = {}
            return False
        same = self._rules is live.rules and self._cycles == live.stats.cycles
        return not same or live.now() - self._at >= _AGAIN

    async def _child(self) -> ForecastClient:
        if self._client is not None and self._client.alive:
            return self._client
        await self._let_go()
        self._ended.clear()
        self._started.clear()
        client = await ForecastClient.spawn(self._live.inherited, _nothing)
        self._client = client
        records = await self._live.backend.records(tried=True)
        past = sorted(ran_to_an_end(records), key=lambda ran: ran[2])[-_REMEMBERED:]
        for begin in range(0, len(past), _AT_ONCE):
            ended = tuple((job, length) for job, length, _ in past[begin : begin + _AT_ONCE])
            await client.learn(Learn(ended))
        return client

    async def _aside_client(self) -> ForecastClient:
        """The child for single jobs, begun when the first one is asked for."""
        async with self._beginning:
            if self._aside is None or not self._aside.alive:
                self._aside = await ForecastClient.spawn(self._live.inherited, _nothing)
            return self._aside

    async def _put_aside(self) -> None:
        """End the child for single jobs, and with it what it was still asked: nobody waits for that any more."""
        client, self._aside = self._aside, None
        if client is not None:
            await client.close()

    async def _teach(self, client: ForecastClient) -> bool:
        """Hand on what was heard since the last time; whether there was anything."""
        if not self._ended and not self._started:
            return False
        started, names = tuple(self._started), tuple(self._ended)
        self._started.clear()
        self._ended.clear()
        records = [record for name in names if (record := await self._record(name)) is not None]
        await client.learn(Learn(tuple((job, length) for job, length, _ in ran_to_an_end(records)), started))
        return True

    async def _record(self, job: JobId) -> JobRecord | None:
        try:
            return await self._live.backend.record(job)
        except KeyError:
            return None

    def _hear(self, change: Change) -> None:
        if isinstance(change, Starting):
            self._started.append((change.job, change.at))
        elif isinstance(change, Ended) and not change.requeue:
            self._ended.append(change.job)

    async def _let_go(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            await client.close()


def ran_to_an_end(records: Iterable[JobRecord]) -> Iterator[tuple[Job, Millis, Instant]]:
    """(job, how long its last attempt ran, when it ended) of jobs that ran to an end of their own or a limit's."""
    for record in records:
        if record.state not in {JobState.SUCCEEDED, JobState.FAILED} or not record.attempts:
            continue  # what somebody cancelled, or a machine lost, says nothing of how long it would have run
        tasks = record.attempts[-1].tasks
        began = min((task.started for task in tasks if task.started is not None), default=None)
        ended = max((task.ended for task in tasks if task.ended is not None), default=None)
        if began is not None and ended is not None and ended > began:
            yield record.job, ended - began, ended


def _nothing() -> None:
    """The next round notices that the child is gone."""
