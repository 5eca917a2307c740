"""The Kubernetes backend: `dure.ports.Backend` over the suspended Jobs of a cluster."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping
from dataclasses import replace
from typing import Any, TypeVar

from dure.backends.kubernetes import admitting
from dure.backends.kubernetes.attempts import task_of
from dure.backends.kubernetes.cache import Cache, JobKey
from dure.backends.kubernetes.changes import everything, submitted
from dure.backends.kubernetes.chores import Chores, is_told
from dure.backends.kubernetes.client import Client, Json, Lane
from dure.backends.kubernetes.cluster import Cluster
from dure.backends.kubernetes.connection import Connection
from dure.backends.kubernetes.errors import ApiError, Forbidden, NotFound
from dure.backends.kubernetes.kept import Ending, Withdrawal
from dure.backends.kubernetes.logs import read_log
from dure.backends.kubernetes.metering import Meter, settled
from dure.backends.kubernetes.names import SECRET
from dure.backends.kubernetes.options import Options
from dure.backends.kubernetes.outcome import Story, story
from dure.backends.kubernetes.pods import PodSeen
from dure.backends.kubernetes.reading import Queued, Tenancy
from dure.backends.kubernetes.requests import volumes_of
from dure.backends.kubernetes.writes import Writes
from dure.backends.kubernetes.writing import manifest
from dure.model.change import Change, NodeSet, Withdrawn
from dure.model.instants import SECOND, Instant, Interval
from dure.model.job import Job, JobId, NodeId, task_placements
from dure.model.node import Node, Pool
from dure.model.plan import Eviction, Start
from dure.model.record import JobRecord, JobState
from dure.model.rules import Rules
from dure.model.use import Slice
from dure.ports import Clock, KeyReused, Metered, Observation, Refused
from dure.turns import batches, in_turns

_Answer = TypeVar("_Answer")
_log = logging.getLogger(__name__)
_TRIES = 3
_LOOK_AT_TIME_S, _LOOK_AROUND_EVERY, _TIDY_EVERY = 1.0, 30, 3_600
_LOG_PAUSE_S = 0.3


class KubernetesBackend:
    """One cluster as a pool; its queue and every record are the cluster's own objects, nothing is kept here.

    `pool.options` are those of `Options`. Every method belongs to one event loop.
    """

    source = "kubernetes"

    def __init__(self, pool: Pool, rules: Rules, clock: Clock) -> None:
        self.cluster = pool.name
        self.options = Options.read(pool.options)
        connection = Connection(self.options.kubeconfig, self.options.context)
        self.client = Client(connection, clock.now, self.options.in_flight)
        self._rules = rules
        self._cache = Cache(self._tenancy(rules), lambda: None, self.client.now)
        self._writes = Writes(self.client, self._cache)
        self._room = Cluster(self.client, pool.name, self._cache, rules.flavors, self._consider)
        self._chores = Chores(
            self._cache, self._writes, self._now, self._room.live, self.options.start_timeout
        )
        self._meter = Meter(self.source, self.cluster)
        self._granted: Instant = 0
        self._committed: Instant = 0
        self._work: set[asyncio.Task[Any]] = set()
        self._rounds: asyncio.Task[None] | None = None

    @property
    def nodes(self) -> Mapping[NodeId, Node]:
        """The nodes as they were last told."""
        return self._room.nodes

    async def open(self) -> None:
        """Read everything there is, and follow it. Raises NoConnection."""
        await self.client.open()
        await self._room.open()
        self._rounds = asyncio.get_running_loop().create_task(self._go_round())

    async def close(self) -> None:
        """Let go without touching what runs."""
        if self._rounds:
            self._rounds.cancel()
        await asyncio.gather(*self._work, return_exceptions=True)
        await self._chores.settle()
        await self._room.close()
        await self.client.close()

    def use_rules(self, rules: Rules) -> None:
        """Go by new rules from now on: tenants, flavors, limits, grace. What runs goes on as it began."""
        self._rules = rules
        self._cache.tenancy = self._tenancy(rules)
        self._room.use(rules.flavors)

    async def observe(self, since: int | None, wait: float) -> Observation:
        """Changes after revision `since`, waiting for one if need be; None asks for everything as of now.

        A job that will never start because one it comes after ended badly is listed with that job, which is then
        withdrawn. Raises ValueError where `since` is too long ago.
        """
        journal = self._room.journal
        if since is not None:
            return await journal.after(since, wait)
        for _ in range(_TRIES):  # in turns, as long as nothing happens between them
            revision = journal.revision
            changes = tuple([change async for change in in_turns(self._everything()) if change])
            if revision == journal.revision:
                return Observation(revision, changes)
        return Observation(journal.revision, tuple(change for change in self._everything() if change))

    async def enqueue(self, job: Job) -> JobRecord:
        """Queue a job as a suspended object. The same job again returns its record as it is now.

        Raises KeyReused where the id exists with another request, Refused where the cluster cannot run it.
        """
        if job.id not in self._cache.by_id:
            body = self._manifest(job)
            self._check_dependencies(job)
            await self._check_secrets(job, body["metadata"]["namespace"])
            await self._whole(self._add(body))
        known = self._room.story(job.id).record
        if replace(job, submitted=known.job.submitted) != known.job:
            raise KeyReused(f"the idempotency key of job {job.id} was used for another request before")
        return known

    async def hold(self, job: JobId, held: bool) -> None:
        """Hold or release a pending job durably. Raises KeyError: unknown; Refused: not pending."""

        def make(queued: Queued) -> Json:
            state = self._state_of(queued)
            if state is not JobState.PENDING:
                raise Refused(f"job {job} is {state}; only a pending job can be held or released")
            return admitting.hold(queued, held, self._now(), self._chores.epoch)

        def done(queued: Queued) -> bool:
            return queued.kept.held == held and self._state_of(queued) is JobState.PENDING

        await self._write(job, make, done)

    async def start(self, start: Start) -> None:
        """Start an attempt exactly where the plan says. Raises Refused where its view was stale.

        Returns when the object is let go; its pods, and what becomes of them, are observed.
        """
        queued = self._startable(start)
        self._room.places.check(queued.job, start.placements, self._room.nodes)
        self._room.places.put(queued.job, task_placements(start.placements))

        def make(queued: Queued) -> Json:
            return admitting.admit(queued, start, self._now(), self._chores.epoch)

        def done(queued: Queued) -> bool:
            made = queued.kept.attempt
            return made is not None and (made.attempt, made.placements) == (start.attempt, start.placements)

        try:
            await self._write(start.job, make, done, Lane.ADMIT)
        except KeyError:
            raise Refused(f"job {start.job} is not queued here any more") from None
        finally:
            self._room.hold_again(start.job)

    async def evict(self, eviction: Eviction) -> None:
        """Tell a running attempt to leave, with grace; its job is pending again once it is gone.

        An attempt that is over, or was told to end already, is left alone. Raises KeyError for an unknown job.
        """

        def make(queued: Queued) -> Json:
            at, reason = self._second(queued), f"evicted: {eviction.rule}"
            ending = Ending(eviction.attempt, at, reason, True, "asked", eviction)
            return admitting.evict(queued, ending, self._chores.epoch)

        def done(queued: Queued) -> bool:
            made = queued.kept.live
            return is_told(queued) or made is None or made.attempt != eviction.attempt

        await self._write(eviction.job, make, done, Lane.ADMIT)

    async def checkpointed(self, job: JobId, attempt: int, at: Instant) -> None:
        """A running attempt says that it made a checkpoint at `at`, which counts within its life so far.

        Raises KeyError for an unknown job, Refused where this attempt does not run.
        """

        def make(queued: Queued) -> Json:
            made = queued.kept.live
            if made is None or made.attempt != attempt:
                raise Refused(f"attempt {attempt} of job {job} does not run")
            within = min(max(at, made.decided), self._now())
            return admitting.checkpoint(queued, attempt, within, self._chores.epoch)

        def done(queued: Queued) -> bool:
            known, made = queued.kept.checkpoint, queued.kept.live
            runs = made is not None and made.attempt == attempt
            return runs and known is not None and known[0] == attempt and known[1] >= at

        await self._write(job, make, done)

    async def drain(self, node: NodeId, draining: bool) -> None:
        """Let a node take no more jobs, or take them again; what runs goes on. Raises KeyError: unknown."""
        if node not in self._room.nodes:
            raise KeyError(node)
        (self._room.drained.add if draining else self._room.drained.discard)(node)
        self._cache.dirty_nodes.add(node)
        self._room.make_out()

    async def end(self, job: JobId, reason: str, requeue: bool = False) -> None:
        """End a running job with grace, or withdraw a pending one; ended ones are left alone.

        Raises KeyError for an unknown job.
        """
        queued = self._cache.job(job)
        if self._state_of(queued).final:
            return
        key = self._cache.by_id[job]
        if not is_told(queued):
            await self._whole(self._chores.tell(key, reason, "asked", requeue))
            self._room.make_out()
        if not requeue and self._may_come_back(self._cache.jobs.get(key)):
            await self._withdraw(job, reason)

    async def record(self, job: JobId) -> JobRecord:
        """All that is known of a job. Raises KeyError for an unknown one."""
        return self._room.story(job).record

    async def records(self, tried: bool = False) -> tuple[JobRecord, ...]:
        """Every job still kept, by (submitted, id); with `tried` those that made an attempt, all of one moment."""
        found = [each.record for each in self._room.stories.values() if each.record.attempts or not tried]
        found.sort(key=_order)
        return tuple(found)

    async def counts(self) -> Mapping[JobState, int]:
        """How many jobs are kept in each state; of a long queue it may tell of some a moment later."""
        found = dict.fromkeys(JobState, 0)
        async for some in in_turns(batches(tuple(self._room.stories.values()))):
            for each in some:
                found[each.record.state] += 1
        return found

    def logs(self, job: JobId, task: int, offset: int, follow: bool) -> AsyncIterator[bytes]:
        """What the last attempt's task wrote from a byte offset on; following ends when the task has.

        What an attempt wrote can be read as long as its pod is there. Raises KeyError for an unknown job,
        IndexError for a task it does not have.
        """
        queued = self._cache.job(job)
        if not 0 <= task < queued.job.tasks:
            raise IndexError(f"job {job} has tasks 0 to {queued.job.tasks - 1}")
        return self._read_log(self._cache.by_id[job], task, offset, follow)

    async def slices(self, since: Instant, until: Instant) -> Metered:
        """Use of tenants over [since, watermark), watermark at most `until`; asked again it answers the same."""
        self._committed = max(self._committed, since)  # whoever asks from there on has all before it
        self._granted = max(self._granted, min(since, until))  # it was given out before, by an earlier server
        live = [each.live for each in self._room.stories.values() if each.live]
        bound = settled(live, self._room.alive(), self._room.seen_until(), until)
        watermark = max(bound, min(self._granted, until))
        self._granted = max(self._granted, watermark)
        asked = Interval(min(since, watermark), watermark)
        found: list[Slice] = []
        async for key, each in in_turns(tuple(self._room.stories.items())):
            if key in self._cache.jobs and each.record.attempts:
                found += self._meter.slices(self._cache.jobs[key], each.live, asked)
        found.sort(key=lambda s: (s.start, s.uid, s.attempt, s.resource))
        return Metered(watermark, tuple(found))

    # How it is done

    def _tenancy(self, rules: Rules) -> Tenancy:
        namespaces: dict[str, str] = {}
        for tenant in rules.tenants:
            try:
                namespaces[self.options.namespace(tenant.id)] = tenant.id
            except ValueError as error:
                _log.warning("a tenant without a namespace", extra={"tenant": tenant.id, "error": str(error)})
        return Tenancy.of(rules, namespaces)

    def _now(self) -> Instant:
        """The API server's time, never before a watermark that was given out."""
        return max(self._room.now(), self._granted)

    def _second(self, queued: Queued) -> Instant:
        """The present second, never before the attempt was decided."""
        made = queued.kept.live
        return max(self._now() // SECOND * SECOND, made.decided if made else 0)

    def _consider(self, key: JobKey) -> None:
        self._chores.consider(key)

    def _state_of(self, queued: Queued) -> JobState:
        return story(queued, self._room.live(queued)).record.state

    def _everything(self) -> Iterator[Change | None]:
        """Nodes, then every job that is not final, by (submitted, id); None where nothing is told yet."""
        yield from (NodeSet(self._now(), node) for _, node in sorted(self._room.nodes.items()))
        standing: list[Story] = []
        for each in tuple(self._room.stories.values()):
            yield None
            if not each.record.state.final:
                standing.append(each)
        standing.sort(key=lambda each: _order(each.record))
        failed = sorted(
            {other for each in standing for other in each.record.job.after if self._failed(other)}
        )
        yield from (submitted(self._room.story(other)) for other in failed)
        for each in standing:
            yield from everything(each, self._room.waiting(each.record.job))
        for other in failed:
            yield Withdrawn(self._room.story(other).record.ended or self._now(), other)

    def _failed(self, job: JobId) -> bool:
        state = self._room.state(job)
        return state is not None and state.final and state is not JobState.SUCCEEDED

    def _manifest(self, job: Job) -> Json:
        """The object for a job. Raises Refused."""
        tenants = {tenant.id: tenant for tenant in self._rules.tenants}
        namespace = next((n for n, t in self._cache.tenancy.namespaces.items() if t == job.tenant), None)
        if namespace is None:
            raise Refused(f"tenant {job.tenant} has no namespace in this cluster")
        volumes = volumes_of(job.tenant, tenants)
        grace = self._rules.planning.grace
        return manifest(job, namespace, volumes, self._room.kinds(), self._rules.flavors, grace)

    def _check_dependencies(self, job: Job) -> None:
        for other in job.after:
            state = self._room.state(other)
            if state is None:
                raise Refused(f"job {other}, which this one is to come after, is not known here")
            if self._failed(other):
                raise Refused(
                    f"job {other}, which this one is to come after, is {state}: it will never start"
                )

    async def _check_secrets(self, job: Job, namespace: str) -> None:
        """Only the names are looked at; where we may not, the job's pods say what is missing when they start."""
        if not job.secrets:
            return
        try:
            found = await self.client.get(f"/api/v1/namespaces/{namespace}/secrets/{SECRET}", lane=Lane.WRITE)
        except NotFound:
            found = {}
        except Forbidden:
            return
        if lacking := [name for name in job.secrets if name not in (found.get("data") or {})]:
            raise Refused(f"tenant {job.tenant} has no secret {lacking[0]}; an admin puts it there")

    async def _add(self, body: Json) -> None:
        kind, obj = await self._writes.create(body)
        self._room.make_out()
        key = (kind.kind, obj["metadata"]["namespace"], obj["metadata"]["name"])
        if key not in self._cache.jobs:
            raise Refused(self._cache.refused.get(key, "the object cannot be governed"))

    def _startable(self, start: Start) -> Queued:
        key = self._cache.by_id.get(start.job)
        if key is None:
            raise Refused(f"job {start.job} is not queued here")
        queued = self._cache.jobs[key]
        state = self._state_of(queued)
        if state is not JobState.PENDING:
            raise Refused(f"job {start.job} is {state} already")
        admitting.check_start(queued, start)
        return queued

    async def _write(
        self, job: JobId, make: Callable[[Queued], Json], done: Callable[[Queued], bool],
        lane: Lane = Lane.WRITE,
    ) -> None:  # fmt: skip
        """A write that goes on to its end even if whoever asked for it goes away; then what it means is told."""
        await self._whole(self._writes.job(self._cache.by_id[job], make, done, lane))
        self._room.make_out()

    async def _whole(self, work: Coroutine[Any, Any, _Answer]) -> _Answer:
        task = asyncio.get_running_loop().create_task(work)
        self._work.add(task)
        task.add_done_callback(self._work.discard)
        return await asyncio.shield(task)

    def _may_come_back(self, queued: Queued | None) -> bool:
        """Whether the job is pending, or will be again after the attempt that it makes now."""
        if queued is None or queued.kept.withdrawn or self._state_of(queued).final:
            return False
        ending = queued.kept.ending
        return queued.kept.live is None or bool(ending and ending.requeue)

    async def _withdraw(self, job: JobId, reason: str) -> None:
        withdrawal = Withdrawal(self._now(), reason)

        def make(queued: Queued) -> Json:
            return admitting.withdraw(queued, withdrawal, self._chores.epoch)

        await self._write(job, make, lambda queued: not self._may_come_back(queued))

    async def _read_log(self, key: JobKey, task: int, offset: int, follow: bool) -> AsyncIterator[bytes]:
        while (pod := self._pod(key, task)) is None:
            queued = self._cache.jobs.get(key)
            if not follow or queued is None or self._state_of(queued).final:
                return
            await asyncio.sleep(_LOG_PAUSE_S)
        path = f"/api/v1/namespaces/{pod.namespace}/pods/{pod.name}"

        def over() -> bool:
            now = self._pod(key, task)
            return now is None or now.uid != pod.uid or now.over

        async for piece in read_log(self.client, path, offset, follow, over):
            yield piece

    def _pod(self, key: JobKey, task: int) -> PodSeen | None:
        """The last pod of a task of the last attempt."""
        queued = self._cache.jobs.get(key)
        if queued is None:
            return None
        mine = [
            pod for pod in self._cache.pods_of(key)
            if pod.attempt == queued.kept.number and task_of(queued, pod) == task and not pod.gated
        ]  # fmt: skip
        return max(mine, key=lambda pod: (pod.created, pod.name), default=None)

    async def _go_round(self) -> None:
        number = 0
        while True:
            await asyncio.sleep(_LOOK_AT_TIME_S)
            number += 1
            try:
                self._chores.look_at_time()
                if number % _LOOK_AROUND_EVERY == 0:
                    self._forget_ghosts()
                    await self._writes.look_at_unobserved()
                if number % _TIDY_EVERY == 0:
                    await self._tidy()
            except ApiError as error:
                _log.warning("looking around failed", extra={"pool": self.cluster, "error": str(error)})

    async def _tidy(self) -> None:
        """Delete what ended long ago, once all of it is metered."""
        before = min(self._now() - self.options.keep_ended, self._committed)
        for key, each in tuple(self._room.stories.items()):
            ended = each.record.ended
            if ended is not None and ended < before and key in self._cache.jobs:
                await self._writes.delete(self._cache.jobs[key])

    def _forget_ghosts(self) -> None:
        """Objects that are gone are remembered until all of their use is in the ledger."""
        for key in tuple(self._cache.ghosts):
            ended = self._room.stories[key].record.ended if key in self._room.stories else 0
            if ended is not None and ended < self._committed:
                self._cache.forget(key)


def _order(record: JobRecord) -> tuple[Instant, JobId]:
    return record.job.submitted, record.job.id
