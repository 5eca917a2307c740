"""The queue: pending jobs grouped into classes of identical ones (DESIGN 2: one verdict a class)."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable
from typing import TypeAlias

from dure.model.instants import Instant, Millis
from dure.model.job import Job, JobClass, JobId, TaskGroup, UserId
from dure.model.plan import Verdict
from dure.model.snapshot import Pending
from dure.planning.axes import Axes, Vector
from dure.planning.quota import Account, Quotas
from dure.planning.shape import Shape

Age: TypeAlias = tuple[Instant, int, int, JobId]
"""(submitted, 0 and the number for ids that are numbers, else 1 and 0, id): ids order as numbers, else as text."""


def age(job: Job) -> Age:
    """What orders jobs of equal right: the instant of submission, then the id."""
    if job.id.isascii() and job.id.isdigit():
        return (job.submitted, 0, int(job.id), job.id)
    return (job.submitted, 1, 0, job.id)


class Entry:
    """One pending job, as `Pending` says."""

    __slots__ = ("age", "attempts", "failed", "held", "job", "kind", "waiting_for")

    def __init__(self, pending: Pending) -> None:
        self.job = pending.job
        self.age = age(pending.job)
        self.held = pending.held
        self.waiting_for = set(pending.waiting_for)
        self.failed = pending.failed_dependency
        self.attempts = pending.attempts
        self.kind: Kind | None = None

    def pending(self) -> Pending:
        """The value of this entry."""
        return Pending(self.job, self.held, frozenset(self.waiting_for), self.failed, self.attempts)


class Kind:
    """A class of identical pending jobs, oldest first.

    `verdict` is why they wait whatever is free, or None where only quota and place decide.
    """

    __slots__ = ("account", "jobs", "key", "shape", "user", "verdict")

    def __init__(self, key: JobClass, shape: Shape, account: Account) -> None:
        self.key, self.shape, self.account = key, shape, account
        self.user: UserId = key.user
        self.jobs: list[Age] = []
        self.verdict: Verdict | None = None

    @property
    def first(self) -> JobId:
        """The oldest job."""
        return self.jobs[0][3]


class Queue:
    """All pending jobs."""

    __slots__ = ("_axes", "_quotas", "_shapes", "_values", "after", "entries", "failed", "kinds")

    def __init__(self, axes: Axes, values: Vector, quotas: Quotas) -> None:
        self._axes, self._values, self._quotas = axes, values, quotas
        self.entries: dict[JobId, Entry] = {}
        self.kinds: dict[JobClass, Kind] = {}
        self.after: dict[JobId, dict[JobId, None]] = {}
        self.failed: dict[JobId, None] = {}
        self._shapes: dict[
            tuple[tuple[TaskGroup, ...], Millis | None], tuple[Shape, dict[JobClass, None]]
        ] = {}

    def put(self, entry: Entry) -> tuple[Kind, bool]:
        """Queue a job; its class, and whether it is a new one."""
        job = entry.job
        self.entries[job.id] = entry
        for other in entry.waiting_for:
            self.after.setdefault(other, {})[job.id] = None
        if entry.failed:
            self.failed[job.id] = None
        key = JobClass(
            job.tenant, job.user, job.priority, job.preemptible, job.time_limit, job.groups,
            entry.held, bool(entry.waiting_for or entry.failed),
        )  # fmt: skip
        kind = self.kinds.get(key)
        if new := kind is None:
            kind = self.kinds[key] = Kind(key, self._shape(key), self._quotas.account(job.tenant))
        entry.kind = kind
        insort(kind.jobs, entry.age)
        return kind, new

    def take(self, job: JobId) -> tuple[Entry, Kind]:
        """Take a job out; its entry and class, which may be empty now and is then forgotten."""
        entry = self.entries.pop(job)
        kind = entry.kind
        assert kind is not None  # noqa: S101 - queued entries have one
        for other in entry.waiting_for:
            self.after[other].pop(job, None)
            if not self.after[other]:
                del self.after[other]
        self.failed.pop(job, None)
        del kind.jobs[bisect_left(kind.jobs, entry.age)]
        if not kind.jobs:
            self._forget(kind)
        return entry, kind

    def lend(self, job: JobId) -> Entry:
        """Take a job out for the time of a decision; its class stays, even where it is empty now."""
        entry = self.entries.pop(job)
        assert entry.kind is not None  # noqa: S101 - queued entries have one
        del entry.kind.jobs[bisect_left(entry.kind.jobs, entry.age)]
        return entry

    def give_back(self, entry: Entry) -> None:
        """Undo `lend`."""
        assert entry.kind is not None  # noqa: S101 - queued entries have one
        self.entries[entry.job.id] = entry
        insort(entry.kind.jobs, entry.age)

    def shapes(self) -> Iterable[Shape]:
        """Every shape that some pending job has."""
        return [shape for shape, _ in self._shapes.values()]

    def _shape(self, key: JobClass) -> Shape:
        known = self._shapes.get((key.groups, key.time_limit))
        if known is None:
            shape = Shape(key.groups, key.time_limit, self._axes, self._values)
            known = self._shapes[key.groups, key.time_limit] = (shape, {})
        known[1][key] = None
        return known[0]

    def _forget(self, kind: Kind) -> None:
        key = kind.key
        del self.kinds[key]
        _, users = self._shapes[key.groups, key.time_limit]
        del users[key]
        if not users:
            del self._shapes[key.groups, key.time_limit]
