"""What runs: attempts that hold places, and when by their time limits they end."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Sequence
from heapq import merge
from itertools import islice
from typing import Final

from dure.model.instants import SECOND, Instant
from dure.model.job import Job, JobId, NodeId, Placement
from dure.model.snapshot import Running, TaskTimes
from dure.planning.axes import Amounts, Axes, together
from dure.planning.shape import FOREVER

LATE: Final = SECOND
"""A job past its time limit counts as ending so long from now."""


class Place:
    """Tasks of one placement: `left` of them, each of `amounts`, still hold their node."""

    __slots__ = ("amounts", "left", "node", "tasks")

    def __init__(self, node: NodeId, amounts: Amounts, tasks: int) -> None:
        self.node, self.amounts, self.tasks, self.left = node, amounts, tasks, tasks


class Active:
    """One attempt. `places` are in the order of task numbers; `started` is when its first task did."""

    __slots__ = ("attempt", "ended", "job", "placements", "places", "since", "started", "times")

    def __init__(
        self, job: Job, attempt: int, since: Instant, placements: tuple[Placement, ...], axes: Axes
    ) -> None:
        self.job, self.attempt, self.since, self.placements = job, attempt, since, placements
        self.places = [
            Place(p.node, axes.amounts(job.groups[p.group].request(p.flavor)), p.tasks)
            for p in sorted(placements, key=lambda placement: placement.group)
        ]
        self.times: dict[int, tuple[Instant | None, Instant | None]] = {}
        self.started: Instant | None = None
        self.ended = 0

    @property
    def tasks(self) -> int:
        """How many tasks were placed."""
        return sum(place.tasks for place in self.places)

    @property
    def held(self) -> Amounts:
        """What the attempt still holds."""
        return together((place.amounts, place.left) for place in self.places)

    @property
    def total(self) -> Amounts:
        """What the attempt was given."""
        return together((place.amounts, place.tasks) for place in self.places)

    @property
    def end(self) -> Instant:
        """When its time limit ends it, counted from its first task's start, or from the decision until then."""
        if self.job.time_limit is None:
            return FOREVER
        return (self.since if self.started is None else self.started) + self.job.time_limit

    @property
    def last_end(self) -> Instant:
        """When the last of its tasks ended as recorded, -1 while none has."""
        return max((ended for _, ended in self.times.values() if ended is not None), default=-1)

    def place_of(self, task: int) -> Place:
        """Where a task is. Raises IndexError for a task that the attempt does not have."""
        for place in self.places:
            if task < place.tasks:
                return place
            task -= place.tasks
        raise IndexError(task)

    def running(self) -> Running:
        """The value of this attempt."""
        tasks = tuple(TaskTimes(*self.times.get(n, (None, None))) for n in range(self.tasks))
        return Running(self.job, self.attempt, self.since, self.placements, tasks)


class Activity:
    """All attempts that hold places. `version` tells apart who runs, and until when."""

    __slots__ = ("_ends", "_ticks", "jobs", "version")

    def __init__(self) -> None:
        self.jobs: dict[JobId, Active] = {}
        self._ends: list[tuple[Instant, JobId]] = []
        self.version = 0
        self._ticks = 0

    def changed(self) -> None:
        """What holds places, or until when, is not what it was."""
        self._ticks += 1
        self.version = self._ticks

    def late(self, now: Instant) -> bool:
        """Whether anything is past its time limit: estimates then move with the clock."""
        return bool(self._ends) and self._ends[0][0] <= now

    def put(self, active: Active) -> None:
        """An attempt holds places from now on."""
        self.jobs[active.job.id] = active
        insort(self._ends, (active.end, active.job.id))
        self.changed()

    def take(self, job: JobId) -> Active:
        """An attempt is over."""
        active = self.jobs.pop(job)
        del self._ends[bisect_left(self._ends, (active.end, job))]
        self.changed()
        return active

    def began(self, active: Active, at: Instant) -> None:
        """A task started as recorded: the limit runs from the first one's start."""
        if active.started is not None and active.started <= at:
            return
        del self._ends[bisect_left(self._ends, (active.end, active.job.id))]
        active.started = at
        insort(self._ends, (active.end, active.job.id))
        self.changed()

    def past(self, now: Instant) -> list[Active]:
        """Attempts whose time limit is over, the longest over first."""
        if not self.late(now):
            return []
        return [self.jobs[job] for _, job in self._ends[: bisect_right(self._ends, now, key=_end)]]

    def next_end(self, now: Instant) -> Instant | None:
        """The first time limit that ends after now."""
        position = bisect_right(self._ends, now, key=_end)
        end = self._ends[position][0] if position < len(self._ends) else FOREVER
        return None if end == FOREVER else end

    def ends(self, now: Instant) -> Sequence[tuple[Instant, JobId]]:
        """(estimated end, job) in order, as EASY takes them; those without a limit end FOREVER."""
        if not self.late(now):
            return self._ends
        position = bisect_right(self._ends, now, key=_end)
        late: list[tuple[Instant, JobId]] = []
        due: list[tuple[Instant, JobId]] = []
        for end, job in self._ends[:position]:
            # Of what starts in this very decision nothing is late, even where its limit is nothing.
            at_once = end == now and self.jobs[job].since == now
            (due if at_once else late).append((end if at_once else now + LATE, job))
        return list(merge(due, late, islice(self._ends, position, None)))


def _end(entry: tuple[Instant, JobId]) -> Instant:
    return entry[0]
