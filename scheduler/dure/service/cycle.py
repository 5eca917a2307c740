"""One cycle: decide, verify, apply (DESIGN 2). A start is assumed from the instant of its decision."""

from __future__ import annotations

import asyncio
import time

from dure.crash import crash_point
from dure.model.change import StartFailed, Starting
from dure.model.plan import End, Plan, Start
from dure.ports import Refused
from dure.service import events
from dure.service.live import Live
from dure.service.verify import faults

_AT_ONCE = 8


class BrokenPlan(Exception):  # noqa: N818 - what the planner gave, not what we failed at
    """The planner's starts do not fit the room as it was seen; nothing of the plan was done."""


async def cycle(live: Live) -> bool:
    """Decide and act; whether every start was accepted. Raises BrokenPlan, and whatever a backend raises."""
    begun = time.monotonic()
    plan = await _decide(live)
    wrong = faults(plan, live.observed)
    if wrong:
        raise BrokenPlan("; ".join(wrong[:10]))
    live.plan = plan
    if plan.starts or plan.ends:
        crash_point("decision-taken")
    starts = [start for start in plan.starts if start.job not in live.kept]
    await live.take(Starting(plan.at, s.job, s.attempt, s.placements) for s in starts)
    accepted = await _start_all(live, starts)
    for end in plan.ends:
        await _end(live, end)
    live.announce()
    live.stats.latency.observe(time.monotonic() - begun)
    return accepted


async def _decide(live: Live) -> Plan:
    begun = time.monotonic()
    plan = await live.child().decide(live.now())
    took = time.monotonic() - begun
    live.stats.cycles += 1
    live.stats.last_cycle = plan.at
    live.stats.last_decide_seconds = took
    return plan


async def _start_all(live: Live, starts: list[Start]) -> bool:
    gate = asyncio.Semaphore(_AT_ONCE)
    outcomes = await asyncio.gather(*(_start(live, start, gate) for start in starts), return_exceptions=True)
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
    log.info("started", attempt=start.attempt, nodes=nodes, backfill=start.backfill)
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
