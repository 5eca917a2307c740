"""A discrete-event clock that drives a Room: jobs arrive, start where the Room says, leave when told, and end.

The clock jumps from event to event. At each instant everything that happens then is applied, ends before
arrivals, and then the Room decides once. A job of no length ends at the instant of its start and so frees its
place in another round of the same instant. Nothing here knows whether a job fits, whose turn it is or who must go.

An evicted job leaves when its grace is over and is pending again, with all its work still to do, or with what its
last checkpoint (by the interval that it declares) did not save.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from heapq import heappop, heappush
from itertools import count
from typing import Final, TypeAlias

from dure.forecast.runs import Arrival, Attempt, Outcome, Ran, UnderWay
from dure.forecast.waking import Waking
from dure.model.change import (
    AllStarted,
    Ended,
    Evicting,
    Promised,
    Starting,
    Submitted,
    Watermark,
    Withdrawn,
)
from dure.model.instants import Instant
from dure.model.job import JobId
from dure.model.plan import Claim, EndCause, Eviction, Plan, Reservation, Start
from dure.model.rules import Rules
from dure.planning.room import Room

__all__ = ["Arrival", "Outcome", "Ran", "Replay", "UnderWay"]

_SETTLE_EVERY: Final = 256
"""Instants between two watermarks: nothing comes late here, so history may be settled at any of them."""

_Due: TypeAlias = tuple[Instant, int, Attempt]
"""(end, order of starts and evictions, attempt): the smallest ends first."""

Promises: TypeAlias = tuple[tuple[Claim, ...], tuple[Reservation, ...]]


class Replay:
    """Arrivals played through a Room.

    `decides` counts the calls of `Room.decide`; `pending` holds what has arrived and does not run, so after `ran`
    is exhausted what could never start.
    """

    def __init__(
        self, room: Room, rules: Rules, arrivals: Iterable[Arrival], *, under_way: Iterable[UnderWay] = (),
        waiting: Iterable[Arrival] = (), promised: Promises = ((), ()), begin: Instant | None = None,
        enforce_limits: bool = False,
    ) -> None:  # fmt: skip
        """`arrivals` come by instant; those of one instant in any order. `rules` are those of the room.

        `under_way` and `waiting` are what the room already holds as running and as pending, `promised` the claims
        and reservations that stand in it. `begin` is an instant at which to decide before anything happens.
        `enforce_limits` ends attempts at their time limits; else they run as long as they are said to.
        """
        self.decides = 0
        self.pending: dict[JobId, Arrival] = {arrival.job.id: arrival for arrival in waiting}
        self._room, self._grace, self._enforce = room, rules.planning.grace, enforce_limits
        self._arrivals = iter(arrivals)
        self._next = next(self._arrivals, None)
        self._due: list[_Due] = []
        self._running: dict[JobId, Attempt] = {}
        self._order = count()
        self._promised = promised
        self._waking = Waking(rules, begin)
        for run in under_way:
            self._run(Attempt.taken_up(run))

    def ran(self) -> Iterator[Ran]:
        """Every attempt that ran, as it ends; those of one instant in the order of their starts.

        Raises ValueError where an arrival is older than the one before it.
        """
        for rounds in count(1):
            if (now := self._soonest()) is None:
                return
            yield from self._end(now)
            self._arrive(now)
            if self.pending or self._waking.due(now):
                self._decide(now)
            if rounds % _SETTLE_EVERY == 0:
                self._room.apply(Watermark(now))

    def _soonest(self) -> Instant | None:
        """The next event; time alone is one where something waits for it."""
        due = self._due
        while due and (due[0][2].over or due[0][2].end != due[0][0]):
            heappop(due)
        ends = due[0][0] if due else None
        coming = self._next.job.submitted if self._next else None
        event = min((at for at in (ends, coming) if at is not None), default=None)
        return self._waking.before(event) if event is not None or self.pending else None

    def _end(self, now: Instant) -> Iterator[Ran]:
        due = self._due
        while due and due[0][0] == now:
            attempt = heappop(due)[2]
            if not attempt.over and attempt.end == now:
                self._over(attempt, now)
                yield attempt.ran()

    def _over(self, attempt: Attempt, now: Instant) -> None:
        apply, job = self._room.apply, attempt.job
        attempt.over = True
        del self._running[job.id]
        requeue = attempt.outcome is Outcome.EVICTED
        apply(Ended(now, job.id, attempt.number, attempt.outcome is Outcome.DONE, requeue))
        if requeue:
            self.pending[job.id] = attempt.rest()

    def _arrive(self, now: Instant) -> None:
        while (arrival := self._next) and arrival.job.submitted == now:
            job = arrival.job
            waits = frozenset(one for one in job.after if one in self.pending or one in self._running)
            self.pending[job.id] = arrival
            self._room.apply(Submitted(now, job, waiting_for=waits))
            self._next = next(self._arrivals, None)
            if self._next and self._next.job.submitted < now:
                raise ValueError(f"job {self._next.job.id} comes at {self._next.job.submitted}, after {now}")

    def _decide(self, now: Instant) -> None:
        self.decides += 1
        plan = self._room.decide(now)
        for start in plan.starts:
            self._start(start, now)
        for eviction in plan.evictions:
            self._evict(eviction, now)
        for end in plan.ends:
            if end.cause is EndCause.DEPENDENCY_FAILED and end.job in self.pending:
                del self.pending[end.job]
                self._room.apply(Withdrawn(now, end.job))
        self._promise(plan)
        self._waking.decided(plan)

    def _start(self, start: Start, now: Instant) -> None:
        arrival = self.pending.pop(start.job)
        apply = self._room.apply
        apply(Starting(now, start.job, start.attempt, start.placements, start.under))
        apply(AllStarted(now, start.job, start.attempt))
        self._run(Attempt.begun(start, arrival, now))

    def _run(self, attempt: Attempt) -> None:
        if self._enforce and attempt.eviction is None:
            attempt.cut()
        self._running[attempt.job.id] = attempt
        heappush(self._due, (attempt.end, next(self._order), attempt))

    def _evict(self, eviction: Eviction, now: Instant) -> None:
        attempt = self._running[eviction.job]
        self._room.apply(Evicting(now, eviction))
        attempt.leave(eviction, now, now + self._grace)
        heappush(self._due, (attempt.end, next(self._order), attempt))

    def _promise(self, plan: Plan) -> None:
        """What stands is carried to the next decision."""
        promised = (plan.claims, plan.reservations)
        if promised != self._promised:
            self._promised = promised
            self._room.apply(Promised(plan.at, *promised))
