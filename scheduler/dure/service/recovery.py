"""From what backend and ledger know to a running room: at the start, after a failure, with a new policy.

Histories are rebuilt from the ledger up to its watermark; what happened after it is in the snapshot that the Room
begins from: the times of running tasks, the use of attempts that are over, and facts of nodes.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterable, Iterator
from typing import Any

from dure.accounting.occupied import occupied
from dure.ledger import Promises, SqlLedger
from dure.model.change import Budgeted, Change, Paused, Promised, Watermark
from dure.model.instants import Instant, Interval
from dure.model.plan import Eviction
from dure.model.record import JobRecord, JobState
from dure.model.rules import Rules
from dure.model.snapshot import History, Used
from dure.model.use import CapacityFact
from dure.planning.history import rebuild
from dure.ports import Observation
from dure.service.cycle import evict_all
from dure.service.live import Live, log
from dure.service.memory import set_aside
from dure.service.meter import Meter
from dure.service.observed import Observed
from dure.service.room_client import RoomClient, RoomGone
from dure.turns import in_turns

_TRIES = 20


async def recover(live: Live) -> None:
    """Read everything again and begin a Room anew. Raises whatever the backend or the ledger raise."""
    await _finish_what_was_promised(live)
    await apply_drains(live)
    watched_from = live.clock.now()
    seen, records = await _all_that_is_known(live)
    pauses = await _pauses(live, watched_from)
    calendar = live.rules.calendar
    meter = await Meter.resume(live.backend, live.books, records, watched_from, calendar)
    room = Observed()
    await _witness(room, meter, (*pauses, *seen.changes, *_standing(live, watched_from)))
    room.past += await asyncio.to_thread(lambda: list(_over(records, room)))
    for show in live.readers:
        await show(room)
    live.meter, live.observed, live.revision = meter, room, seen.revision
    live.ending.clear()
    await live.meter.settle(live.now() + 1, lambda: _catch_up(live))
    await _record_policy(live)
    await _begin(live)
    await end_hopeless(live)
    if not live.stats.failures:  # else it might be what the failure left behind
        set_aside()
    running = sum(entry.attempt is not None for entry in live.observed.jobs.values())
    log.info("room recovered", nodes=len(live.observed.nodes), jobs=len(live.observed.jobs), running=running)


async def settle(live: Live) -> None:
    """Bring the ledger up to now, or as far as the backend's record is complete, and history with it."""
    meter = live.metering()
    done = await meter.settle(live.now() + 1, lambda: _drained(live))
    await live.child().apply([Watermark(meter.watermark)])
    live.observed.forget(meter.watermark)
    if done.quarantined:
        log.warning("doubtful use was put in quarantine", slices=done.quarantined)


async def adopt(live: Live, rules: Rules) -> None:
    """Put new rules in force: histories first advance under the old ones (DESIGN 3.2)."""
    await settle(live)
    at = live.now()
    await live.books.write(lambda ledger: ledger.record_policy(at, rules.version, rules))
    await live.child().adopt(rules, at)
    live.rules, live.rules_since = rules, at
    live.metering().use_calendar(at, rules.calendar)
    live.use_rules(rules)
    await apply_drains(live)
    log.info("policy in force", version=rules.version)


async def apply_drains(live: Live) -> None:
    """Let the backend know which of its nodes are drained."""
    for node in await live.books.look_up(lambda control: control.drained()):
        with contextlib.suppress(KeyError):  # policy names it no more; should it come back, it is drained
            await live.backend.drain(node, True)


async def end_hopeless(live: Live) -> None:
    """End waiting jobs that come after one that is over without success: nobody reports that again."""
    for entry in [entry for entry in live.observed.jobs.values() if entry.waiting_for]:
        if entry.attempt is not None or entry.job.id in live.ending:
            continue
        gone = [job for job in entry.waiting_for if job not in live.observed.jobs]
        if await _any_failed(live, gone):
            live.ending.add(entry.job.id)
            await live.backend.end(entry.job.id, "dependency-failed")


async def compare_histories(live: Live) -> tuple[Instant, list[list[Any]], list[list[Any]]]:
    """The watermark, live histories there, and those rebuilt from the ledger; floats as hexadecimal."""
    await settle(live)
    watermark = live.metering().watermark
    snapshot = await live.child().snapshot()
    rebuilt = await live.books.read(lambda ledger: rebuilt_history(ledger, watermark))
    return watermark, _rows(snapshot.history), _rows(rebuilt)


def rebuilt_history(ledger: SqlLedger, watermark: Instant) -> tuple[History, ...]:
    """Histories at the watermark, from nothing but the ledger."""
    used = ledger.slices(Interval(0, watermark)) if watermark > 0 else ()
    return rebuild(used, ledger.capacity(), ledger.policies(), watermark)


async def _finish_what_was_promised(live: Live) -> None:
    """Read what was promised, and evict what stands in the way of it: the last server may not have come to that."""
    cluster = live.backend.cluster
    try:
        live.promised = await live.books.look_up(lambda control: control.promises(cluster))
    except ValueError as error:  # nobody was told to leave for what cannot be read: it is decided anew
        live.promised = Promises()
        log.error("what was promised cannot be read; deciding anew", error=str(error))
    await evict_all(live, [one for one in live.promised.evictions if await _is_untold(live, one)])


async def _is_untold(live: Live, eviction: Eviction) -> bool:
    """Whether the attempt still runs and was not told to end."""
    try:
        record = await live.backend.record(eviction.job)
    except KeyError:
        return False
    last = record.attempts[-1] if record.attempts else None
    runs = record.state in {JobState.STARTING, JobState.RUNNING}
    return runs and last is not None and last.attempt == eviction.attempt


def _standing(live: Live, at: Instant) -> Iterator[Change]:
    """Promises and budgets, which no backend tells of."""
    yield Promised(at, live.promised.claims, live.promised.reservations)
    yield from (Budgeted(at, tenant, state) for tenant, state in sorted(live.budgets.items()))


async def _pauses(live: Live, at: Instant) -> tuple[Change, ...]:
    paused = await live.books.look_up(lambda control: control.pauses())
    room = (Paused(at, None, True),) if paused.room else ()
    return (*room, *(Paused(at, tenant, True) for tenant in paused.tenants))


async def _witness(room: Observed, meter: Meter, changes: tuple[Change, ...]) -> None:
    """Take changes in before there is a Room."""
    async for change in in_turns(changes):
        room.apply(change)
        meter.apply(change)


async def _catch_up(live: Live) -> None:
    seen = await live.backend.observe(live.revision, 0)
    live.revision = seen.revision
    await _witness(live.observed, live.metering(), seen.changes)


async def _drained(live: Live) -> None:
    await live.drain()


async def _all_that_is_known(live: Live) -> tuple[Observation, tuple[JobRecord, ...]]:
    """What is not over and every record of attempts, of one moment: nothing may have changed between the two."""
    for _ in range(_TRIES):
        seen = await live.backend.observe(None, 0)
        records = await live.backend.records(tried=True)
        if not (await live.backend.observe(seen.revision, 0)).changes:
            return seen, records
    raise RoomGone("the queue changes faster than it can be read; trying again")


def _over(records: tuple[JobRecord, ...], room: Observed) -> Iterator[Used]:
    """What attempts that are over used; the ledger may not have all of it yet."""
    for record in records:
        entry = room.jobs.get(record.job.id)
        current = entry.attempt.number if entry and entry.attempt else None
        for task in occupied([record], 0):
            if task.attempt != current and task.ended is not None and task.ended > task.started:
                interval = Interval(task.started, task.ended)
                yield Used(record.job.tenant, record.job.user, interval, task.resources)


async def _record_policy(live: Live) -> None:
    """Put the rules on record before anything is decided by them."""
    at, rules = live.now(), live.rules
    await live.books.write(lambda ledger: ledger.record_policy(at, rules.version, rules))
    versions = await live.books.read(lambda ledger: ledger.control.policy_versions())
    live.rules_since = versions[-1][0] if versions else at


async def _begin(live: Live) -> None:
    watermark = live.metering().watermark
    history, facts, policies = await live.books.read(
        lambda ledger: (rebuilt_history(ledger, watermark), ledger.capacity(), ledger.policies())
    )
    capacity = _late_facts(facts, live.observed.facts, watermark)
    room, policies = live.observed, _in_force(policies, watermark)  # nobody else changes it meanwhile
    snapshot = await asyncio.to_thread(lambda: room.snapshot(watermark, history, capacity, policies))
    live.observed.forget(watermark)
    if live.room is not None:
        await live.room.close()
    live.room = await RoomClient.spawn(live.inherited, live.wake.set)
    await live.room.begin(snapshot, live.rules, live.rules_since)


def _in_force(
    policies: tuple[tuple[Instant, Rules], ...], watermark: Instant
) -> tuple[tuple[Instant, Rules], ...]:
    """The rules in force at the watermark and since."""
    before = [version for version in policies if version[0] <= watermark]
    return (*before[-1:], *(version for version in policies if version[0] > watermark))


def _late_facts(
    recorded: Iterable[CapacityFact], seen: Iterable[CapacityFact], watermark: Instant
) -> tuple[CapacityFact, ...]:
    """Facts of nodes that changed at or after the watermark, each node's first preceded by the one before."""
    found: list[CapacityFact] = []
    last: dict[str, CapacityFact] = {}
    for fact in sorted((*recorded, *seen), key=lambda fact: (fact.at, fact.node_id)):
        before = last.get(fact.node_id)
        if fact.at >= watermark and (before.node if before else None) != fact.node:
            found += [before] if before and before.at < watermark else []
            found.append(fact)
        if before is None or before.node != fact.node:
            last[fact.node_id] = fact
    return tuple(sorted(found, key=lambda fact: (fact.at, fact.node_id)))


async def _any_failed(live: Live, jobs: list[str]) -> bool:
    for job in jobs:
        try:
            record = await live.backend.record(job)
        except KeyError:
            return True
        if record.state.final and record.state.value != "succeeded":
            return True
    return False


def _rows(histories: tuple[History, ...]) -> list[list[Any]]:
    return [[h.tenant, h.user, h.dimension.value, h.at, h.settled.hex(), h.value.hex()] for h in histories]
