"""The planner's account: what of a pool was nobody's use, from the Changes alone (DESIGN 4, states).

It adds free x elapsed between Changes and never reads a backend's slices; those add use per attempt and never
read this. Both rest on the instants that the backend recorded, so together they must give capacity x time,
and `dure.accounting.check` sees whether they do.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from dure.accounting.kept import Kept, Shares, Spot
from dure.accounting.node_states import NodeHistory, free_slices
from dure.accounting.occupied import Occupied
from dure.accounting.overlap import Held
from dure.accounting.timeline import Piece
from dure.model.change import (
    Change,
    Ended,
    Evicting,
    NodeGone,
    NodeSet,
    Promised,
    StartFailed,
    Starting,
    Submitted,
    TaskEnded,
    TaskStarted,
    Withdrawn,
)
from dure.model.instants import Instant, Interval
from dure.model.job import Job, JobId, NodeId, Placement, held_by, task_placements
from dure.model.node import Node
from dure.model.resources import ResourceName, Resources
from dure.model.rules import CalendarEntry
from dure.model.use import CapacityFact, Slice


class _Task:
    """One task's use: counted from `since`, where it started or, if that was reported late, later."""

    __slots__ = ("attempt", "ended", "node", "resources", "since", "uid", "under")

    def __init__(self, key: tuple[JobId, int, int], node: NodeId, resources: Resources, under: str) -> None:
        job, attempt, number = key
        self.uid, self.attempt = (f"{job}.{number}", attempt), (job, attempt)
        self.under = under
        self.node = node
        self.resources = resources
        self.since: Instant | None = None
        self.ended: Instant | None = None


class StateAccount:
    """The idle, vacating, reserved, down and unobserved time of one pool's nodes.

    Begins at `start` with the nodes known to the ledger then, and with every task that ran at `start` or later
    as far as the backend's records tell (`occupied`). Changes may come in any order of their instants as long
    as none is older than the last watermark settled. One that is older counts from that watermark, as it does
    in the slices of a backend; an end gives back what was taken since, by slices of their own. `calendar` holds
    from `start` on.
    """

    def __init__(
        self, pool: str, start: Instant, nodes: Iterable[Node] = (), tasks: Iterable[Occupied] = (),
        calendar: tuple[CalendarEntry, ...] = (),
    ) -> None:  # fmt: skip
        self._pool = pool
        self._start = self._settled = start
        self._nodes = {node.id: NodeHistory.known(start, node) for node in nodes}
        self._unwatched: list[Interval] = []
        self._jobs: dict[JobId, Job] = {}
        self._places: dict[tuple[JobId, int], tuple[str, tuple[Placement, ...]]] = {}
        self._leaving: dict[tuple[JobId, int], Instant] = {}
        self._kept = Kept(start, calendar)
        self._tasks: dict[tuple[JobId, int, int], _Task] = {}
        self._released: list[Slice] = []
        self._gone: set[tuple[JobId, int]] = set()
        self._facts: tuple[CapacityFact, ...] = ()
        for task in tasks:
            self._occupy(task)

    def _occupy(self, known: Occupied) -> None:
        key = (known.job, known.attempt, known.task)
        task = self._task(key, known.node, known.resources, known.under)
        self._started(task, known.started)
        if known.ended is not None:
            self._ended(task, known.ended)

    def _task(self, key: tuple[JobId, int, int], node: NodeId, resources: Resources, under: str) -> _Task:
        return self._tasks.setdefault(key, _Task(key, node, resources, under))

    @property
    def settled(self) -> Instant:
        """Up to where slices have been given."""
        return self._settled

    def unobserved(self, until: Instant, since: Instant | None = None) -> None:
        """Nothing was watched from `since` (by default the account's start) to `until`."""
        start = max(self._start if since is None else since, self._settled)
        if start < until:
            self._unwatched.append(Interval(start, until))

    def use_calendar(self, at: Instant, calendar: tuple[CalendarEntry, ...]) -> None:
        """From `at` on the calendar holds these entries."""
        self._kept.calendar.set(max(at, self._settled), calendar)

    def apply(self, change: Change) -> None:
        """Take in what happened. Raises KeyError for a start of a job, or a task of a start, never heard of."""
        match change:
            case NodeSet() if change.node.pool == self._pool:
                self._node(change.node.id).set(max(change.at, self._settled), change.node)
            case NodeGone():
                self._node(change.node).set(max(change.at, self._settled), None)
            case Submitted():
                self._jobs[change.job.id] = change.job
            case Starting():
                self._places[change.job, change.attempt] = change.under, task_placements(change.placements)
            case Evicting(eviction=eviction):
                self._leaving.setdefault((eviction.job, eviction.attempt), change.at)
            case Promised():
                self._kept.claims.set(max(change.at, self._settled), self._claimed(change))
            case TaskStarted():
                self._started(self._named(change), change.at)
            case TaskEnded():
                self._ended(self._named(change), change.at)
            case StartFailed() | Ended() | Withdrawn():
                self._over(change)
            case _:
                pass

    def _node(self, node: NodeId) -> NodeHistory:
        return self._nodes.setdefault(node, NodeHistory())

    def _named(self, change: TaskStarted | TaskEnded) -> _Task:
        key = (change.job, change.attempt, change.task)
        known = self._tasks.get(key)
        if known is not None:
            return known
        under, places = self._places[change.job, change.attempt]
        place = places[change.task]
        resources = self._jobs[change.job].groups[place.group].request(place.flavor)
        return self._task(key, place.node, resources, under)

    def _claimed(self, change: Promised) -> dict[Spot, int]:
        """What is claimed of each node; claims of jobs that are gone keep nothing."""
        found: defaultdict[Spot, int] = defaultdict(int)
        for claim in change.claims:
            job = self._jobs.get(claim.job)
            for place in claim.placements if job else ():
                for name, amount in held_by(job, place).items() if job else ():
                    found[place.node, name] += amount
        return dict(found)

    def _started(self, task: _Task, at: Instant) -> None:
        if task.since is None:
            task.since = max(at, self._settled)

    def _ended(self, task: _Task, at: Instant) -> None:
        if task.ended is not None:
            return
        task.ended = at
        if task.since is not None and task.since < self._settled:
            self._release(task, max(at, task.since))

    def _release(self, task: _Task, ended: Instant) -> None:
        """An end older than the watermark: what the task did not use in between was free after all."""
        if ended >= self._settled or task.node not in self._nodes:
            return
        history = self._nodes[task.node]
        history.releases += 1
        spans = list(history.state_spans(ended, self._settled, self._unwatched))
        for name, amount in task.resources.items():
            for start, end, state in spans:
                self._released.append(
                    history.slice_of(
                        self._pool, task.node, name, (start, end, amount), state, history.releases
                    )
                )

    def _over(self, change: StartFailed | Ended | Withdrawn) -> None:
        if not isinstance(change, Withdrawn):
            self._places.pop((change.job, change.attempt), None)
            self._gone.add((change.job, change.attempt))
        if isinstance(change, Withdrawn) or (isinstance(change, Ended) and not change.requeue):
            self._jobs.pop(change.job, None)

    def settle(self, watermark: Instant) -> tuple[Slice, ...]:
        """Slices of all that was nobody's use over [last watermark, watermark), by node, resource and start.

        Moves the account to the watermark and forgets what ended before it. Raises ValueError for a watermark
        older than the last.
        """
        if watermark < self._settled:
            raise ValueError(f"settled up to {self._settled} already; {watermark} is older")
        window = Interval(self._settled, watermark)
        held, shares, gaps = self._held(window), self._shares(window), self._unwatched
        slices = [
            piece
            for node, history in sorted(self._nodes.items())
            for piece in free_slices(self._pool, node, history, window, held.get(node, {}), gaps, shares)
        ]
        self._facts = tuple(self._facts_in(window))
        slices.extend(self._released)
        self._forget(watermark)
        return tuple(slices)

    def facts(self) -> tuple[CapacityFact, ...]:
        """What became known of capacity in the interval settled last, by (instant, node)."""
        return self._facts

    def _held(self, window: Interval) -> dict[NodeId, dict[ResourceName, list[Held]]]:
        held: dict[NodeId, dict[ResourceName, list[Held]]] = {}
        for task in self._tasks.values():
            use = self._use_in(task, window)
            if use is None:
                continue
            for name, amount in task.resources.items():
                piece = Held((*task.uid, use.start), use.start, use.end, amount)
                held.setdefault(task.node, {}).setdefault(name, []).append(piece)
        return held

    def _shares(self, window: Interval) -> Shares:
        leaving: defaultdict[Spot, list[Piece]] = defaultdict(list)
        under: defaultdict[tuple[str, ResourceName], list[Piece]] = defaultdict(list)
        for task in self._tasks.values():
            use, told = self._use_in(task, window), self._leaving.get(task.attempt)
            for name, amount in task.resources.items() if use else ():
                if use and task.under:
                    under[task.under, name].append((use.start, use.end, amount))
                if use and told is not None:
                    leaving[task.node, name].append((max(use.start, told), use.end, amount))
        return self._kept.shares(window, leaving, under)

    @staticmethod
    def _use_in(task: _Task, window: Interval) -> Interval | None:
        if task.since is None:
            return None
        ended = window.end if task.ended is None else max(task.ended, task.since)
        return Interval(task.since, max(ended, task.since)).meet(window)

    def _facts_in(self, window: Interval) -> Iterator[CapacityFact]:
        found = [
            CapacityFact(at, node, value)
            for node, history in self._nodes.items()
            for at, value in history.news(window)
        ]
        yield from sorted(found, key=lambda fact: (fact.at, fact.node_id))

    def _forget(self, watermark: Instant) -> None:
        self._settled = watermark
        self._released.clear()
        for key in [
            k for k, task in self._tasks.items() if task.ended is not None and task.ended <= watermark
        ]:
            del self._tasks[key]
        self._kept.forget(watermark)
        left = {task.attempt for task in self._tasks.values()}
        for attempt in self._gone - left:
            self._leaving.pop(attempt, None)
        self._gone &= left
        oldest = min((t.since for t in self._tasks.values() if t.since is not None), default=watermark)
        for history in self._nodes.values():
            history.forget(min(oldest, watermark))
        self._unwatched = [span for span in self._unwatched if span.end > min(oldest, watermark)]
