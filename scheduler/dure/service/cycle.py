"""One cycle: decide, verify, apply (DESIGN 2).

In this order, so that the next cycle makes it right wherever this one is cut off: what is promised is on record
with the evictions behind it; the Room takes everything as done at the instant of the decision; what is past its
limit is ended, victims are told, places are taken. Starts and evictions are assumed from the decision on.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine, Iterable, Iterator
from typing import Any

from dure.crash import crash_point
from dure.ledger import Promises
from dure.model.change import Change, Evicting, Promised, StartFailed, Starting
from dure.model.plan import End, Eviction, Plan, Start
from dure.ports import Refused
from dure.service import events
from dure.service.live import Live
from dure.service.verify import faults

_AT_ONCE = 8


class BrokenPlan(Exception):  # noqa: N818 - what the planner gave, not what we failed at
    """The plan does not fit the room as it was seen, or breaks a rule; nothing of it was done."""


async def cycle(live: Live) -> bool:
    """Decide and act; whether everything was accepted. Raises BrokenPlan, and whatever a backend raises."""
    begun = time.monotonic()
    plan = await _decide(live)
    live.plan = plan
    if plan.starts or plan.ends or plan.evictions:
        crash_point("decision-taken")
    await record_promises(live, plan)
    starts, gate = [s for s in plan.starts if s.job not in live.kept], asyncio.Semaphore(_AT_ONCE)
    await live.take(_assumed(live, plan, starts))
    for end in plan.ends:
        await _end(live, end)
    await evict_all(live, plan.evictions)
    if plan.evictions:
        crash_point("evicted")
    if any(start.claimed for start in starts):
        crash_point("before-claimed-start")
    accepted = await _all(*(_start(live, start, gate) for start in starts))
    live.announce()
    live.stats.latency.observe(time.monotonic() - begun)
    return accepted


async def _decide(live: Live) -> Plan:
    begun = time.monotonic()
    decided = await live.child().decide(live.now(), live.settings.check_plans)
    plan = decided.plan
    took = time.monotonic() - begun
    wrong = (*faults(plan, live.observed), *decided.found)
    if wrong:
        live.stats.broken_plans += 1
        raise BrokenPlan("; ".join(wrong[:10]))
    live.stats.cycles += 1
    live.stats.last_cycle = plan.at
    live.stats.last_decide_seconds = took
    return plan


async def record_promises(live: Live, plan: Plan) -> None:
    """Put on record what the plan promises, where that is not on record already.

    A reservation is kept by its job and its place in the order: hour and nodes are worked out in every decision.
    """
    made = Promises(plan.at, plan.claims, plan.reservations, plan.evictions)
    if _durable(made) == _durable(live.promised):
        return
    cluster = live.backend.cluster
    await live.books.control(lambda control: control.promise(cluster, made))
    live.promised = made
    crash_point("promised-recorded")


def _durable(made: Promises) -> object:
    kept = tuple((one.job, one.guaranteed) for one in made.reservations)
    return made.claims, kept, made.evictions


def _assumed(live: Live, plan: Plan, starts: list[Start]) -> Iterator[Change]:
    seen = live.observed
    if (plan.claims, plan.reservations) != (seen.claims, seen.reservations):
        yield Promised(plan.at, plan.claims, plan.reservations)
    yield from (Evicting(plan.at, eviction) for eviction in plan.evictions)
    yield from (Starting(plan.at, s.job, s.attempt, s.placements, s.under) for s in starts)


async def evict_all(live: Live, evictions: Iterable[Eviction]) -> None:
    """Have the backend carry evictions out; attempts that are gone or leave already are left alone.

    Raises Refused, after the others, where the backend will not: the room is then not as it was taken to be.
    """
    gate = asyncio.Semaphore(_AT_ONCE)
    await _all(*(_evict(live, eviction, gate) for eviction in evictions))


async def _evict(live: Live, eviction: Eviction, gate: asyncio.Semaphore) -> bool:
    log = events.of_job(live.observed, eviction.job)
    told = {"attempt": eviction.attempt, "rule": eviction.rule.value, "lost_ms": eviction.lost}
    async with gate:
        try:
            await live.backend.evict(eviction)
        except KeyError:
            log.info("job to evict is gone already", **told)
            return True
    log.info("told to leave", by=eviction.by, **told)
    return True


async def _all(*steps: Coroutine[Any, Any, bool]) -> bool:
    """Whether all went well, when all are done. Raises what the first of them raised."""
    outcomes = await asyncio.gather(*steps, return_exceptions=True)
    for outcome in outcomes:
        if isinstance(outcome, BaseException):
            raise outcome
    return all(outcomes)


async def _start(live: Live, start: Start, gate: asyncio.Semaphore) -> bool:
    log = events.of_job(live.observed, start.job)
    async with gate:
        try:
            await live.backend.start(start)
        except Refused as refusal:
            live.stats.refused_starts += 1
            log.info("start refused", attempt=start.attempt, reason=refusal.reason)
            await live.take([StartFailed(live.now(), start.job, start.attempt, refusal.reason)])
            return False
    nodes = sorted({placement.node for placement in start.placements})
    log.info("started", attempt=start.attempt, nodes=nodes, backfill=start.backfill, claimed=start.claimed)
    return True


async def _end(live: Live, end: End) -> None:
    if end.job in live.ending:
        return
    log = events.of_job(live.observed, end.job)
    try:
        await live.backend.end(end.job, end.cause.value)
    except KeyError:
        log.info("job to end is gone already")
        return
    live.ending.add(end.job)
    log.info("ended by the planner", cause=end.cause.value)
