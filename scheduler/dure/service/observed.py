"""The room as the service has seen it: nodes, queued jobs, and who holds which places.

It repeats no rule of planning. It exists so that answers need not ask the Room, so that a plan can be checked
against something the planner did not compute, and so that a new Room can be built at any moment.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import singledispatchmethod

from dure.model.change import (
    Budgeted,
    Change,
    Checkpointed,
    Ended,
    Evicting,
    Held,
    NodeGone,
    NodeSet,
    Paused,
    Promised,
    StartFailed,
    Starting,
    Submitted,
    TaskEnded,
    TaskStarted,
    Watermark,
    Withdrawn,
)
from dure.model.instants import Instant, Interval
from dure.model.job import Job, JobId, NodeId, Placement, TenantId, UserId, task_placements
from dure.model.node import Node
from dure.model.plan import Claim, Eviction, Reservation, Rule
from dure.model.resources import Resources
from dure.model.rules import Rules
from dure.model.snapshot import History, Pending, Running, Snapshot, TaskTimes, Used
from dure.model.tenant import BudgetState
from dure.model.use import CapacityFact


@dataclass(slots=True)
class Attempt:
    """The attempt that holds places: one placement and one pair of times per task.

    `vacating` is the decision by which it leaves, since `vacating_since`; `checkpoint` the last one it reported.
    """

    number: int
    since: Instant
    placements: tuple[Placement, ...]
    tasks: tuple[Placement, ...]
    times: list[TaskTimes]
    under: str = ""
    vacating: Eviction | None = None
    vacating_since: Instant | None = None
    checkpoint: Instant | None = None

    def open_tasks(self) -> Iterator[Placement]:
        """The places that are still held."""
        return (task for task, times in zip(self.tasks, self.times, strict=True) if times.ended is None)


@dataclass(slots=True)
class Entry:
    """A job that is not final; `attempt` is None while it is pending. `evictions`: those between borrowers."""

    job: Job
    held: bool = False
    waiting_for: frozenset[JobId] = frozenset()
    failed_dependency: JobId = ""
    attempts: int = 0
    attempt: Attempt | None = None
    evictions: int = 0

    def holds(self) -> Resources:
        """What the job holds now, nothing while it is pending."""
        total = Resources()
        for task in self.attempt.open_tasks() if self.attempt else ():
            total += self.job.groups[task.group].request(task.flavor)
        return total

    def asks(self) -> Resources:
        """What all tasks ask for together, each group on its best flavor."""
        total = Resources()
        for group in self.job.groups:
            total += group.request(group.flavors[0] if group.flavors else "") * group.count
        return total

    def used(self, attempt: Attempt) -> Iterator[Used]:
        """What the tasks of an attempt used, of those that started and ended."""
        for task, times in zip(attempt.tasks, attempt.times, strict=True):
            if times.started is not None and times.ended is not None and times.ended > times.started:
                resources = self.job.groups[task.group].request(task.flavor)
                interval = Interval(times.started, times.ended)
                yield Used(self.job.tenant, self.job.user, interval, resources)

    def pending(self) -> Pending:
        """The job as the planner's snapshot has it in the queue."""
        return Pending(
            self.job, self.held, self.waiting_for, self.failed_dependency, self.attempts, self.evictions
        )

    def running(self, attempt: Attempt) -> Running:
        """The job as the planner's snapshot has it at work."""
        return Running(
            self.job, attempt.number, attempt.since, attempt.placements, tuple(attempt.times),
            attempt.vacating, attempt.vacating_since, attempt.checkpoint, attempt.under, self.evictions,
        )  # fmt: skip


@dataclass
class Observed:
    """Everything seen so far; `at` is the latest instant seen.

    `past` is what attempts that are over have used, and `facts` what was seen of nodes, as far as the ledger may
    not have it yet (`forget`). `claims` and `reservations` stand in the order in which they were made; `budgets`
    names tenants whose budget is not in order.
    """

    at: Instant = 0
    nodes: dict[NodeId, Node] = field(default_factory=dict)
    jobs: dict[JobId, Entry] = field(default_factory=dict)
    past: list[Used] = field(default_factory=list)
    facts: list[CapacityFact] = field(default_factory=list)
    paused: set[TenantId] = field(default_factory=set)
    room_paused: bool = False
    claims: tuple[Claim, ...] = ()
    reservations: tuple[Reservation, ...] = ()
    budgets: dict[TenantId, BudgetState] = field(default_factory=dict)
    _followers: dict[JobId, dict[JobId, None]] = field(default_factory=dict)

    def apply(self, change: Change) -> None:
        """Take a change in; what concerns a job that is not known is passed over."""
        self.at = max(self.at, change.at)
        self._take(change)

    @singledispatchmethod
    def _take(self, change: Change) -> None:
        raise TypeError(type(change))

    @_take.register
    def _(self, change: NodeSet) -> None:
        if self.nodes.get(change.node.id) != change.node:
            self.facts.append(CapacityFact(change.at, change.node.id, change.node))
        self.nodes[change.node.id] = change.node

    @_take.register
    def _(self, change: NodeGone) -> None:
        if self.nodes.pop(change.node, None):
            self.facts.append(CapacityFact(change.at, change.node, None))

    @_take.register
    def _(self, change: Submitted) -> None:
        known = self.jobs.get(change.job.id)
        if known is None or known.attempt is None:
            self.jobs[change.job.id] = Entry(
                change.job, change.held, change.waiting_for,
                attempts=change.attempts, evictions=change.evictions,
            )  # fmt: skip
            for other in change.waiting_for:
                self._followers.setdefault(other, {})[change.job.id] = None

    @_take.register
    def _(self, change: Withdrawn) -> None:
        if self.jobs.pop(change.job, None):
            self._dependency(change.job, succeeded=False)

    @_take.register
    def _(self, change: Held) -> None:
        if entry := self.jobs.get(change.job):
            entry.held = change.held

    @_take.register
    def _(self, change: Paused) -> None:
        if change.tenant is None:
            self.room_paused = change.paused
        elif change.paused:
            self.paused.add(change.tenant)
        else:
            self.paused.discard(change.tenant)

    @_take.register
    def _(self, change: Starting) -> None:
        if entry := self.jobs.get(change.job):
            tasks = task_placements(change.placements)
            times = [TaskTimes() for _ in tasks]
            places = (change.placements, tasks, times)
            entry.attempt = Attempt(change.attempt, change.at, *places, under=change.under)
            entry.attempts = max(entry.attempts, change.attempt)

    @_take.register
    def _(self, change: StartFailed) -> None:
        entry = self.jobs.get(change.job)
        if entry and entry.attempt and entry.attempt.number == change.attempt:
            entry.attempt = None

    @_take.register
    def _(self, change: Evicting) -> None:
        attempt = self._attempt(change.eviction.job, change.eviction.attempt)
        if attempt and attempt.vacating is None:
            attempt.vacating, attempt.vacating_since = change.eviction, change.at

    @_take.register
    def _(self, change: Checkpointed) -> None:
        if attempt := self._attempt(change.job, change.attempt):
            attempt.checkpoint = max(change.at, attempt.checkpoint or 0)

    @_take.register
    def _(self, change: Promised) -> None:
        self.claims, self.reservations = change.claims, change.reservations

    @_take.register
    def _(self, change: Budgeted) -> None:
        self.budgets[change.tenant] = change.state
        if change.state is BudgetState.FINE:
            del self.budgets[change.tenant]

    @_take.register
    def _(self, change: TaskStarted) -> None:
        if times := self._times(change):
            times[change.task] = replace(times[change.task], started=change.at)

    @_take.register
    def _(self, change: TaskEnded) -> None:
        if times := self._times(change):
            times[change.task] = replace(times[change.task], ended=change.at)

    @_take.register
    def _(self, change: Ended) -> None:
        entry = self.jobs.get(change.job)
        if entry and entry.attempt:
            self.past += entry.used(entry.attempt)
        if entry and change.requeue:
            entry.evictions += _between_borrowers(entry.attempt)
            entry.attempt = None
        elif entry:
            del self.jobs[change.job]
            self._dependency(change.job, succeeded=change.succeeded)

    @_take.register
    def _(self, change: Watermark) -> None:
        """Watermarks settle history; they change nothing here."""

    def _times(self, change: TaskStarted | TaskEnded) -> list[TaskTimes] | None:
        attempt = self._attempt(change.job, change.attempt)
        return attempt.times if attempt else None

    def _attempt(self, job: JobId, number: int) -> Attempt | None:
        entry = self.jobs.get(job)
        attempt = entry.attempt if entry else None
        return attempt if attempt and attempt.number == number else None

    def _dependency(self, job: JobId, *, succeeded: bool) -> None:
        for name in self._followers.pop(job, ()):
            entry = self.jobs.get(name)
            if entry and job in entry.waiting_for:
                if succeeded:
                    entry.waiting_for -= {job}
                else:
                    entry.failed_dependency = entry.failed_dependency or job

    def forget(self, watermark: Instant) -> None:
        """Everything up to the watermark is in the ledger now."""
        self.past = [used for used in self.past if used.interval.end > watermark]
        self.facts = [fact for fact in self.facts if fact.at >= watermark]

    def snapshot(
        self, watermark: Instant, history: tuple[History, ...], capacity: tuple[CapacityFact, ...],
        policies: tuple[tuple[Instant, Rules], ...],
    ) -> Snapshot:  # fmt: skip
        """The room for a planner that starts anew, with histories settled up to the watermark."""
        entries = [self.jobs[job] for job in sorted(self.jobs)]
        past = (used for used in self.past if used.interval.end > watermark)
        return Snapshot(
            at=max(self.at, watermark),
            watermark=watermark,
            nodes=tuple(self.nodes[node] for node in sorted(self.nodes)),
            pending=tuple(entry.pending() for entry in entries if entry.attempt is None),
            running=tuple(entry.running(entry.attempt) for entry in entries if entry.attempt is not None),
            history=history,
            past=tuple(sorted(past, key=_used_key)),
            capacity=capacity,
            policies=policies,
            paused=tuple(sorted(self.paused)),
            room_paused=self.room_paused,
            claims=self.claims,
            reservations=self.reservations,
            budgets=tuple(sorted(self.budgets.items())),
        )


def _between_borrowers(attempt: Attempt | None) -> bool:
    """Whether this attempt counts against the job's budget of evictions."""
    return bool(attempt and attempt.vacating and attempt.vacating.rule is Rule.BETWEEN_BORROWERS)


def _used_key(used: Used) -> tuple[Interval, TenantId, UserId, tuple[tuple[str, int], ...]]:
    return used.interval, used.tenant, used.user, tuple(used.resources.items())
