"""One decision: the filling steps of DESIGN 3.3, tried on the state itself and undone.

Step 2 fills jobs within guarantee, step 4 walks the borrowers, step 6 repeats until nothing changes. With depth 1
one reservation stands: that of the first blocked job in the order of the cycle; those after it are backfill.
"""

from __future__ import annotations

from collections.abc import Sequence
from heapq import heapify, heappop

from dure.model.instants import Instant
from dure.model.plan import Start
from dure.planning.allowance import Allowance
from dure.planning.axes import within
from dure.planning.backfill import beside, charge, outlives, spare_beside
from dure.planning.lines import Turn
from dure.planning.order import Lineup
from dure.planning.placement import Spot, place, placements
from dure.planning.queue import Kind
from dure.planning.refusals import Refusals
from dure.planning.reservation import Outlook, Promise
from dure.planning.shape import Demand, Shape
from dure.planning.sizes import Gap, size_of
from dure.planning.state import State


class Cycle:
    """The trial of one decision. After `run` the state holds its starts, until `undo`."""

    def __init__(
        self, state: State, lineup: Lineup, refusals: Refusals, outlook: Outlook, now: Instant
    ) -> None:
        self._state, self._refusals, self._outlook = state, refusals, outlook
        self.lineup = lineup
        self._now = now
        self._again = False
        self.allowance = Allowance(state, now)
        self.starts: list[Start] = []
        self.emptied: list[Kind] = []
        self.promise: Promise | None = None

    def run(self) -> None:
        """Fill until nothing changes, so that a room to which the plan was applied has no starts."""
        while self._fill():
            pass

    def undo(self) -> None:
        """Leave the state as it was."""
        self._lift()
        self._state.undo_starts()

    def _fill(self) -> bool:
        """One pass; whether another may change anything.

        Without backfill it cannot: all that started did so before anything was blocked, the same job would be
        blocked first again, and what was refused beside its reservation still is.
        """
        self._lift()
        self._again = False
        if self._state.tree.governed:
            self._walk(Turn.GUARANTEED)
        self._walk(Turn.BORROWED)
        return self._again

    def _walk(self, turn: Turn) -> None:
        """Consider the classes in order; once one is blocked and holds the reservation, the rest is backfill."""
        dropped: set[Kind] = set()
        lines = self._state.queue.lines[turn]
        while True:
            while self.promise is None:
                kind = self.lineup.first(lines, turn, dropped)
                if kind is None:
                    return
                if not self._try(kind, turn):
                    dropped.add(kind)
            self._backfill(self._hopeful(turn, dropped), turn)
            if self.promise is not None:
                return

    def _backfill(self, waiting: list[Kind], turn: Turn) -> None:
        """Start what may start beside the reservation, until nothing does or the reserved job itself did."""
        while waiting and self.promise is not None:
            line = self.lineup.heads(waiting, turn)
            heapify(line)
            while line:
                kind = heappop(line)[1]
                if self._try(kind, turn):
                    self._again = True
                    waiting = self._still_hopeful([kind, *(other for _, other in line)])
                    break
            else:
                return

    def _hopeful(self, turn: Turn, dropped: set[Kind]) -> list[Kind]:
        """The classes in line that may find a place beside the reservation.

        Also the one that holds it: it may still have a turn under other flavors.
        """
        promise = self.promise
        assert promise is not None  # noqa: S101 - called where one stands
        stands, bare, own = self._state.queue.lines[turn].stands, self._refusals.bare, promise.kind
        untried = self._refusals.untried(self._state.queue.standing)
        shapes = [shape for shape in untried.fitting(self._gap(promise)) if shape not in bare]
        found = [
            kind for shape in shapes for kind in shape.kinds
            if kind in stands and kind not in dropped and kind is not own
        ]  # fmt: skip
        return [*found, own] if own in stands and own not in dropped else found

    def _still_hopeful(self, waiting: list[Kind]) -> list[Kind]:
        """Those that what has just started does not refuse at a glance."""
        promise = self.promise
        if promise is None:
            return []
        gap = self._gap(promise)
        return [k for k in waiting if k.jobs and (k is promise.kind or not gap.refuses(k.shape))]

    def _gap(self, promise: Promise) -> Gap:
        spare = self._state.nodes.spare
        return Gap(promise.at - self._now, size_of(spare), size_of(spare_beside(promise, spare)))

    def _try(self, kind: Kind, turn: Turn) -> bool:
        demands = self.allowance.demands(kind, turn, self.promise)
        own = self.promise is not None and self.promise.job == kind.first
        if not demands:
            self._keep_out(kind, turn)
            return False
        refused = self._stands_refused(kind.shape, own)
        for demand in () if refused else demands:
            if spots := self._fit(kind, demand, own):
                self._start(kind, spots, turn, own)
                return True
        if not refused and len(demands) == len(kind.shape.demands):
            self._remember(kind.shape, own)
        if self.promise is None:
            self._reserve(kind, demands, turn)
        return False

    def _remember(self, shape: Shape, own: bool) -> None:
        """No choice of flavors found a place: beside the reservation, or whatever stands."""
        promise = self.promise
        beside = promise is not None and not own and outlives(promise, shape.limit, self._now)
        if beside and shape.plain and shape not in self._refusals.bare:
            beside = any(self._fit_bare(demand) for demand in shape.demands)
        self._refusals.refused(shape, beside, self._state.queue.standing)

    def _stands_refused(self, shape: Shape, own: bool) -> bool:
        if self.promise is None or own:
            return shape in self._refusals.bare
        return self._refusals.stand(shape)

    def _keep_out(self, kind: Kind, turn: Turn) -> None:
        """Quota stands in the way: until something is given back, where it is not for the reservation's sake."""
        if self.promise is None and self.allowance.lasting(kind, turn):
            self._state.queue.park(kind, turn)

    def _fit(self, kind: Kind, demand: Demand, own: bool) -> list[Spot] | None:
        state, promise = self._state, self.promise
        if promise is None or own or not outlives(promise, kind.shape.limit, self._now):
            return self._fit_bare(demand)
        if not within(demand.total, spare_beside(promise, state.nodes.spare)):
            return None
        return place(demand, state.nodes, beside(promise), state.values)

    def _fit_bare(self, demand: Demand) -> list[Spot] | None:
        state = self._state
        if not within(demand.total, state.nodes.spare):
            return None
        return place(demand, state.nodes, {}, state.values)

    def _start(self, kind: Kind, spots: list[Spot], turn: Turn, own: bool) -> None:
        if own:
            self._lift()
        state, promise = self._state, self.promise
        if promise is not None and outlives(promise, kind.shape.limit, self._now):
            charge(promise, spots)
        where = placements(spots)
        active = state.try_start(kind.first, self._now, where)
        if not kind.jobs:
            self.emptied.append(kind)
        guaranteed = turn is Turn.GUARANTEED
        self.starts.append(Start(active.job.id, active.attempt, where, guaranteed, promise is not None))

    def _reserve(self, kind: Kind, demands: Sequence[Demand], turn: Turn) -> None:
        slot = self._outlook.earliest(kind.first, demands, self._now)
        if slot is None:
            return
        self.promise = Promise.of(kind, slot, turn is Turn.GUARANTEED)
        self._refusals.promised(self.promise, self._now)
        if self.promise.guaranteed:
            self._state.quotas.promises.give(kind.account.branch, self.promise.total)

    def _lift(self) -> None:
        """The reservation goes: it is worked out anew in every pass."""
        promise, self.promise = self.promise, None
        if promise is not None and promise.guaranteed:
            self._state.quotas.promises.give(promise.account.branch, promise.total, -1)
