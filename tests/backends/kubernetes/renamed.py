"""A backend whose nodes go by other names: the contract says n1 and n2, a shared rig's nodes have their own."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import fields, is_dataclass, replace
from time import monotonic
from typing import Any

from dure.model.change import NodeGone, NodeSet
from dure.model.instants import Instant
from dure.model.job import Job, JobId, NodeId
from dure.model.plan import Eviction, Start
from dure.model.record import JobRecord, JobState
from dure.ports import Backend, Metered, Observation


def renamed(value: Any, names: Mapping[str, str]) -> Any:
    """The same value with every text that is a node's name exchanged, in fields and tuples however deep."""
    if isinstance(value, str):
        return names.get(value, value) if type(value) is str else value
    if isinstance(value, tuple):
        return tuple(renamed(each, names) for each in value)
    if is_dataclass(value) and not isinstance(value, type):
        found = {f.name: renamed(getattr(value, f.name), names) for f in fields(value)}
        return replace(value, **found)
    return value


class Renamed:
    """`names`: the names that tests use -> the cluster's; of all other nodes nothing is told."""

    def __init__(self, inner: Backend, names: Mapping[str, str]) -> None:
        self.inner, self._there = inner, names
        self._here = {there: here for here, there in names.items()}
        self.source, self.cluster = inner.source, inner.cluster

    async def open(self) -> None:
        await self.inner.open()

    async def close(self) -> None:
        await self.inner.close()

    async def observe(self, since: int | None, wait: float) -> Observation:
        """Goes on waiting where all that came was about other nodes."""
        last = monotonic() + wait
        while True:
            seen = await self.inner.observe(since, max(0.0, last - monotonic()))
            mine = [change for change in seen.changes if self._is_mine(change)]
            if mine or since is None or not seen.changes:
                return Observation(seen.revision, renamed(tuple(mine), self._here))
            since = seen.revision

    def _is_mine(self, change: object) -> bool:
        if isinstance(change, NodeSet):
            return change.node.id in self._here
        return not isinstance(change, NodeGone) or change.node in self._here

    async def enqueue(self, job: Job) -> JobRecord:
        record: JobRecord = renamed(await self.inner.enqueue(job), self._here)
        return record

    async def hold(self, job: JobId, held: bool) -> None:
        await self.inner.hold(job, held)

    async def start(self, start: Start) -> None:
        await self.inner.start(renamed(start, self._there))

    async def evict(self, eviction: Eviction) -> None:
        await self.inner.evict(eviction)

    async def checkpointed(self, job: JobId, attempt: int, at: Instant) -> None:
        await self.inner.checkpointed(job, attempt, at)

    async def drain(self, node: NodeId, draining: bool) -> None:
        await self.inner.drain(self._there.get(node, node), draining)

    async def end(self, job: JobId, reason: str, requeue: bool = False) -> None:
        await self.inner.end(job, reason, requeue)

    async def record(self, job: JobId) -> JobRecord:
        record: JobRecord = renamed(await self.inner.record(job), self._here)
        return record

    async def records(self, tried: bool = False) -> tuple[JobRecord, ...]:
        records: tuple[JobRecord, ...] = renamed(await self.inner.records(tried), self._here)
        return records

    async def counts(self) -> Mapping[JobState, int]:
        return await self.inner.counts()

    def logs(self, job: JobId, task: int, offset: int, follow: bool) -> AsyncIterator[bytes]:
        return self.inner.logs(job, task, offset, follow)

    async def slices(self, since: Instant, until: Instant) -> Metered:
        metered: Metered = renamed(await self.inner.slices(since, until), self._here)
        return metered
