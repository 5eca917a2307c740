"""A discrete-event clock that drives a Room: jobs arrive, start where the Room says, and end.

The clock jumps from event to event. At each instant everything that happens then is applied, ends before
arrivals, and then the Room decides once. A job of no length ends at the instant of its start and so frees its
place in another round of the same instant. Nothing here knows whether a job fits or whose turn it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from heapq import heappop, heappush
from itertools import count
from typing import Final, TypeAlias

from dure.model.change import Ended, Starting, Submitted, TaskEnded, TaskStarted, Watermark
from dure.model.instants import Instant, Millis
from dure.model.job import Job, JobId
from dure.model.plan import Start
from dure.planning.room import Room

_SETTLE_EVERY: Final = 256
"""Instants between two watermarks: nothing comes late here, so history may be settled at any of them."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """A job that comes at `job.submitted` and, once started, runs for `run` ms."""

    job: Job
    run: Millis


@dataclass(frozen=True, slots=True)
class Ran:
    """A job that ran over [started, ended)."""

    job: Job
    started: Instant
    ended: Instant


_Due: TypeAlias = tuple[Instant, int, Job, int, Instant]
"""(end, order of starts, job, attempt, start): the smallest ends first."""


class Replay:
    """Arrivals played through a Room.

    `decides` counts the calls of `Room.decide`; `pending` holds what has arrived and not started, so after
    `ran` is exhausted what could never start.
    """

    def __init__(self, room: Room, arrivals: Iterable[Arrival]) -> None:
        """`arrivals` come by instant; those of one instant in any order."""
        self.decides = 0
        self.pending: dict[JobId, Arrival] = {}
        self._room = room
        self._arrivals = iter(arrivals)
        self._next = next(self._arrivals, None)
        self._due: list[_Due] = []
        self._order = count()

    def ran(self) -> Iterator[Ran]:
        """Every job that ran, as it ends; those of one instant in the order of their starts.

        Raises ValueError where an arrival is older than the one before it.
        """
        for rounds in count(1):
            if (now := self._soonest()) is None:
                return
            yield from self._end(now)
            self._arrive(now)
            if self.pending:
                self._decide(now)
            if rounds % _SETTLE_EVERY == 0:
                self._room.apply(Watermark(now))

    def _soonest(self) -> Instant | None:
        due = self._due[0][0] if self._due else None
        coming = self._next.job.submitted if self._next else None
        if due is None or coming is None:
            return coming if due is None else due
        return min(due, coming)

    def _end(self, now: Instant) -> Iterator[Ran]:
        apply = self._room.apply
        while self._due and self._due[0][0] == now:
            _, _, job, attempt, started = heappop(self._due)
            for task in range(job.tasks):
                apply(TaskEnded(now, job.id, attempt, task))
            apply(Ended(now, job.id, attempt, succeeded=True))
            yield Ran(job, started, now)

    def _arrive(self, now: Instant) -> None:
        while (arrival := self._next) and arrival.job.submitted == now:
            self.pending[arrival.job.id] = arrival
            self._room.apply(Submitted(now, arrival.job))
            self._next = next(self._arrivals, None)
            if self._next and self._next.job.submitted < now:
                raise ValueError(f"job {self._next.job.id} comes at {self._next.job.submitted}, after {now}")

    def _decide(self, now: Instant) -> None:
        self.decides += 1
        for start in self._room.decide(now).starts:
            self._start(start, now)

    def _start(self, start: Start, now: Instant) -> None:
        arrival = self.pending.pop(start.job)
        apply = self._room.apply
        apply(Starting(now, start.job, start.attempt, start.placements))
        for task in range(arrival.job.tasks):
            apply(TaskStarted(now, start.job, start.attempt, task))
        end = now + arrival.run
        heappush(self._due, (end, next(self._order), arrival.job, start.attempt, now))
