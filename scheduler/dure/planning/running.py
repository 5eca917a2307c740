"""What runs: attempts that hold places, and when by their time limits they end."""

from __future__ import annotations

from typing import Final

from dure.model.instants import SECOND, Instant
from dure.model.job import Job, JobId, NodeId, Placement
from dure.model.plan import End, EndCause
from dure.model.snapshot import Running, TaskTimes
from dure.planning.axes import Amounts, Axes, together
from dure.planning.ends import Chunk, Ends, Held, Stop
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

    __slots__ = ("attempt", "job", "placements", "places", "since", "started", "times")

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

    @property
    def tasks(self) -> int:
        """How many tasks were placed."""
        return sum(place.tasks for place in self.places)

    @property
    def held(self) -> Amounts:
        """What the attempt still holds."""
        return together((place.amounts, place.left) for place in self.places)

    @property
    def held_by_node(self) -> Held:
        """What the attempt still holds, place by place."""
        return [(place.node, place.amounts, place.left) for place in self.places if place.left]

    @property
    def end(self) -> Instant:
        """When its time limit ends it, counted from its first task's start, or from the decision until then."""
        if self.job.time_limit is None:
            return FOREVER
        return (self.since if self.started is None else self.started) + self.job.time_limit

    @property
    def stop(self) -> Stop:
        """The same, with the job."""
        return (self.end, self.job.id)

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
    """All attempts that hold places. `version` tells apart who runs, and until when; `ends` orders them."""

    __slots__ = ("_past", "_ticks", "ends", "jobs", "version")

    def __init__(self) -> None:
        self.jobs: dict[JobId, Active] = {}
        self.ends = Ends()
        self.version = 0
        self._ticks = 0
        self._past: tuple[Instant, tuple[End, ...]] | None = None

    def changed(self) -> None:
        """What holds places, or until when, is not what it was."""
        self._ticks += 1
        self.version = self._ticks

    def late(self, now: Instant) -> bool:
        """Whether anything is past its time limit: estimates then move with the clock."""
        first = self.ends.first()
        return first is not None and first <= now

    def put(self, active: Active) -> None:
        """An attempt holds places from now on."""
        self.jobs[active.job.id] = active
        self._enter(active)

    def take(self, job: JobId) -> Active:
        """An attempt is over."""
        active = self.jobs.pop(job)
        self._leave(active)
        return active

    def task_over(self, active: Active, place: Place) -> None:
        """A task of an attempt gives back what it held."""
        place.left -= 1
        self.ends.less(active.stop, [(place.node, place.amounts, 1)])
        self.changed()

    def began(self, active: Active, at: Instant) -> None:
        """A task started as recorded: the limit runs from the first one's start."""
        if active.started is not None and active.started <= at:
            return
        if active.started is None and at == active.since:
            active.started = at  # the estimate stands
            return
        self._leave(active)
        active.started = at
        self._enter(active)

    def past(self, now: Instant) -> tuple[End, ...]:
        """Whatever is past its time limit, by id: to be ended."""
        if self._past is not None:
            asked, past = self._past
            following = self.ends.after(asked)
            if asked <= now and (following is None or following > now):
                return past
        jobs = sorted(job for _, job in self.ends.between(-FOREVER, now + 1)) if self.late(now) else []
        past = tuple(End(job, EndCause.TIME_LIMIT) for job in jobs)
        self._past = (now, past)
        return past

    def next_end(self, now: Instant) -> Instant | None:
        """The first time limit that ends after now."""
        end = self.ends.after(now)
        return None if end == FOREVER else end

    def _enter(self, active: Active) -> None:
        self._touch(active)
        if full := self.ends.add(active.stop, active.held_by_node):
            upper = Chunk()
            for _, job in full.stops[len(full.stops) // 2 :]:
                upper.count(self.jobs[job].held_by_node, 1)
            self.ends.split(full, upper)

    def _leave(self, active: Active) -> None:
        self._touch(active)
        self.ends.remove(active.stop, active.held_by_node)

    def _touch(self, active: Active) -> None:
        if self._past is not None and active.end <= self._past[0]:
            self._past = None
        self.changed()
