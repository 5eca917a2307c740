"""Reservations: capacity promised to a blocked job from the earliest time that time limits allow (DESIGN 3.3)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from dure.model.instants import Instant
from dure.model.job import JobId
from dure.model.plan import Reservation
from dure.planning.ahead import Ahead
from dure.planning.axes import Amounts, Vector, add
from dure.planning.calendar import Block
from dure.planning.ends import Chunk, Stop
from dure.planning.nodes import Row
from dure.planning.placement import Spot, placements
from dure.planning.queue import Kind
from dure.planning.quota import Account
from dure.planning.running import LATE, Active
from dure.planning.shape import FOREVER, Demand
from dure.planning.state import State


@dataclass(frozen=True, slots=True, eq=False)
class Slot:
    """The earliest time and place for a gang, and what is left on its nodes then."""

    at: Instant
    demand: Demand
    spots: list[Spot]
    extra: dict[Row, Vector]


@dataclass(frozen=True, slots=True, eq=False)
class Promise:
    """A reservation as the decision keeps it, over [at, until).

    `extra` is, for the nodes of the reservation, what is left there at `at` beside the reserved job: a job that
    ends later takes from it. Elsewhere more is free at `at` than now, and nothing binds.
    """

    job: JobId
    kind: Kind
    total: Amounts
    guaranteed: bool
    at: Instant
    until: Instant
    spots: list[Spot]
    extra: dict[Row, Vector]
    yielded_to: JobId = ""

    @classmethod
    def of(cls, job: JobId, kind: Kind, slot: Slot, guaranteed: bool, yielded_to: JobId = "") -> Promise:
        """The slot, promised to a job of a class."""
        extra = {row: list(left) for row, left in slot.extra.items()}
        until = min(slot.at + slot.demand.limit, FOREVER)
        return cls(
            job, kind, slot.demand.total, guaranteed, slot.at, until, slot.spots, extra, yielded_to
        )  # fmt: skip

    @property
    def account(self) -> Account:
        """Whose job it is for."""
        return self.kind.account

    @property
    def preemptible(self) -> bool:
        """Whether the reserved job may be preempted once it runs."""
        return self.kind.key.preemptible

    def counts(self, active: Active) -> bool:
        """Whether what a running job holds is missing in `extra`."""
        return active.end > self.at

    def reservation(self) -> Reservation:
        """As the plan says it."""
        return Reservation(self.job, self.at, placements(self.spots), self.guaranteed, self.yielded_to)


class Outlook:
    """The earliest slot last asked for, which stands while who runs, until when, and the nodes stand.

    Kept only where nothing else is reserved and nothing vacates. What is `going` is listed once for all searches
    between two moves.
    """

    __slots__ = ("_going", "_known", "_state")

    def __init__(self, state: State) -> None:
        self._state = state
        self._going: tuple[int, Instant, _Going] | None = None
        self._known: tuple[JobId, list[Demand], int, Slot | None] | None = None

    def earliest(
        self, job: JobId, demands: Sequence[Demand], now: Instant, promises: Sequence[Promise] = (),
        blocks: Sequence[Block] = (),
    ) -> Slot | None:  # fmt: skip
        """The first instant at which ends of time limits free enough beside these; None where they never do."""
        if promises or blocks or self._state.nodes.leaving:
            return _Search(self._state, demands, now, self._what_goes(now), promises, blocks).slot()
        version, wanted = self._state.active.version, list(demands)
        if self._known is not None and not self._state.active.late(now):
            known_job, known_demands, known_version, slot = self._known
            if (known_job, known_version) == (job, version) and known_demands == wanted:
                return slot
        slot = _Search(self._state, demands, now, self._what_goes(now), (), ()).slot()
        self._known = None if self._state.active.late(now) else (job, wanted, version, slot)
        return slot

    def _what_goes(self, now: Instant) -> _Going:
        version = self._state.active.version
        if self._going is None or self._going[:2] != (version, now):
            self._going = (version, now, _Going.of(self._state, now))
        return self._going[2]

    def forget(self) -> None:
        """Nodes changed."""
        self._known = self._going = None


_Other: TypeAlias = "tuple[Instant, Row | Active | None]"
"""When something else is over: a node is left, a claim's job has ended, or a reservation or a calendar entry."""


@dataclass(frozen=True, slots=True, eq=False)
class _Going:
    """What vacates, and what is claimed: when it is over, and what is free in the room as a whole without it."""

    others: list[_Other]
    spare: Vector

    @classmethod
    def of(cls, state: State, now: Instant) -> _Going:
        """As the room is now."""
        spare = list(state.nodes.spare)
        for active in (*state.active.vacating.values(), *state.active.claims.values()):
            add(spare, active.held)
        others = sorted((*_departures(state, now), *_claims_over(state, now)), key=_at, reverse=True)
        return cls(others, spare)


class _Search:
    """The first instant at which enough is free: all that end at one instant end together.

    Besides ends of running jobs, ends of other reservations and of the calendar, and what vacates, free something:
    `_others`, latest first.
    """

    def __init__(
        self, state: State, demands: Sequence[Demand], now: Instant, going: _Going,
        promises: Sequence[Promise], blocks: Sequence[Block],
    ) -> None:  # fmt: skip
        self._active = state.active
        self._ahead = Ahead(state, demands, going.spare, promises, blocks)
        self._now = now
        self._at: Instant | None = None
        ends = (*(promise.until for promise in promises), *(block.until for block in blocks))
        untils = ((at, None) for at in ends if at < FOREVER)
        self._others: list[_Other] = sorted((*going.others, *untils), key=_at, reverse=True)

    def slot(self) -> Slot | None:
        """Estimates as EASY takes them: what is past its limit counts as ending LATE from now.

        None where nothing is ever enough: an attempt without a time limit does not end, for planning.
        """
        ends, now, late = self._active.ends, self._now, self._now + LATE
        if not self._active.late(now):
            return self._pass(ends.runs(now + 1, FOREVER)) or self._last()
        at_once, past = self._started_now()
        soon = (*at_once, *ends.between(now + 1, late))
        return (
            self._pass(soon)
            or self._pass_late(past, late)
            or self._pass(ends.runs(late, FOREVER))
            or self._last()
        )

    def _started_now(self) -> tuple[list[Stop], list[Stop]]:
        """Of what starts in this very decision nothing is late, even where its limit is nothing."""
        due = list(self._active.ends.between(self._now, self._now + 1))
        at_once = [stop for stop in due if self._active.jobs[stop[1]].since == self._now]
        return at_once, [stop for stop in due if stop not in at_once]

    def _pass_late(self, past: Iterable[Stop], late: Instant) -> Slot | None:
        if slot := self._move(late):
            return slot
        for run in (*self._active.ends.runs(-FOREVER, self._now), *past):
            if isinstance(run, Chunk):
                self._ahead.free_all(run.held)
            else:
                self._ahead.free(self._active.jobs[run[1]])
        return None

    def _pass(self, runs: Iterable[Chunk | Stop]) -> Slot | None:
        for run in runs:
            slot = self._pass_chunk(run) if isinstance(run, Chunk) else self._pass_stop(run)
            if slot:
                return slot
        return None

    def _pass_chunk(self, chunk: Chunk) -> Slot | None:
        if self._ahead.enough_with(chunk.held):
            return self._pass(chunk.stops)
        # Nothing within the chunk is enough; what ends at its last instant may go on in the next one.
        first, last = chunk.stops[0][0], chunk.stops[-1][0]
        between = self._others and self._others[-1][0] < first
        slot = (self._move(first) if between else None) or self._move(last)
        self._ahead.free_all(chunk.held)
        return slot

    def _pass_stop(self, stop: Stop) -> Slot | None:
        at, job = stop
        slot = self._move(at)
        self._ahead.free(self._active.jobs[job])
        return slot

    def _move(self, at: Instant) -> Slot | None:
        """Before something ends at a later instant, see whether what ended until now is enough."""
        slot = None
        if at != self._at and self._at is not None:
            self._leave(self._at)
            slot = self._try()
        while slot is None and self._others and self._others[-1][0] < at:
            self._at = self._others[-1][0]
            self._leave(self._at)
            slot = self._try()
        self._at = at
        return slot

    def _leave(self, at: Instant) -> None:
        """All that ends, or is left, at one instant does so together."""
        while self._others and self._others[-1][0] == at:
            other = self._others.pop()[1]
            if isinstance(other, Row):
                self._ahead.vacated(other)
            elif other is not None:
                self._ahead.claim_over(other)

    def _last(self) -> Slot | None:
        """Nothing that runs ends later."""
        return self._try() or self._move(FOREVER)

    def _try(self) -> Slot | None:
        if self._at is None:
            return None
        found = self._ahead.place(self._at)
        return Slot(self._at, *found, self._ahead.beside(self._at, found[1])) if found else None


def _departures(state: State, now: Instant) -> Iterator[_Other]:
    """When each node is left by all that was told to leave it: after its grace, or LATE where that is past."""
    grace, leaves = state.rules.planning.grace, dict[Row, Instant]()
    for active in state.active.vacating.values():
        since = now if active.vacating_since is None else active.vacating_since
        gone = since + grace if since + grace > now else now + LATE
        for place in active.places:
            if place.left and (row := state.nodes.rows.get(place.node)):
                leaves[row] = max(leaves.get(row, gone), gone)
    yield from ((at, row) for row, at in leaves.items())


def _claims_over(state: State, now: Instant) -> Iterator[_Other]:
    """When jobs that claim a place have ended: their limit counts from when grace has passed, or LATE."""
    for claimed in state.active.claims.values():
        if claimed.limit < FOREVER:
            over = claimed.since + state.rules.planning.grace + claimed.limit
            yield (over if over > now else now + LATE), claimed


def _at(other: _Other) -> Instant:
    return other[0]
