"""What a replay is made of: jobs that come, attempts that run, and what became of each."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from dure.model.instants import Instant, Millis
from dure.model.job import Job, Placement
from dure.model.plan import Eviction, Start


@dataclass(frozen=True, slots=True)
class Arrival:
    """A job that comes at `job.submitted` and, once started, runs for `run` ms."""

    job: Job
    run: Millis


@dataclass(frozen=True, slots=True)
class UnderWay:
    """An attempt that the room holds as running when the replay begins.

    Its first task started at `started`; left alone it ends at `end`. One that was told to leave before is gone
    at `leaves`, if that is sooner, and pending again. `eviction` is why.
    """

    job: Job
    attempt: int
    started: Instant
    end: Instant
    placements: tuple[Placement, ...] = ()
    eviction: Eviction | None = None
    leaves: Instant | None = None


class Outcome(StrEnum):
    """How an attempt ended: by itself, at its time limit, or evicted and pending again."""

    DONE = "done"
    LIMIT = "limit"
    EVICTED = "evicted"


@dataclass(frozen=True, slots=True)
class Ran:
    """One attempt that ran over [started, ended).

    `lost` is, in ms, what of it was thrown away: since its start or its last checkpoint, grace included; 0 unless
    it was evicted. `eviction` is the decision by which it was told to leave, None where it was not; an attempt
    that came to its own end within the grace has one and lost nothing.
    """

    job: Job
    started: Instant
    ended: Instant
    attempt: int = 1
    placements: tuple[Placement, ...] = ()
    guaranteed: bool = False
    backfill: bool = False
    under: str = ""
    outcome: Outcome = Outcome.DONE
    lost: Millis = 0
    eviction: Eviction | None = None


class Attempt:
    """One attempt as the clock keeps it. `length` is what it needs; `end` when, as things stand, it is over."""

    __slots__ = (
        "backfill", "end", "eviction", "guaranteed", "job", "length", "number", "outcome", "over", "placements",
        "saved", "started", "under",
    )  # fmt: skip

    def __init__(self, job: Job, number: int, started: Instant, length: Millis) -> None:
        self.job, self.number, self.started, self.length = job, number, started, length
        self.end = started + length
        self.saved: Millis = 0
        self.eviction: Eviction | None = None
        self.placements: tuple[Placement, ...] = ()
        self.under = ""
        self.guaranteed = self.backfill = self.over = False
        self.outcome = Outcome.DONE

    @classmethod
    def begun(cls, start: Start, arrival: Arrival, now: Instant) -> Attempt:
        """As a plan starts it."""
        attempt = cls(arrival.job, start.attempt, now, arrival.run)
        attempt.placements, attempt.under = start.placements, start.under
        attempt.guaranteed, attempt.backfill = start.guaranteed, start.backfill
        return attempt

    @classmethod
    def taken_up(cls, run: UnderWay) -> Attempt:
        """As it ran when the replay began."""
        attempt = cls(run.job, run.attempt, run.started, run.end - run.started)
        attempt.placements = run.placements
        if run.eviction is not None and run.leaves is not None:
            attempt.leave(run.eviction, run.leaves, run.leaves)
        return attempt

    def cut(self) -> None:
        """Let it run no longer than its time limit, under the flavors that it got."""
        limit = self.job.limit_under(p.flavor for p in self.placements)
        if limit is not None and limit < self.length:
            self.end, self.outcome = self.started + limit, Outcome.LIMIT

    def leave(self, eviction: Eviction, told: Instant, gone: Instant) -> None:
        """It is told to leave, and is gone by `gone`. What it did up to its last checkpoint before is saved."""
        self.eviction = eviction
        if gone < self.end:
            interval, ran = self.job.checkpoint_interval, max(0, told - self.started)
            self.saved = ran // interval * interval if interval else 0
            self.end, self.outcome = gone, Outcome.EVICTED

    def ran(self) -> Ran:
        """What became of it."""
        lost = self.end - self.started - self.saved if self.outcome is Outcome.EVICTED else 0
        return Ran(
            self.job, self.started, self.end, self.number, self.placements, self.guaranteed, self.backfill,
            self.under, self.outcome, lost, self.eviction,
        )  # fmt: skip

    def rest(self) -> Arrival:
        """What is left to do after an eviction."""
        return Arrival(self.job, self.length - self.saved)
