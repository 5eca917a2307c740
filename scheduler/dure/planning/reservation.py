"""Reservations: capacity promised to a blocked job from the earliest time that time limits allow (DESIGN 3.3)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dure.model.instants import Instant
from dure.model.job import JobId
from dure.model.plan import Reservation
from dure.planning.ahead import Ahead
from dure.planning.axes import Amounts, Vector, within
from dure.planning.nodes import Row
from dure.planning.placement import Spot, placements
from dure.planning.queue import Kind
from dure.planning.quota import Account
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
    """A reservation as the decision keeps it.

    `extra` is, for the nodes of the reservation, what is left there at `at` beside the reserved job: a job that
    ends later takes from it. Elsewhere more is free at `at` than now, and nothing binds.
    """

    job: JobId
    kind: Kind
    total: Amounts
    guaranteed: bool
    at: Instant
    spots: list[Spot]
    extra: dict[Row, Vector]

    @classmethod
    def of(cls, kind: Kind, slot: Slot, guaranteed: bool) -> Promise:
        """The slot, promised to the oldest job of a class."""
        extra = {row: list(left) for row, left in slot.extra.items()}
        return cls(kind.first, kind, slot.demand.total, guaranteed, slot.at, slot.spots, extra)

    @property
    def account(self) -> Account:
        """Whose job it is for."""
        return self.kind.account

    @property
    def preemptible(self) -> bool:
        """Whether the reserved job may be preempted once it runs."""
        return self.kind.key.preemptible

    def reservation(self) -> Reservation:
        """As the plan says it."""
        return Reservation(self.job, self.at, placements(self.spots))


class Outlook:
    """The earliest slot last asked for, which stands while who runs, until when, and the nodes stand."""

    __slots__ = ("_known", "_state")

    def __init__(self, state: State) -> None:
        self._state = state
        self._known: tuple[JobId, list[Demand], int, Slot | None] | None = None

    def earliest(self, job: JobId, demands: Sequence[Demand], now: Instant) -> Slot | None:
        """The first instant at which ends of time limits free enough; None where they never do."""
        version, wanted = self._state.active.version, list(demands)
        if self._known is not None and not self._state.active.late(now):
            known_job, known_demands, known_version, slot = self._known
            if (known_job, known_version) == (job, version) and known_demands == wanted:
                return slot
        slot = _earliest(self._state, demands, now)
        self._known = None if self._state.active.late(now) else (job, wanted, version, slot)
        return slot

    def forget(self) -> None:
        """Nodes changed."""
        self._known = None


def _earliest(state: State, demands: Sequence[Demand], now: Instant) -> Slot | None:
    """All that end at one instant end together; an attempt without a time limit never does, for planning."""
    ends, jobs = state.active.ends(now), state.active.jobs
    enough = _enough(state, ends, demands)
    if enough is None:
        return None
    ahead = Ahead(state)
    for _, job in ends[:enough]:
        ahead.free(jobs[job])
    ahead.watch(demands)
    for position in range(enough, len(ends)):
        at, job = ends[position]
        if at == FOREVER:
            return None
        ahead.free(jobs[job])
        if position + 1 == len(ends) or ends[position + 1][0] != at:
            for demand in demands:
                if spots := ahead.place(demand):
                    return Slot(at, demand, spots, ahead.beside(spots))
    return None


def _enough(state: State, ends: Sequence[tuple[Instant, JobId]], demands: Sequence[Demand]) -> int | None:
    """Before which end the room as a whole has too little for any of the demands: quick, never too late."""
    jobs, spare = state.active.jobs, list(state.nodes.spare)
    for position, (_, job) in enumerate(ends):
        for place_held in jobs[job].places:
            for axis, amount in place_held.amounts:
                spare[axis] += amount * place_held.left
        for demand in demands:
            if within(demand.total, spare):
                return position
    return None
