"""The local backend: `dure.ports.Backend` over real processes of this machine."""

from __future__ import annotations

import asyncio
import logging
import os
import resource
from collections.abc import AsyncIterator, Coroutine, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from dure.backends.local import requests
from dure.backends.local.kept import Attempt, Kept, Withdrawal
from dure.backends.local.layout import Layout, checked_name
from dure.backends.local.listing import everything, submitted
from dure.backends.local.logs import read_log
from dure.backends.local.meter import Meter
from dure.backends.local.outcome import outcome, record, state_of
from dure.backends.local.places import check_shape, place
from dure.backends.local.queue import Queue
from dure.backends.local.running import Running
from dure.backends.local.shims import Shims
from dure.journal import Journal
from dure.model.change import Change, Held, NodeGone, NodeSet, Withdrawn
from dure.model.instants import Instant, Interval
from dure.model.job import Job, JobId, NodeId
from dure.model.node import Node, NodeState, Pool
from dure.model.plan import Eviction, Start
from dure.model.record import JobRecord, JobState
from dure.model.resources import Resources
from dure.model.rules import Rules
from dure.ports import Clock, KeyReused, Metered, Observation, Refused
from dure.turns import batches, in_turns

_Answer = TypeVar("_Answer")
_log = logging.getLogger(__name__)
_TRIES = 3
_LOOK_AROUND = 5.0
"""Seconds between looks at everything, should a word ever have been missed."""


class LocalBackend:
    """One local pool: its queue and its records under `data`, its tasks under shims.

    `data` is the server's data directory, held by one server at a time. `pool.options`: `path`, the PATH of jobs.
    Every method belongs to one event loop.
    """

    source = "local"

    def __init__(self, pool: Pool, rules: Rules, data: Path, clock: Clock) -> None:
        self.cluster = checked_name("pool", pool.name)
        self._clock = clock
        self._layout = Layout(data.absolute(), pool.name)
        self._queue = Queue(self._layout)
        self._shims = Shims(self._layout, dict(pool.options))
        self._journal = Journal()
        self._jobs: dict[JobId, Kept] = {}
        self._nodes: dict[NodeId, Node] = {}
        self._declared: dict[NodeId, Node] = {}
        self._drained: set[NodeId] = set()
        self._granted: Instant = 0
        self._running = Running(
            self._queue, self._shims, self._journal, self._jobs, self._now, lambda: self._granted
        )
        self._meter = Meter(self.source, self.cluster)
        self._work: set[asyncio.Task[Any]] = set()
        self._rounds: asyncio.Task[None] | None = None
        self._set_rules(pool, rules)

    async def open(self) -> None:
        """Read the queue from where it is kept and adopt what runs. Raises queue.Broken for an unreadable file."""
        _allow_many_files()
        await asyncio.to_thread(self._queue.prepare)
        self._granted = await asyncio.to_thread(self._queue.watermark)
        self._jobs.update(await asyncio.to_thread(self._in_order))
        self._running.watch.open(self._layout.bell)
        await self._running.adopt()
        self._rounds = asyncio.get_running_loop().create_task(self._go_round())

    async def close(self) -> None:
        """Let go without touching what runs."""
        if self._rounds:
            self._rounds.cancel()
        await asyncio.gather(*self._work, return_exceptions=True)
        await self._running.settle()
        self._running.close()

    def use_rules(self, pool: Pool, rules: Rules) -> None:
        """Go by new rules from now on: nodes, volumes, Unix users, grace. What runs goes on as it began."""
        before = dict(self._nodes)
        self._set_rules(pool, rules)
        gone = [NodeGone(self._now(), node) for node in before if node not in self._nodes]
        new = [NodeSet(self._now(), node) for name, node in self._nodes.items() if before.get(name) != node]
        self._journal.write(*gone, *new)

    async def observe(self, since: int | None, wait: float) -> Observation:
        """Changes after revision `since`, waiting for one if need be; None asks for everything as of now.

        A job that will never start because one it comes after ended badly is listed with that job, which is then
        withdrawn. Raises ValueError where `since` is too long ago.
        """
        if since is not None:
            return await self._journal.after(since, wait)
        for _ in range(_TRIES):  # in turns, as long as nothing happens between them
            revision, all_now = self._journal.revision, self._everything()
            changes = tuple([change async for change in in_turns(all_now) if change])
            if revision == self._journal.revision:
                return Observation(revision, changes)
        return Observation(self._journal.revision, tuple(change for change in self._everything() if change))

    async def enqueue(self, job: Job) -> JobRecord:
        """Queue a job durably. The same job again returns its record as it is now.

        Raises KeyReused where the id exists with another request, Refused where the backend cannot run it.
        """
        if job.id not in self._jobs:
            requests.check(job, self._shims.tenants, self._layout)
            self._check_dependencies(job)
            await self._whole(self._add(job))
        kept = self._jobs[job.id]
        if replace(job, submitted=kept.job.submitted) != kept.job:
            raise KeyReused(f"the idempotency key of job {job.id} was used for another request before")
        return record(kept)

    async def hold(self, job: JobId, held: bool) -> None:
        """Hold or release a pending job durably. Raises KeyError: unknown; Refused: not pending."""
        kept = self._jobs[job]
        if outcome(kept).state is not JobState.PENDING:
            raise Refused(f"job {job} is {outcome(kept).state}; only a pending job can be held or released")
        if kept.held != held:
            kept.held = held
            await self._whole(self._hold(kept, held))

    async def start(self, start: Start) -> None:
        """Start an attempt exactly where the plan says. Raises Refused where its view was stale.

        Returns when the shims are on their way; what becomes of them is observed.
        """
        kept = self._startable(start)
        tasks = place(kept.job, start, self._nodes, (other for other, _ in self._running.live()))
        attempt = Attempt(start.attempt, self._now(), start.placements, tasks, under=start.under)
        self._running.reserve(kept, attempt)
        await self._whole(self._running.start(kept, attempt))

    async def evict(self, eviction: Eviction) -> None:
        """Tell a running attempt to leave, with grace; its job is pending again once it is gone.

        An attempt that is over, or was told to end already, is left alone. Raises KeyError for an unknown job.
        """
        kept = self._jobs[eviction.job]
        attempt = kept.live
        if attempt and attempt.number == eviction.attempt and attempt.ending is None:
            await self._whole(self._evict(kept, attempt, eviction))

    async def checkpointed(self, job: JobId, attempt: int, at: Instant) -> None:
        """A running attempt says that it made a checkpoint at `at`, which counts within its life so far.

        Raises KeyError for an unknown job, Refused where this attempt does not run.
        """
        kept = self._jobs[job]
        live = kept.live
        if live is None or live.number != attempt:
            raise Refused(f"attempt {attempt} of job {job} does not run")
        await self._whole(self._running.checkpoint(kept, live, at))

    async def drain(self, node: NodeId, draining: bool) -> None:
        """Let a node take no more jobs, or take them again; what runs goes on. Raises KeyError: unknown."""
        before = self._nodes[node]
        (self._drained.add if draining else self._drained.discard)(node)
        self._nodes[node] = self._as_drained(self._declared[node])
        if self._nodes[node] != before:
            self._journal.write(NodeSet(self._now(), self._nodes[node]))

    async def end(self, job: JobId, reason: str, requeue: bool = False) -> None:
        """End a running job with grace, or withdraw a pending one; ended ones are left alone.

        Raises KeyError for an unknown job.
        """
        kept = self._jobs[job]
        if outcome(kept).state.final:
            return
        attempt = kept.live
        if attempt and attempt.ending is None:
            await self._whole(self._running.tell(kept, attempt, "asked", reason, requeue))
        if not requeue and kept.withdrawn is None and _may_come_back(kept):
            pending = outcome(kept).state is JobState.PENDING
            kept.withdrawn = Withdrawal(self._now(), reason)  # at once, so that no start comes in between
            await self._whole(self._withdraw(kept, kept.withdrawn, pending))

    async def record(self, job: JobId) -> JobRecord:
        """All that is known of a job. Raises KeyError for an unknown one."""
        return record(self._jobs[job])

    async def records(self, tried: bool = False) -> tuple[JobRecord, ...]:
        """Every job still kept, by (submitted, id); with `tried` those that made an attempt, all of one moment."""
        kept = [each for each in self._jobs.values() if each.attempts or not tried]
        kept.sort(key=_order)
        if tried:
            return tuple(record(each) for each in kept)
        return tuple([record(each) async for each in in_turns(kept)])

    async def counts(self) -> dict[JobState, int]:
        """How many jobs are kept in each state; of a long queue it may tell of some a moment later."""
        found = dict.fromkeys(JobState, 0)
        async for some in in_turns(batches(tuple(self._jobs.values()))):
            for kept in some:
                found[state_of(kept)] += 1
        return found

    def logs(self, job: JobId, task: int, offset: int, follow: bool) -> AsyncIterator[bytes]:
        """What the last attempt's task wrote from a byte offset on; following ends when the task has.

        Raises KeyError for an unknown job, IndexError for a task it does not have.
        """
        kept = self._jobs[job]
        if not 0 <= task < kept.job.tasks:
            raise IndexError(f"job {job} has tasks 0 to {kept.job.tasks - 1}")
        return read_log(kept, task, offset, follow, self._layout)

    async def slices(self, since: Instant, until: Instant) -> Metered:
        """Use of tenants over [since, watermark), watermark at most `until`; asked again it answers the same.

        Nothing recorded later falls before the watermark (docs/decisions/0031).
        """
        watermark = max(self._settled(until), min(self._granted, until))
        if watermark > self._granted:
            self._granted = watermark
            await asyncio.to_thread(self._queue.grant, watermark)
        asked = Interval(min(since, watermark), watermark)
        slices = sorted(
            self._meter.slices(self._jobs.values(), asked),
            key=lambda s: (s.start, s.uid, s.attempt, s.resource),
        )
        return Metered(watermark, tuple(slices))

    # How it is done

    def _in_order(self) -> dict[JobId, Kept]:
        """The queue as it was left, by (submitted, id): whoever sorts it later finds it nearly sorted."""
        found = sorted(self._queue.load(), key=_order)
        return {kept.job.id: kept for kept in found}

    def _everything(self) -> Iterator[Change | None]:
        return everything(self._now(), tuple(self._nodes.values()), dict(self._jobs))

    def _settled(self, until: Instant) -> Instant:
        """The instant up to which every record stands."""
        proofs = {
            (kept.job.id, attempt.number, number): self._queue.proof(kept.job.id, attempt.number, number)
            for kept, attempt in self._running.live()
            for number in range(len(attempt.tasks))
        }
        self._running.look_around()  # what ended since is known exactly from here on
        open_until = [
            attempt.decided if task.started is None else max(task.started, proofs.get(key, 0))
            for kept, attempt in self._running.live()
            for number, task in enumerate(attempt.tasks)
            if not task.over
            for key in [(kept.job.id, attempt.number, number)]
        ]
        return min([until, self._now(), *open_until, *self._running.deciding])

    def _now(self) -> Instant:
        """The present, never before a watermark that was given out, whatever the clock does."""
        return max(self._clock.now(), self._granted)

    async def _evict(self, kept: Kept, attempt: Attempt, eviction: Eviction) -> None:
        await self._running.look_for_checkpoint(kept, attempt)
        reason = f"evicted: {eviction.rule}"
        await self._running.tell(kept, attempt, "asked", reason, requeue=True, eviction=eviction)

    def _as_drained(self, node: Node) -> Node:
        taken = node.id in self._drained and node.state is NodeState.UP
        return replace(node, state=NodeState.DRAINING) if taken else node

    def _set_rules(self, pool: Pool, rules: Rules) -> None:
        self._declared = {node.id: node for node in pool.nodes or (_this_machine(pool.name),)}
        self._nodes = {name: self._as_drained(node) for name, node in self._declared.items()}
        self._shims.tenants = {tenant.id: tenant for tenant in rules.tenants}
        self._shims.grace = rules.planning.grace

    async def _go_round(self) -> None:
        while True:
            await asyncio.sleep(_LOOK_AROUND)
            try:
                self._running.look_around()
                await self._running.look_for_checkpoints()
            except OSError:
                _log.exception("looking around failed; trying again", extra={"pool": self.cluster})

    async def _whole(self, work: Coroutine[Any, Any, _Answer]) -> _Answer:
        """Work that goes on to its end even if whoever asked for it goes away."""
        task = asyncio.get_running_loop().create_task(work)
        self._work.add(task)
        task.add_done_callback(self._work.discard)
        return await asyncio.shield(task)

    async def _add(self, job: Job) -> None:
        stands = await asyncio.to_thread(self._queue.add, job)
        if job.id not in self._jobs:
            kept = self._jobs[job.id] = Kept(stands)
            self._journal.write(submitted(kept, self._jobs))

    def _check_dependencies(self, job: Job) -> None:
        for other in job.after:
            if other not in self._jobs:
                raise Refused(f"job {other}, which this one is to come after, is not known here")
            stands = outcome(self._jobs[other])
            if stands.state.final and stands.state is not JobState.SUCCEEDED:
                raise Refused(
                    f"job {other}, which this one is to come after, is {stands.state}: it will never start"
                )

    async def _hold(self, kept: Kept, held: bool) -> None:
        await asyncio.to_thread(self._queue.hold, kept.job.id, held)
        self._journal.write(Held(self._now(), kept.job.id, held))

    async def _withdraw(self, kept: Kept, withdrawal: Withdrawal, pending: bool) -> None:
        await asyncio.to_thread(self._queue.withdraw, kept.job.id, withdrawal)
        if pending:
            self._journal.write(Withdrawn(withdrawal.at, kept.job.id))

    def _startable(self, start: Start) -> Kept:
        kept = self._jobs.get(start.job)
        if kept is None:
            raise Refused(f"job {start.job} is not queued here")
        state = outcome(kept).state
        if state is not JobState.PENDING or kept.withdrawn:
            raise Refused(f"job {start.job} is {state} already")
        if kept.held:
            raise Refused(f"job {start.job} is held")
        if start.attempt <= kept.number:
            raise Refused(f"job {start.job} has made attempt {kept.number} already")
        check_shape(kept.job, start)
        return kept


def _order(kept: Kept) -> tuple[Instant, JobId]:
    return kept.job.submitted, kept.job.id


def _may_come_back(kept: Kept) -> bool:
    """Whether the job is pending, or will be again after the attempt it makes now."""
    if outcome(kept).state.final:
        return False
    return kept.live is None or bool(kept.live.ending and kept.live.ending.requeue)


def _allow_many_files() -> None:
    """Let this process open as many files as it may: every running task is followed through one."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def _this_machine(pool: str) -> Node:
    """The machine itself as one node: its cpus that we may use, and its memory."""
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2**20
    return Node(os.uname().nodename, pool, Resources(len(os.sched_getaffinity(0)) * 1000, memory))
