"""One decision: the filling steps of DESIGN 3.3, tried on the state itself and undone.

Step 2 fills jobs within guarantee, step 4 walks the borrowers, step 6 repeats until nothing changes. With depth 1
one reservation stands: that of the first blocked job in the order of the cycle; those after it are backfill.
"""

from __future__ import annotations

from collections.abc import Sequence

from dure.model.instants import Instant
from dure.model.plan import Start, Verdict
from dure.planning.axes import Amounts, Vector, within
from dure.planning.backfill import beside, charge, outlives, spare_beside
from dure.planning.order import Lineup, Turn
from dure.planning.placement import Spot, place, placements
from dure.planning.preemptible import beyond, kept_from_all
from dure.planning.queue import Kind
from dure.planning.quota import over_limit
from dure.planning.reservation import Promise, earliest
from dure.planning.shape import Demand
from dure.planning.standing import Standing
from dure.planning.state import State
from dure.planning.verdicts import no_place_verdict, not_preemptible_verdict, over_limit_verdict


class Cycle:
    """The trial of one decision. After `run` the state holds its starts, until `undo`."""

    def __init__(self, state: State, standing: Standing, now: Instant) -> None:
        self._state, self._now = state, now
        self._lineup = Lineup(standing, state.fair)
        self.starts: list[Start] = []
        self.promise: Promise | None = None
        self._kept: tuple[int, Vector] | None = None

    def run(self) -> None:
        """Fill until nothing changes: the last pass starts nothing, so its reservation is the plan's."""
        while self._fill():
            pass

    def undo(self) -> None:
        """Leave the state as it was."""
        self._lift()
        self._state.undo_starts()

    def _fill(self) -> bool:
        self._lift()
        before = len(self.starts)
        if self._state.tree.governed:
            self._walk(Turn.GUARANTEED)
        self._walk(Turn.BORROWED)
        return len(self.starts) > before

    def _walk(self, turn: Turn) -> None:
        waiting = [kind for kind in self._state.queue.kinds.values() if kind.verdict is None and kind.jobs]
        while waiting:
            waiting.sort(key=lambda kind: self._lineup.key(kind, turn), reverse=True)
            while waiting:
                kind = waiting.pop()
                if self._try(kind, turn):
                    if kind.jobs:
                        waiting.append(kind)
                    break

    def _try(self, kind: Kind, turn: Turn) -> bool:
        demands = self.allowed(kind, turn)
        own = self.promise is not None and self.promise.job == kind.first
        for demand in demands:
            if spots := self._fit(kind, demand):
                if own:
                    self._lift()
                self._start(kind, spots, turn)
                return True
        if demands and self.promise is None:
            self._reserve(kind, demands, turn)
        return False

    def allowed(self, kind: Kind, turn: Turn) -> list[Demand]:
        """The choices of flavors that quota allows in this turn, best first."""
        state = self._state
        fitting = [d for d in kind.shape.demands if self._is_turn(kind, d, turn) and self._in_limit(kind, d)]
        if turn is Turn.GUARANTEED or kind.key.preemptible:
            return fitting
        return [d for d in fitting if not beyond(state, self.kept(), d.total, self._kept_for(kind))]

    def kept(self) -> Vector:
        """What cannot be taken back, at this moment of the decision."""
        version = self._state.active.version
        if self._kept is None or self._kept[0] != version:
            self._kept = (version, kept_from_all(self._state))
        return self._kept[1]

    def verdict(self, kind: Kind) -> Verdict:
        """Why the class's jobs do not start, now that the decision is made."""
        if kind.verdict is not None:
            return kind.verdict
        fitting = [d for d in kind.shape.demands if not any(over_limit(kind.account, d.total))]
        if not fitting:
            return over_limit_verdict(self._state, kind)
        if kind.key.preemptible or any(self._may_keep(kind, demand) for demand in fitting):
            return no_place_verdict(kind)
        return not_preemptible_verdict(self._state, kind)

    def _may_keep(self, kind: Kind, demand: Demand) -> bool:
        within_it = self._state.quotas.promises.within(kind.account.branch, demand.total)
        return within_it or not beyond(self._state, self.kept(), demand.total)

    def _is_turn(self, kind: Kind, demand: Demand, turn: Turn) -> bool:
        if not self._state.tree.governed:
            return turn is Turn.BORROWED
        within = self._state.quotas.promises.within(kind.account.branch, demand.total)
        return within is (turn is Turn.GUARANTEED)

    def _in_limit(self, kind: Kind, demand: Demand) -> bool:
        promise = self.promise
        if promise is None or not self._delays(promise, kind):
            return not any(over_limit(kind.account, demand.total))
        return not any(over_limit(kind.account, demand.total, promise.account, promise.total))

    def _kept_for(self, kind: Kind) -> Amounts:
        """What the reserved job will take of what guarantees leave over, where this one still runs then."""
        promise = self.promise
        if promise is None or promise.guaranteed or promise.preemptible or not self._delays(promise, kind):
            return ()
        return promise.total

    def _delays(self, promise: Promise, kind: Kind) -> bool:
        """Whether the class's oldest job could stand in the reserved job's way."""
        return promise.job != kind.first and outlives(promise, kind.shape.limit, self._now)

    def _fit(self, kind: Kind, demand: Demand) -> list[Spot] | None:
        state, promise = self._state, self.promise
        spare = state.nodes.spare
        if not within(demand.total, spare):
            return None
        if promise is None or not self._delays(promise, kind):
            return place(demand, state.nodes, {}, state.values)
        if not within(demand.total, spare_beside(promise, spare)):
            return None
        return place(demand, state.nodes, beside(promise), state.values)

    def _start(self, kind: Kind, spots: list[Spot], turn: Turn) -> None:
        state, promise = self._state, self.promise
        if promise is not None and outlives(promise, kind.shape.limit, self._now):
            charge(promise, spots)
        where = placements(spots)
        active = state.try_start(kind.first, self._now, where)
        guaranteed = turn is Turn.GUARANTEED
        self.starts.append(Start(active.job.id, active.attempt, where, guaranteed, promise is not None))

    def _reserve(self, kind: Kind, demands: Sequence[Demand], turn: Turn) -> None:
        slot = earliest(self._state, demands, self._now)
        if slot is None:
            return
        total, guaranteed = slot.demand.total, turn is Turn.GUARANTEED
        self.promise = Promise(
            kind.first, kind.account, total, guaranteed, kind.key.preemptible, slot.at, slot.spots, slot.extra
        )  # fmt: skip
        if guaranteed:
            self._state.quotas.promises.give(kind.account.branch, total)

    def _lift(self) -> None:
        """The reservation goes: it is worked out anew in every pass."""
        promise, self.promise = self.promise, None
        if promise is not None and promise.guaranteed:
            self._state.quotas.promises.give(promise.account.branch, promise.total, -1)
