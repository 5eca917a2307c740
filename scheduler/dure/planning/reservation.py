"""Reservations: capacity promised to a blocked job from the earliest time that time limits allow (DESIGN 3.3)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dure.model.instants import Instant
from dure.model.job import JobId
from dure.model.plan import Reservation
from dure.planning.axes import Amounts, Vector, within
from dure.planning.nodes import Row
from dure.planning.placement import Spot, less, place, placements
from dure.planning.queue import Kind
from dure.planning.quota import Account
from dure.planning.running import Active
from dure.planning.shape import Demand
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
    ahead = _Ahead(state)
    ends = state.active.ends(now)
    coming = next(ends, None)
    while coming is not None:
        at = coming[0]
        while coming is not None and coming[0] == at:
            ahead.free(coming[1])
            coming = next(ends, None)
        for demand in demands:
            if spots := ahead.place(demand):
                return Slot(at, demand, spots, ahead.beside(spots))
    return None


class _Ahead:
    """What is free at a later instant: now, and what ends until then."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._view: dict[Row, Vector] = {}
        self._spare = list(state.nodes.spare)

    def free(self, active: Active) -> None:
        for held in active.places:
            row = self._state.nodes.rows.get(held.node)
            if row is None or not row.open or not held.left:
                continue
            free = self._view.get(row)
            if free is None:
                free = self._view[row] = list(row.free)
            for axis, amount in held.amounts:
                before = free[axis]
                free[axis] = after = before + amount * held.left
                self._spare[axis] += max(0, after) - max(0, before)

    def place(self, demand: Demand) -> list[Spot] | None:
        if not within(demand.total, self._spare):
            return None
        return place(demand, self._state.nodes, self._view, self._state.values)

    def beside(self, spots: list[Spot]) -> dict[Row, Vector]:
        left = less(self._view, spots)
        return {row: left[row] for _, row, _ in spots}
