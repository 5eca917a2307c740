"""The queue: pending jobs grouped into classes of identical ones (DESIGN 2: one verdict a class)."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable

from dure.model.job import Job, JobClass, JobId, UserId
from dure.model.plan import Verdict
from dure.model.snapshot import Pending
from dure.planning.axes import Axes, Vector
from dure.planning.lines import Age, Lines, Turn
from dure.planning.quota import Account, Quotas
from dure.planning.shape import Asked, Shape
from dure.planning.sizes import Sizes


def age(job: Job) -> Age:
    """What orders jobs of equal right: the instant of submission, then the id."""
    if job.id.isascii() and job.id.isdigit():
        return (job.submitted, 0, int(job.id), job.id)
    return (job.submitted, 1, 0, job.id)


class Entry:
    """One pending job, as `Pending` says."""

    __slots__ = ("age", "attempts", "evictions", "failed", "held", "job", "kind", "waiting_for")

    def __init__(self, pending: Pending) -> None:
        self.job = pending.job
        self.age = age(pending.job)
        self.held = pending.held
        self.waiting_for = set(pending.waiting_for)
        self.failed = pending.failed_dependency
        self.attempts = pending.attempts
        self.evictions = pending.evictions
        self.kind: Kind | None = None

    def pending(self) -> Pending:
        """The value of this entry."""
        waiting = frozenset(self.waiting_for)
        return Pending(self.job, self.held, waiting, self.failed, self.attempts, self.evictions)


class Kind:
    """A class of identical pending jobs, oldest first.

    `verdict` is why they wait whatever is free; None where only quota and place decide, and then the class stands
    in the lines. `said` is the verdict of the last plan. `governed`: a guarantee on its path concerns it.
    `claimed` counts jobs of the class that stand in no line because they hold a claim.
    """

    __slots__ = ("account", "claimed", "governed", "jobs", "key", "said", "shape", "user", "verdict")

    def __init__(self, key: JobClass, shape: Shape, account: Account) -> None:
        self.key, self.shape, self.account = key, shape, account
        self.user: UserId = key.user
        self.jobs: list[Age] = []
        self.claimed = 0
        self.verdict: Verdict | None = None
        self.said: Verdict | None = None
        asked = {axis for demand in shape.demands for axis, _ in demand.total}
        self.governed = any(axis in over.branch.guarantee for over in account.path for axis in asked)

    @property
    def first(self) -> JobId:
        """The oldest job."""
        return self.jobs[0][3]


class Queue:
    """All pending jobs.

    `lines` are of the classes that may have a turn; a class that quota keeps from one is parked until something
    is given back in its branch. `standing` are the shapes of all that stand in lines, `firm` the classes among
    them that may not be preempted.
    """

    __slots__ = ("_axes", "_quotas", "_shapes", "_values", "after", "entries", "failed", "firm", "kinds", "lines",
                 "standing")  # fmt: skip

    def __init__(self, axes: Axes, values: Vector, quotas: Quotas, fair: bool) -> None:
        self._axes, self._values, self._quotas = axes, values, quotas
        self.entries: dict[JobId, Entry] = {}
        self.kinds: dict[JobClass, Kind] = {}
        self.after: dict[JobId, dict[JobId, None]] = {}
        self.failed: dict[JobId, None] = {}
        self.lines = {turn: Lines(fair) for turn in Turn}
        self.standing = Sizes()
        self.firm: dict[Kind, None] = {}
        self._shapes: dict[tuple[Asked, bool], Shape] = {}

    def put(self, entry: Entry) -> Kind:
        """Queue a job; its class, which stands in the lines once it is judged."""
        job = entry.job
        self.entries[job.id] = entry
        for other in entry.waiting_for:
            self.after.setdefault(other, {})[job.id] = None
        if entry.failed:
            self.failed[job.id] = None
        key = JobClass(
            job.tenant, job.user, job.priority, job.preemptible, job.time_limit, job.groups,
            entry.held, bool(entry.waiting_for or entry.failed), job.time_limits,
        )  # fmt: skip
        kind = self.kinds.get(key)
        if kind is None:
            kind = self.kinds[key] = Kind(key, self._shape(key), self._quotas.account(job.tenant))
            kind.account.kinds[kind] = None
        entry.kind = kind
        self._insert(kind, entry.age)
        return kind

    def take(self, job: JobId) -> tuple[Entry, Kind]:
        """Take a job out; its entry and class, which may be empty now and is then forgotten."""
        entry = self.entries[job]
        kind = self.lend(job)
        for lines in self.lines.values():
            lines.settle()  # it may come back in another class
        for other in entry.waiting_for:
            self.after[other].pop(job, None)
            if not self.after[other]:
                del self.after[other]
        self.failed.pop(job, None)
        if not kind.jobs and not kind.claimed:
            self._forget(kind)
        return entry, kind

    def lend(self, job: JobId) -> Kind:
        """Take a job out for the time of a decision; its class stays, even where it is empty now."""
        entry = self.entries.pop(job)
        kind = entry.kind
        assert kind is not None  # noqa: S101 - queued entries have one
        position = bisect_left(kind.jobs, entry.age)
        if position:
            del kind.jobs[position]
        else:
            self._move(kind, None)
        return kind

    def give_back(self, entry: Entry) -> None:
        """Undo `lend`."""
        self.entries[entry.job.id] = entry
        assert entry.kind is not None  # noqa: S101 - queued entries have one
        self._insert(entry.kind, entry.age)

    def give_back_all(self, entries: Iterable[Entry]) -> None:
        """Undo `lend` of many: a class moves once."""
        ages: dict[Kind, list[Age]] = {}
        for entry in entries:
            self.entries[entry.job.id] = entry
            assert entry.kind is not None  # noqa: S101 - queued entries have one
            ages.setdefault(entry.kind, []).append(entry.age)
        for kind, back in ages.items():
            for age_ in sorted(back, reverse=True):
                self._insert(kind, age_)

    def judge(self, kind: Kind, verdict: Verdict | None) -> None:
        """A class waits whatever is free, or may have its turn."""
        kind.verdict = verdict
        stands = kind in kind.shape.kinds
        if verdict is None and not stands:
            self._admit(kind)
        elif verdict is not None and stands:
            self._dismiss(kind)

    def park(self, kind: Kind, turn: Turn) -> None:
        """Quota keeps a class from its turn until something is given back in its branch."""
        self.lines[turn].leave(kind)
        kind.account.judged.parked[kind, turn] = None

    def released(self, account: Account) -> None:
        """Something was given back: whoever was parked here or above may try again."""
        for over in account.path:
            waiting = list(over.parked)
            over.parked.clear()
            for kind, turn in waiting:
                if (
                    kind.jobs
                ):  # one that is empty for the time of a decision enters when its job is given back
                    self.lines[turn].enter(kind)

    def shapes(self) -> list[Shape]:
        """Every shape that some pending job has."""
        return list(self._shapes.values())

    def _insert(self, kind: Kind, age: Age) -> None:
        if kind.jobs and kind.jobs[0] < age:
            insort(kind.jobs, age)
        else:
            self._move(kind, age)

    def _move(self, kind: Kind, first: Age | None) -> None:
        """The oldest job of a class changes: to this one, or to the next where that is None."""
        empty = not kind.jobs
        if first is None:
            del kind.jobs[0]
        else:
            kind.jobs.insert(0, first)
        for turn, lines in self.lines.items():
            if not empty:
                lines.moved(kind)
            elif kind in kind.shape.kinds and self._stands(kind, turn):
                lines.enter(kind)

    def _stands(self, kind: Kind, turn: Turn) -> bool:
        """Whether a class that may have a turn is in its line: not where it is parked."""
        wanted = kind.governed or turn is Turn.BORROWED
        return wanted and (kind, turn) not in kind.account.judged.parked

    def _admit(self, kind: Kind) -> None:
        kind.shape.kinds[kind] = None
        self.standing.add(kind.shape)
        if not kind.key.preemptible:
            self.firm[kind] = None
        for turn, lines in self.lines.items():
            if kind.jobs and self._stands(kind, turn):
                lines.enter(kind)

    def _dismiss(self, kind: Kind) -> None:
        del kind.shape.kinds[kind]
        if not kind.shape.kinds:
            self.standing.discard(kind.shape)
        self.firm.pop(kind, None)
        for turn, lines in self.lines.items():
            lines.leave(kind)
            kind.account.judged.parked.pop((kind, turn), None)

    def _shape(self, key: JobClass) -> Shape:
        asked, firm = (key.groups, key.time_limit, key.time_limits), not key.preemptible
        shape = self._shapes.get((asked, firm))
        if shape is None:
            shape = self._shapes[asked, firm] = Shape(asked, self._axes, self._values, firm)
        shape.users += 1
        return shape

    def _forget(self, kind: Kind) -> None:
        key, shape = kind.key, kind.shape
        if kind in shape.kinds:
            self._dismiss(kind)
        del self.kinds[key]
        del kind.account.kinds[kind]
        shape.users -= 1
        if not shape.users:
            del self._shapes[shape.asked, shape.firm]
