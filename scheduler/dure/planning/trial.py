"""A trial: what one decision has tried so far on the state itself, and the moves by which it goes on.

Every move is undone at the end (`State.undo`); what it came to stands in `starts`, `evictions`, `promises` and the
state's claims.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from typing import TypeAlias

from dure.model.instants import Instant
from dure.model.job import JobId
from dure.model.plan import Claim, Eviction, Reservation, Start
from dure.planning.allowance import Allowance
from dure.planning.axes import Vector, within
from dure.planning.backfill import Promises, beside, spare_beside
from dure.planning.lines import Turn
from dure.planning.nodes import Row
from dure.planning.order import Lineup
from dure.planning.placement import Spot, less, place, placements
from dure.planning.preemptible import Borrowed
from dure.planning.queue import Entry, Kind
from dure.planning.quota import Account
from dure.planning.refusals import Refusals
from dure.planning.reservation import Outlook, Promise, Slot
from dure.planning.running import Active, places
from dure.planning.shape import FOREVER, Demand, Shape
from dure.planning.state import State

Lent: TypeAlias = tuple[Sequence[Active], AbstractSet[JobId], int, Sequence[Active]]
"""(of whom, who was beyond guarantee, after how many moves, and who it was of these)"""


class Trial:
    """The state under trial, and what stands beside it while one decision is made.

    `again`: something moved that may let others move. `hourless`: a blocked job found no hour for a reservation.
    `touched` are the classes of which a job started or claimed.
    `herds` are what of each tenant ran before the decision and may be preempted, whoever must leave first last: by
    axis those that hold some of it, at -1 all of them. From those of the `thinned` somebody has left since. `lent`
    are those of them that run beyond guarantee.
    """

    def __init__(
        self, state: State, lineup: Lineup, refusals: Refusals, outlook: Outlook, borrowed: Borrowed,
        now: Instant,
    ) -> None:  # fmt: skip
        self.state, self.lineup, self.borrowed, self.now = state, lineup, borrowed, now
        self._refusals, self._outlook = refusals, outlook
        self.allowance = Allowance(state, borrowed, now)
        self.promises = Promises(now, now + state.rules.planning.claim_timeout)
        self._reserved: dict[JobId, Entry] = {}
        self.starts: list[Start] = []
        self.evictions: list[Eviction] = []
        self.touched: dict[Kind, None] = {}
        self.herds: dict[Account, dict[int, list[Active]]] = {}
        self.thinned: set[Account] = set()
        self.lent: dict[tuple[Account, int], Lent] = {}
        self._claimable: dict[Shape, bool] = {}
        self.again = self.hourless = False

    def fit(self, demand: Demand, own: Promise | None = None) -> list[Spot] | None:
        """Where a gang may start now beside the reservations of others, or None."""
        nodes, binding = self.state.nodes, self.promises.around(demand, own)
        if not within(demand.total, spare_beside(binding, nodes.spare) if binding else nodes.spare):
            return None
        view = beside(binding, {})
        self.promises.beside_what_leaves(view, nodes.leaving)
        return place(demand, nodes, view, self.state.values)

    def is_empty(self, spots: list[Spot]) -> bool:
        """Whether a place for a claim is one for a start."""
        there: dict[Row, Vector] = {}
        self.promises.beside_what_leaves(there, self.state.nodes.leaving)
        left = less(there, spots)
        return all(left[row][axis] >= 0 for part, row, _ in spots for axis, _ in part.amounts)

    def may_claim(self, shape: Shape) -> bool:
        """Whether more of a shape may fit on some node once it is vacated; never wrong in saying no."""
        known = self._claimable.get(shape)
        if known is None:
            known = self._claimable[shape] = any(
                _may_fit_more(shape, clear, row.free)
                for row, clear in self.state.nodes.cleared().items() if row.open
            )  # fmt: skip
        return known

    def fit_once_clear(self, demand: Demand, own: Promise | None = None) -> list[Spot] | None:
        """Where a gang may start once all that vacates is gone, beside reservations and claims, or None."""
        nodes = self.state.nodes
        view = beside(self.promises.around_claim(demand, own), nodes.cleared())
        return place(demand, nodes, view, self.state.values)

    def start(self, kind: Kind, job: JobId, spots: list[Spot], demand: Demand, turn: Turn) -> None:
        """A job takes its place."""
        self.lift_of(job)
        self.promises.charge(spots, demand)
        where, guaranteed = placements(spots), turn is Turn.GUARANTEED
        active = self.state.try_start(job, self.now, where, places=places(spots))
        self.touched[kind] = None
        backfill = bool(self.promises)
        self.again = self.again or backfill or not (kind.key.preemptible or guaranteed)
        self.again = self.again or (self.hourless and demand.limit < FOREVER)  # its end may be the hour
        self.starts.append(Start(job, active.attempt, where, guaranteed, backfill))

    def start_under(self, kind: Kind, job: JobId, spots: list[Spot], entry: str) -> None:
        """A job takes its place on what an entry of the calendar keeps."""
        where = placements(spots)
        active = self.state.try_start(job, self.now, where, entry)
        self.touched[kind] = None
        self.starts.append(Start(job, active.attempt, where, guaranteed=False, under=entry))

    def claim(self, kind: Kind, job: JobId, spots: list[Spot], demand: Demand, guaranteed: bool) -> None:
        """A job claims what is being vacated."""
        self.lift_of(job)
        self.promises.charge_claim(spots, demand)
        self.state.try_claim(Claim(job, self.now, placements(spots), guaranteed))
        self.touched[kind] = None
        self._moved([row for _, row, _ in spots], ())

    def evict(self, active: Active, eviction: Eviction) -> None:
        """A running job has to leave."""
        rows = self.state.nodes.rows
        before = {row: list(row.free) for place in active.places if (row := rows.get(place.node)) is not None}
        self.state.try_evict(active, eviction, self.now)
        self.promises.gone(active)
        self.evictions.append(eviction)
        self.thinned.add(self.state.quotas.account(active.job.tenant))
        self._moved(before, [row for row, free in before.items() if row.free != free])

    def unclaim(self, job: JobId) -> None:
        """A claim ends without a start: its job is in line again."""
        where, kind = self.state.claims[job].placements, self.state.claimed[job].kind
        assert kind is not None  # noqa: S101 - queued entries have one
        self.touched[kind] = None
        self.state.try_unclaim(job)
        rows = self.state.nodes.rows
        moved = [rows[placement.node] for placement in where if placement.node in rows]
        self._moved(moved, moved)

    def start_claimed(self, job: JobId) -> None:
        """The place that a job claimed is free: it starts there."""
        claim, kind = self.state.claims[job], self.state.claimed[job].kind
        assert kind is not None  # noqa: S101 - queued entries have one
        self.state.try_unclaim(job)
        active = self.state.try_start(job, self.now, claim.placements)
        self.touched[kind] = None
        self.starts.append(
            Start(job, active.attempt, claim.placements, claim.guaranteed, False, claimed=True)
        )

    def slot(self, job: JobId, demands: Sequence[Demand], guaranteed: bool) -> Slot | None:
        """The earliest place of a blocked job beside the reservations that bind it."""
        others = [p for p in self.promises if p.job != job and (p.guaranteed or not guaranteed)]
        return self._outlook.earliest(job, demands, self.now, others, self.promises.blocks)

    def reserve(
        self, kind: Kind, job: JobId, demands: Sequence[Demand], guaranteed: bool, before: Reservation | None
    ) -> bool:
        """A blocked job takes a reservation, where ends of time limits ever make place for it."""
        slot = self.slot(job, demands, guaranteed)
        if slot is None:
            self.hourless = True
            return False
        promise = Promise.of(job, kind, slot, guaranteed, self._yielded(before, slot.at))
        self._reserved[job] = self.state.queue.entries[job]
        self.state.queue.lend(job)
        self.promises.add(promise)
        self._refusals.promised(self.promises.standing, self.now)
        if guaranteed:
            self.state.quotas.promises.give(kind.account.branch, promise.total)
        return True

    def lift_of(self, job: JobId) -> None:
        """A job's own reservation, if it has one, goes."""
        if (promise := self.promises.of(job)) is not None:
            self._lift(promise)
            self.again = self.again or promise.guaranteed  # others of its branch may be within guarantee now

    def lift(self) -> None:
        """All reservations go: they are worked out anew in every pass."""
        for promise in reversed(tuple(self.promises)):
            self._lift(promise)

    def give_back_reserved(self) -> None:
        """Jobs that hold reservations stand in line again, while the reservations stand on."""
        for entry in self._reserved.values():
            self.state.queue.give_back(entry)
        self._reserved.clear()

    def stands_refused(self, shape: Shape, own: Promise | None) -> bool:
        """Whether a shape is known to find no place now."""
        if not self.promises or own is not None:
            return shape in self._refusals.bare
        return self._refusals.stand(shape)

    def remember(self, shape: Shape, own: Promise | None) -> None:
        """No choice of flavors found a place: beside the reservations, or whatever stands."""
        beside_others = bool(self.promises.binding(shape.longest, own))
        if own is not None and beside_others:
            return
        if self.promises.blocked(shape):
            if not shape.plain or any(self._fit_bare(demand) for demand in shape.demands):
                return
            beside_others = False
        if beside_others and shape.plain and shape not in self._refusals.bare:
            beside_others = any(self._fit_bare(demand) for demand in shape.demands)
        self._refusals.refused(shape, beside_others)

    def _fit_bare(self, demand: Demand) -> list[Spot] | None:
        nodes = self.state.nodes
        if not within(demand.total, nodes.spare):
            return None
        return place(demand, nodes, {}, self.state.values)

    def _lift(self, promise: Promise) -> None:
        self.promises.remove(promise)
        self._refusals.lifted()
        if (entry := self._reserved.pop(promise.job, None)) is not None:
            self.state.queue.give_back(entry)
        if promise.guaranteed:
            self.state.quotas.promises.give(promise.account.branch, promise.total, -1)

    def _moved(self, rows: Iterable[Row], more: Sequence[Row]) -> None:
        self.again = True
        self._claimable.clear()
        self._refusals.moved(rows, more)

    def _yielded(self, before: Reservation | None, at: Instant) -> JobId:
        """To which job within guarantee a reservation gives way, where it comes later than it stood."""
        if before is None or at <= before.at:
            return ""
        nodes = {placement.node for placement in before.placements}
        taken = (
            *((s.job, s.placements) for s in self.starts if s.guaranteed),
            *((c.job, c.placements) for c in self.state.claims.values() if c.guaranteed),
            *((p.job, placements(p.spots)) for p in self.promises if p.guaranteed),
        )
        there = (job for job, where in taken if any(placement.node in nodes for placement in where))
        return next(there, "")


def _may_fit_more(shape: Shape, clear: Vector, free: Vector) -> bool:
    """Whether a node once vacated has more of anything that the shape asks for: starts change nothing of that."""
    return any(clear[axis] > free[axis] for demand in shape.demands for axis, _ in demand.total)
