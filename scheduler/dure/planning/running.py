"""What runs, or is about to: attempts that hold places, claims, and when by their time limits they end."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from itertools import accumulate
from typing import TYPE_CHECKING, Final, Self

from dure.model.instants import SECOND, Instant, Millis
from dure.model.job import Job, JobId, NodeId, Placement, TenantId
from dure.model.plan import End, EndCause, Eviction
from dure.model.snapshot import Running, TaskTimes
from dure.planning.axes import Amounts, Axes, together
from dure.planning.ends import Chunk, Ends, Held, Stop
from dure.planning.shape import FOREVER, lasting

if TYPE_CHECKING:
    from dure.planning.placement import Spot

LATE: Final = SECOND
"""A job past its time limit counts as ending so long from now."""

_LONG: Final = 1_000
"""Nobody is told of more moves of a tenant than this: who has not looked for so long begins anew."""


class Place:
    """Tasks of one placement: `left` of them, each of `amounts`, still hold their node."""

    __slots__ = ("amounts", "left", "node", "tasks")

    def __init__(self, node: NodeId, amounts: Amounts, tasks: int) -> None:
        self.node, self.amounts, self.tasks, self.left = node, amounts, tasks, tasks


def places(spots: Sequence[Spot]) -> list[Place]:
    """Where the tasks of spots are, in the order of task numbers."""
    ordered = sorted(spots, key=lambda spot: spot[0].group) if len(spots) > 1 else spots
    return [Place(row.id, part.amounts, tasks) for part, row, tasks in ordered]


class Active:
    """One attempt, or a claim's. `places` are in the order of task numbers; `started` is when its first task did.

    `limit` is its time limit under the flavors it got, FOREVER where there is none. `vacating` is why it was told
    to leave, at `vacating_since`. `checkpoint` is the last one it reported. `evictions` counts how often borrowers
    evicted the job before. `under` names the calendar entry whose capacity it uses. `delay` is how much later than
    `since` a claim may start at the latest, `number` orders claims.
    """

    __slots__ = ("_held", "_upto", "attempt", "checkpoint", "delay", "evictions", "job", "limit", "number",
                 "placements", "places", "since", "started", "times", "under", "vacating",
                 "vacating_since")  # fmt: skip

    def __init__(
        self, job: Job, attempt: int, since: Instant, placements: tuple[Placement, ...], places: list[Place]
    ) -> None:
        self.job, self.attempt, self.since, self.placements = job, attempt, since, placements
        self.limit = lasting(job.limit_under(place.flavor for place in placements))
        self.vacating: Eviction | None = None
        self.vacating_since: Instant | None = None
        self.checkpoint: Instant | None = None
        self.evictions = 0
        self.delay: Millis = 0
        self.number = 0
        self.under = ""
        self.places = places
        self._upto: list[int] | None = None
        self.times: dict[int, tuple[Instant | None, Instant | None]] = {}
        self._held: Amounts | None = None
        self.started: Instant | None = None

    @classmethod
    def of(
        cls, job: Job, attempt: int, since: Instant, placements: tuple[Placement, ...], axes: Axes
    ) -> Self:
        """An attempt that was placed so."""
        ordered = sorted(placements, key=_group) if len(placements) > 1 else placements
        asked = ((p, job.groups[p.group].request(p.flavor)) for p in ordered)
        return cls(
            job, attempt, since, placements, [Place(p.node, axes.amounts(one), p.tasks) for p, one in asked]
        )

    @property
    def tasks(self) -> int:
        """How many tasks were placed."""
        return sum(place.tasks for place in self.places)

    @property
    def held(self) -> Amounts:
        """What the attempt still holds."""
        if self._held is None:
            self._held = together((place.amounts, place.left) for place in self.places)
        return self._held

    def gives_back(self, place: Place) -> None:
        """A task on one of its places is over."""
        place.left -= 1
        self._held = None

    @property
    def held_by_node(self) -> Held:
        """What the attempt still holds, place by place."""
        return [(place.node, place.amounts, place.left) for place in self.places if place.left]

    @property
    def end(self) -> Instant:
        """When its time limit ends it, counted from its first task's start, or from the decision until then."""
        return FOREVER if self.limit == FOREVER else self.began + self.limit

    @property
    def latest_end(self) -> Instant:
        """The same, of a claim that starts as late as it may."""
        return self.end + self.delay

    @property
    def began(self) -> Instant:
        """When its first task started as recorded, or the decision until then."""
        return self.since if self.started is None else self.started

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
        return self.places[self.number_of(task)]

    def number_of(self, task: int) -> int:
        """The number of that place."""
        if self._upto is None:
            self._upto = list(accumulate(place.tasks for place in self.places))
        return bisect_right(self._upto, task)

    def running(self) -> Running:
        """The value of this attempt."""
        tasks = tuple(TaskTimes(*self.times.get(n, (None, None))) for n in range(self.tasks))
        return Running(
            self.job, self.attempt, self.since, self.placements, tasks, self.vacating, self.vacating_since,
            self.checkpoint, self.under, self.evictions,
        )  # fmt: skip


def _group(placement: Placement) -> int:
    return placement.group


class Activity:
    """All attempts that hold places. `version` tells apart who runs, and until when; `ends` orders them.

    `jobs` are attempts, `claims` places that are being vacated, in the order in which they were claimed; `ends`
    orders attempts but those that vacate: they are as good as gone. `tenants` are the attempts that stay, by
    tenant, `priorities` how many of them that may be preempted have each priority. `_new` are those of them that
    take their place among the ends when somebody asks. `stirred` are the attempts and claims of a tenant that came,
    went or changed since someone last looked, where someone follows it.
    """

    __slots__ = ("_ends", "_new", "_past", "_ticks", "claims", "jobs", "priorities", "stirred", "tenants",
                 "vacating", "version")  # fmt: skip

    def __init__(self) -> None:
        self.jobs: dict[JobId, Active] = {}
        self.claims: dict[JobId, Active] = {}
        self.vacating: dict[JobId, Active] = {}
        self.tenants: dict[TenantId, dict[JobId, Active]] = {}
        self.priorities: dict[TenantId, Counter[int]] = {}
        self.stirred: dict[TenantId, dict[Active, None]] = {}
        self._ends = Ends()
        self._new: dict[JobId, Active] = {}
        self.version = 0
        self._ticks = 0
        self._past: tuple[Instant, tuple[End, ...]] | None = None

    @property
    def ends(self) -> Ends:
        """Whose limit ends when."""
        while self._new:
            _, active = self._new.popitem()
            if full := self._ends.add(active.stop, active.held_by_node):
                self._split(full)
        return self._ends

    def _split(self, full: Chunk) -> None:
        upper = Chunk()
        for _, job in full.stops[len(full.stops) // 2 :]:
            upper.count(self.jobs[job].held_by_node, 1)
        self._ends.split(full, upper)

    def changed(self) -> None:
        """What holds places, or until when, is not what it was."""
        self._ticks += 1
        self.version = self._ticks

    def _stir(self, active: Active) -> None:
        if (stirred := self.stirred.get(active.job.tenant)) is not None:
            stirred[active] = None
            if len(stirred) > _LONG:
                del self.stirred[active.job.tenant]

    def late(self, now: Instant) -> bool:
        """Whether anything is past its time limit: estimates then move with the clock."""
        first = self.ends.first()
        return first is not None and first <= now

    def put(self, active: Active) -> None:
        """An attempt holds places from now on."""
        self.jobs[active.job.id] = active
        self._arrange(active)

    def take(self, job: JobId) -> Active:
        """An attempt is over."""
        active = self.jobs.pop(job)
        self._disarrange(active)
        return active

    def vacate(self, active: Active, eviction: Eviction | None, since: Instant | None) -> None:
        """An attempt was told to leave, or (None) was not after all."""
        self._disarrange(active)
        active.vacating, active.vacating_since = eviction, since
        self._arrange(active)

    def claim(self, active: Active) -> None:
        """Places are being vacated for a job."""
        self.claims[active.job.id] = active
        self._stir(active)
        self.changed()

    def unclaim(self, job: JobId) -> Active:
        """A claim is over."""
        active = self.claims.pop(job)
        self._stir(active)
        self.changed()
        return active

    def task_over(self, active: Active, place: Place) -> None:
        """A task of an attempt gives back what it held."""
        active.gives_back(place)
        self._stir(active)
        if active.vacating is None and active.job.id not in self._new:
            self._ends.less(active.stop, [(place.node, place.amounts, 1)])
        self.changed()

    def _arrange(self, active: Active) -> None:
        self._stir(active)
        if active.vacating is None:
            self.tenants.setdefault(active.job.tenant, {})[active.job.id] = active
            self._rank(active.job, 1)
            self._enter(active)
        else:
            self.vacating[active.job.id] = active
            self.changed()

    def _disarrange(self, active: Active) -> None:
        self._stir(active)
        if active.vacating is None:
            del self.tenants[active.job.tenant][active.job.id]
            self._rank(active.job, -1)
            self._leave(active)
        else:
            del self.vacating[active.job.id]
            self.changed()

    def began(self, active: Active, at: Instant) -> None:
        """A task started as recorded: the limit runs from the first one's start."""
        if active.started is not None and active.started <= at:
            return
        if active.started is None and at == active.since:
            active.started = at  # the estimate stands
            return
        self._disarrange(active)
        active.started = at
        self._arrange(active)

    def _rank(self, job: Job, times: int) -> None:
        if job.preemptible:
            counts = self.priorities.get(job.tenant)
            if counts is None:
                counts = self.priorities[job.tenant] = Counter()
            counts[job.priority] += times
            if not counts[job.priority]:
                del counts[job.priority]

    def past(self, now: Instant) -> tuple[End, ...]:
        """Whatever is past its time limit, by id: to be ended."""
        if self._past is not None:
            asked, past = self._past
            following = self.ends.after(asked)
            if asked <= now and (following is None or following > now):
                return past
        due = self.ends.between(-FOREVER, now + 1) if self.late(now) else ()
        jobs = sorted(job for _, job in due)
        past = tuple(End(job, EndCause.TIME_LIMIT) for job in jobs)
        self._past = (now, past)
        return past

    def next_end(self, now: Instant) -> Instant | None:
        """The first time limit that ends after now."""
        coming = (end for active in self._new.values() if (end := active.end) > now)
        end = min(coming, default=FOREVER)
        known = self._ends.after(now)
        end = end if known is None else min(end, known)
        return None if end == FOREVER else end

    def _enter(self, active: Active) -> None:
        self._touch(active)
        self._new[active.job.id] = active

    def _leave(self, active: Active) -> None:
        self._touch(active)
        if self._new.pop(active.job.id, None) is None:
            self._ends.remove(active.stop, active.held_by_node)

    def _touch(self, active: Active) -> None:
        if self._past is not None and active.end <= self._past[0]:
            self._past = None
        self.changed()
