"""A cluster followed: watches fill the cache, and what that means is told in a journal of changes.

News are taken in as they come and made out together, object by object, when the event loop next has a turn: so many
events about one job are one look at it. Nothing is made out before every watch has listed once, for a job without
its pods would look as if they were gone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial

from dure.backends.kubernetes.attempts import AttemptSeen, attempt_seen
from dure.backends.kubernetes.cache import Cache, JobKey
from dure.backends.kubernetes.changes import between
from dure.backends.kubernetes.client import Client
from dure.backends.kubernetes.kinds import BATCH_JOB, KINDS, Kind, url_path
from dure.backends.kubernetes.nodes import node
from dure.backends.kubernetes.outcome import Story, story
from dure.backends.kubernetes.places import Places
from dure.backends.kubernetes.reading import Queued
from dure.backends.kubernetes.watch import Watch, run_all, stop_all
from dure.journal import Journal
from dure.model.change import Change, Ended, NodeGone, NodeSet, TaskEnded, Withdrawn
from dure.model.instants import Instant
from dure.model.job import Job, JobId, NodeId, task_placements
from dure.model.node import GpuFlavor, Node
from dure.model.record import JobState


@dataclass
class Cluster:
    """One cluster as a pool. `stories` says of every governed object how its job stands, `nodes` what there is.

    `consider` is called with every object that there is news of, after the news were told.
    """

    client: Client
    pool: str
    cache: Cache
    flavors: tuple[GpuFlavor, ...]
    consider: Callable[[JobKey], None]
    journal: Journal = field(default_factory=Journal)
    stories: dict[JobKey, Story] = field(default_factory=dict)
    nodes: dict[NodeId, Node] = field(default_factory=dict)
    places: Places = field(default_factory=Places)
    drained: set[NodeId] = field(default_factory=set)
    _watches: dict[str, Watch] = field(default_factory=dict)
    _running: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    _stopped: list[asyncio.Task[None]] = field(default_factory=list)
    _due: bool = False

    def __post_init__(self) -> None:
        self.cache.changed = self._changed

    # Its life

    async def open(self) -> None:
        """Follow everything; returns when all of it is known."""
        watch = partial(Watch, self.client)
        self._watches = {
            "nodes": watch("/api/v1/nodes", self.cache.heard_node),
            "pods": watch("/api/v1/pods", self.cache.heard_pod),
        }
        for kind in KINDS:
            heard = partial(self.cache.heard_job, kind)
            absent = kind is not BATCH_JOB
            self._watches[kind.kind] = watch(url_path(kind), heard, absent_is_empty=absent)
        self._running = await run_all(self._watches)
        self.make_out()

    async def close(self) -> None:
        """Follow nothing any more."""
        await stop_all([*self._running.values(), *self._stopped])

    def use(self, flavors: tuple[GpuFlavor, ...]) -> None:
        """Read nodes and objects by other rules from now on."""
        self.flavors = flavors
        self.cache.dirty_nodes.update(self.cache.nodes)
        for name, watch in self._watches.items():
            self._stopped.append(self._running[name])
            self._stopped[-1].cancel()
            watch.tell_again()
            self._running[name] = asyncio.get_running_loop().create_task(watch.run(), name=f"watch {name}")
        self._changed()

    def watches(self) -> Iterator[tuple[str, Watch]]:
        """Every watch by what it follows."""
        yield from self._watches.items()

    @property
    def listed(self) -> bool:
        """Whether every watch has told all that there was."""
        return bool(self._watches) and all(watch.listed.is_set() for watch in self._watches.values())

    # What is known

    def now(self) -> Instant:
        """The API server's time."""
        return self.client.now()

    def live(self, queued: Queued) -> AttemptSeen | None:
        """The attempt that an object makes, as its pods tell of it now."""
        key = (queued.kind.kind, queued.namespace, queued.name)
        told = self.stories.get(key)
        now = self.now()
        pods = [pod.given_up(self.cache.ready(pod.node), now) for pod in self.cache.pods_of(key)]
        return attempt_seen(queued, pods, _Alive(self.cache), now, told.live if told else None)

    def story(self, job: JobId) -> Story:
        """How a job stands. Raises KeyError."""
        return self.stories[self.cache.by_id[job]]

    def state(self, job: JobId) -> JobState | None:
        """The state of a job, None for one that is not known."""
        key = self.cache.by_id.get(job)
        found = self.stories.get(key) if key else None
        return found.record.state if found else None

    def waiting(self, job: Job) -> frozenset[JobId]:
        """Those of the jobs that it comes after that have not succeeded yet."""
        return frozenset(other for other in job.after if self.state(other) is not JobState.SUCCEEDED)

    def kinds(self) -> tuple[Kind, ...]:
        """The governed kinds that this cluster has."""
        return tuple(kind for kind in KINDS if not self._watches[kind.kind].absent)

    def seen_until(self) -> Instant:
        """The API server's time up to which nothing that happened to objects and pods is unknown here."""
        return min(watch.heard_at for watch in self._watches.values() if not watch.absent)

    def alive(self) -> Mapping[NodeId, Instant]:
        """When each node last said how it stands."""
        return _Alive(self.cache)

    def hold_again(self, job: JobId) -> None:
        """Count what a job holds by what is known of it, after a start of it was tried."""
        key = self.cache.by_id.get(job)
        known = self.stories.get(key) if key else None
        if known is None or known.live is None:
            self.places.drop(job)
        else:
            self._hold(None, known)

    # News

    def _changed(self) -> None:
        if not self._due and self.listed:
            self._due = True
            asyncio.get_running_loop().call_soon(self.make_out)

    def make_out(self) -> None:
        """Tell what the news mean that have come since the last time."""
        self._due = False
        if not self.listed:
            return
        nodes, jobs = set(self.cache.dirty_nodes), set(self.cache.dirty_jobs)
        self.cache.dirty_nodes.clear()
        self.cache.dirty_jobs.clear()
        for name in sorted(nodes):
            self._make_out_node(name)
        for key in sorted(jobs):
            self._make_out_job(key)

    def _make_out_node(self, name: NodeId) -> None:
        before, seen = self.nodes.get(name), self.cache.nodes.get(name)
        if seen is None:
            if self.nodes.pop(name, None) is not None:
                self.journal.write(NodeGone(self.now(), name))
            return
        others = self.cache.others_on(name)
        self.nodes[name] = node(seen, others, self.pool, self.flavors, name in self.drained)
        if self.nodes[name] != before:
            self.journal.write(NodeSet(self.now(), self.nodes[name]))

    def _make_out_job(self, key: JobKey) -> None:
        before, queued = self.stories.get(key), self.cache.jobs.get(key)
        after = story(queued, self.live(queued)) if queued else None
        if before and (after is None or after.record.job.id != before.record.job.id):
            self.journal.write(*_vanished(before, self.now()))
            self.places.drop(before.record.job.id)
            before = None
        elif before and after and _is_undone(before, after):
            self.journal.write(*_vanished(before, self.now(), requeue=True))
            before = after
        self._hold(before, after)
        if after is None:
            self.stories.pop(key, None)
        else:
            self.stories[key] = after
            self.journal.write(*between(before, after, self.waiting(after.record.job)))
        self.consider(key)

    def _hold(self, before: Story | None, after: Story | None) -> None:
        """What the job's attempt holds: the places of tasks that have not ended."""
        if after and after.live:
            places = task_placements(after.live.attempted.placements)
            ended = [task.record.ended is not None for task in after.live.tasks]
            held = tuple(place for place, over in zip(places, ended, strict=True) if not over)
            self.places.put(after.record.job, held)
        elif before:
            self.places.drop(before.record.job.id)


def _is_undone(before: Story, after: Story) -> bool:
    """Whether the attempt that ran was never made: the cluster was set back to before its start."""
    made = {attempt.attempt for attempt in after.record.attempts}
    return before.live is not None and before.live.attempted.attempt not in made


def _vanished(before: Story, now: Instant, requeue: bool = False) -> Iterator[Change]:
    """What becomes of a job, or of its attempt, that is not to be seen any more and that nobody saw end."""
    job, live = before.record.job.id, before.live
    if before.record.state.final:
        return
    if live is None:
        yield Withdrawn(now, job)
        return
    for task in live.tasks:
        if task.record.started is not None and task.record.ended is None:
            yield TaskEnded(now, job, live.attempted.attempt, task.number)
    yield Ended(now, job, live.attempted.attempt, succeeded=False, requeue=requeue)


class _Alive(Mapping[NodeId, Instant]):
    """When each node last said how it stands, without a copy."""

    def __init__(self, cache: Cache) -> None:
        self._nodes = cache.nodes

    def __getitem__(self, name: NodeId) -> Instant:
        return self._nodes[name].heartbeat

    def __iter__(self) -> Iterator[NodeId]:
        return iter(self._nodes)

    def __len__(self) -> int:
        return len(self._nodes)
