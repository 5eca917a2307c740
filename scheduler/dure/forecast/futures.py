"""One future of a room: the Room that decides for real, run forward by the clock of replays.

What comes after is not known and not supposed: only the jobs that are there play. Every end is a decision of its
own, as it will be: rounding ends to a coarser clock lets big jobs in front of the small ones that would have been
backfilled between them, and moved starts tenfold on RICC.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

from dure.forecast.engine import Arrival, Replay, UnderWay
from dure.model.instants import Instant, Millis
from dure.model.job import Job, JobId
from dure.model.plan import Start
from dure.model.rules import Rules
from dure.model.snapshot import Running, Snapshot
from dure.planning.room import Room

Lengths: TypeAlias = Callable[[Job, Millis], Millis]
"""How long a job runs in a future, in ms: (job, longer than this, which it has run already)."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """Where a future stops: after an instant, after so many starts, or when all of `watched` have started."""

    until: Instant
    starts: int
    watched: frozenset[JobId] | None = None


class Future(Replay):
    """A room run forward from `now`; `starts` says when each job that started first did."""

    def __init__(self, snapshot: Snapshot, rules: Rules, now: Instant, lengths: Lengths) -> None:
        self.starts: dict[JobId, Instant] = {}
        waiting = (Arrival(pending.job, lengths(pending.job, 0)) for pending in snapshot.pending)
        super().__init__(
            Room.of(snapshot, rules), rules, (), waiting=waiting, begin=now,
            promised=(snapshot.claims, snapshot.reservations),
            under_way=_under_way(snapshot, now, rules.planning.grace, lengths),
        )  # fmt: skip

    def run(self, bounds: Bounds) -> None:
        """Run on until a bound, or until nothing happens any more."""
        for ran in self.ran():
            if ran.ended > bounds.until or self._enough(bounds):
                return

    def _enough(self, bounds: Bounds) -> bool:
        if not self.pending or len(self.starts) >= bounds.starts:
            return True
        return bounds.watched is not None and bounds.watched <= self.starts.keys()

    def _start(self, start: Start, now: Instant) -> None:
        self.starts.setdefault(start.job, now)
        super()._start(start, now)


def _under_way(snapshot: Snapshot, now: Instant, grace: Millis, lengths: Lengths) -> Iterator[UnderWay]:
    for running in snapshot.running:
        started = _started(running, now)
        end = max(now + 1, started + lengths(running.job, max(0, now - started)))
        leaves = None if running.vacating_since is None else max(now + 1, running.vacating_since + grace)
        yield UnderWay(
            running.job, running.attempt, started, end, running.placements, running.vacating, leaves
        )


def _started(running: Running, now: Instant) -> Instant:
    return min((task.started for task in running.tasks if task.started is not None), default=now)
