"""What a replay left behind: every job that came, every attempt that ran, and the room that they ran in."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from dure.forecast.engine import Outcome, Ran
from dure.model.instants import SECOND, Instant, Interval, Millis
from dure.model.job import Job, JobId, Placement, TenantId, UserId, held_by
from dure.model.resources import Resources
from dure.model.rules import Rules


@dataclass(slots=True)
class Work:
    """A job that came: `wanted` is what it asks for under the flavors that it likes best; it runs for `run` ms."""

    id: JobId
    tenant: TenantId
    user: UserId
    project: str
    submitted: Instant
    run: Millis
    wanted: Resources


@dataclass(slots=True)
class Stint:
    """An attempt that held some resources over [started, ended); its last `lost` ms of work came to nothing.

    `gave_way`: it was evicted. `cut`: its time limit ended it.
    """

    work: Work
    started: Instant
    ended: Instant
    held: Resources
    lost: Millis = 0
    gave_way: bool = False
    cut: bool = False


@dataclass(frozen=True)
class Played:
    """Work that was played in a room under rules; `works` in the order in which they came, `stints` as they ended.

    `unusable` rows of the log were left out. `decides` counts the planner's decisions.
    """

    name: str
    rules: Rules
    capacity: Resources
    works: tuple[Work, ...]
    stints: tuple[Stint, ...]
    decides: int
    unusable: int = 0

    @cached_property
    def spans(self) -> dict[JobId, Interval]:
        """From the first start to the last end of every job that came to its end."""
        first: dict[JobId, Instant] = {}
        spans: dict[JobId, Interval] = {}
        for stint in self.stints:
            begun = first.setdefault(stint.work.id, stint.started)
            if not stint.gave_way:
                spans[stint.work.id] = Interval(begun, stint.ended)
        return spans

    @property
    def times(self) -> Mapping[JobId, tuple[int, int]]:
        """(first start, last end) in seconds of the log, of every job that came to its end."""
        return {job: (span.start // SECOND, span.end // SECOND) for job, span in self.spans.items()}

    @property
    def interval(self) -> Interval:
        """From the first submit to the last end, or submit."""
        begin = min((work.submitted for work in self.works), default=0)
        ends = (stint.ended for stint in self.stints)
        return Interval(begin, max(self.last_submit, max(ends, default=begin)))

    @cached_property
    def last_submit(self) -> Instant:
        """When the last job came."""
        return max((work.submitted for work in self.works), default=0)


class Recorder:
    """Makes stints of what ran; equal amounts are one value."""

    def __init__(self) -> None:
        self.works: dict[JobId, Work] = {}
        self._amounts: dict[object, Resources] = {}

    def came(self, job: Job, run: Millis) -> None:
        """A job came."""
        wanted = self._once((job.groups,), lambda: preferred(job))
        self.works[job.id] = Work(job.id, job.tenant, job.user, job.project, job.submitted, run, wanted)

    def stint(self, ran: Ran) -> Stint:
        """An attempt is over."""
        flavors = tuple((place.group, place.flavor, place.tasks) for place in ran.placements)
        held = self._once((ran.job.groups, flavors), lambda: together(ran.job, ran.placements))
        evicted, cut = ran.outcome is Outcome.EVICTED, ran.outcome is Outcome.LIMIT
        return Stint(self.works[ran.job.id], ran.started, ran.ended, held, ran.lost, evicted, cut)

    def _once(self, key: object, make: Callable[[], Resources]) -> Resources:
        amounts = self._amounts.get(key)
        if amounts is None:
            amounts = self._amounts[key] = make()
        return amounts


def preferred(job: Job) -> Resources:
    """What a job asks for, every group with the flavor that it names first."""
    groups = (group.request(group.flavors[0] if group.flavors else "") * group.count for group in job.groups)
    return sum(groups, Resources())


def together(job: Job, placements: Iterable[Placement]) -> Resources:
    """What all tasks of an attempt hold."""
    return sum((held_by(job, placement) for placement in placements), Resources())
