"""One decision: the steps of DESIGN 3.3, tried on the state itself and undone (decision 0026).

1. What is in the way of the calendar leaves; its tenants' jobs start on what it keeps. Claims whose place is empty
   start; those that are over end.
2. and 3. Jobs within guarantee, one by one in order: start, claim what vacates, preempt, reclaim, or reserve.
4. Borrowers walk once, in order: what fits and delays no reservation starts; up to `depth` of the others reserve.
5. Borrowers that did not start preempt others, where policy and fairness let them.
6. All again until nothing changes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dure.model.instants import Instant
from dure.model.job import JobId
from dure.planning import claims, entries, preemption, within_tenant
from dure.planning.backfill import spare_beside
from dure.planning.lines import Lines, Turn
from dure.planning.order import Lineup
from dure.planning.placement import Spot, fits_when_empty
from dure.planning.queue import Kind
from dure.planning.reclaim import reclaim
from dure.planning.refusals import Refusals
from dure.planning.reservation import Outlook
from dure.planning.shape import FOREVER, Demand
from dure.planning.sizes import Gap, size_of
from dure.planning.state import State
from dure.planning.trial import Trial
from dure.planning.victims import Seeker


class Cycle:
    """The trial of one decision. After `run` the state holds its starts, evictions and claims, until `undo`."""

    def __init__(
        self, state: State, lineup: Lineup, refusals: Refusals, outlook: Outlook, now: Instant
    ) -> None:
        self._state, self._refusals, self._now = state, refusals, now
        self.lineup = lineup
        self.trial = Trial(state, lineup, refusals, outlook, now)
        self.allowance = self.trial.allowance
        self._before = {reservation.job: reservation for reservation in state.reservations}
        self._sticky = [(reservation.job, reservation.guaranteed) for reservation in state.reservations]

    def run(self) -> None:
        """Pass after pass until one changes nothing, so that a room to which the plan was applied has no starts."""
        entries.clear(self.trial)
        claims.settle(self.trial)
        while self._pass():
            pass
        self.trial.give_back_reserved()

    def undo(self) -> None:
        """Leave the state as it was."""
        self.trial.lift()
        self._state.undo()

    def _pass(self) -> bool:
        """One pass; whether another may change anything.

        Without backfill and evictions it cannot: all that started did so before anything was blocked, the same job
        would be blocked first again, and what was refused beside its reservation still is.
        """
        trial = self.trial
        trial.lift()
        trial.again = False
        entries.serve(trial)
        if self._state.tree.governed:
            self._within_guarantee()
        self._borrowers()
        if preemption.allowed(trial):
            self._between_borrowers()
        self._sticky = [(promise.job, promise.guaranteed) for promise in trial.promises]
        return trial.again

    def _within_guarantee(self) -> None:
        """Steps 2 and 3."""
        for kind, job in self._stuck(guaranteed=True):
            self._serve(kind, job, Turn.GUARANTEED, may_reserve=True)
        self._walk(Turn.GUARANTEED)

    def _borrowers(self) -> None:
        """Step 4."""
        for promise in tuple(self.trial.promises):
            if len(promise.kind.shape.demands) > 1:
                with self.trial.promises.aside(promise):
                    self._serve(promise.kind, promise.job, Turn.BORROWED, may_reserve=False)
        for kind, job in self._stuck(guaranteed=False) if self._state.rules.planning.backfill else ():
            self._serve(kind, job, Turn.BORROWED, self._may_reserve())
        self._walk(Turn.BORROWED)

    def _stuck(self, guaranteed: bool) -> Iterator[tuple[Kind, JobId]]:
        """Jobs whose reservations stood before, which still wait and may have a turn."""
        for job, of_guarantee in self._sticky:
            entry = self._state.queue.entries.get(job)
            kind = entry.kind if entry is not None else None
            if kind is not None and of_guarantee is guaranteed and kind in kind.shape.kinds:
                yield kind, job

    def _may_reserve(self) -> bool:
        depth = self._state.rules.planning.depth
        return depth is None or sum(not promise.guaranteed for promise in self.trial.promises) < depth

    def _walk(self, turn: Turn) -> None:
        """Consider the classes in order; once no more may reserve, the rest is backfill."""
        dropped: set[Kind] = set()
        lines, backfill = self._state.queue.lines[turn], self._state.rules.planning.backfill
        while turn is Turn.GUARANTEED or not backfill or self._may_reserve():
            kind = self.lineup.first(lines, turn, dropped)
            if kind is None:
                return
            if not self._serve(kind, kind.first, turn, may_reserve=backfill or turn is Turn.GUARANTEED):
                dropped.add(kind)
                if turn is Turn.BORROWED and self._stops_all(kind):
                    return
        self._backfill(lines.among(self._hopeful(turn, dropped)), turn)

    def _stops_all(self, kind: Kind) -> bool:
        """Under strict order whom place alone refused stops all after it; what its own quota keeps back nobody."""
        state = self._state
        if state.rules.planning.backfill:
            return False
        allowed = self.allowance.demands(kind, Turn.BORROWED, self.trial.promises)
        return any(fits_when_empty(demand, state.nodes, state.values) for demand in allowed)

    def _backfill(self, line: Lines, turn: Turn) -> None:
        """Start what may start beside the reservations, until nothing does."""
        gap = self._gap()
        while kind := self.lineup.first(line, turn, ()):
            if self._is_hopeless(kind, gap) or not self._serve(kind, kind.first, turn, may_reserve=False):
                line.leave(kind)
            else:
                self.trial.again = True
                line.moved(kind)
                gap = self._gap()

    def _hopeful(self, turn: Turn, dropped: set[Kind]) -> list[Kind]:
        """The classes in line that may find a place beside the reservations."""
        stands, bare = self._state.queue.lines[turn].stands, self._refusals.bare
        standing = self._state.queue.standing
        untried = self._refusals.untried(standing) if self.trial.promises else standing
        gap = self._gap()
        shapes = dict.fromkeys(shape for shape in untried.fitting(gap) if shape not in bare)
        if self._state.nodes.leaving:
            shapes |= dict.fromkeys(shape for shape in standing if self.trial.may_claim(shape))
        if within_tenant.allowed(self.trial) and any(within_tenant.hopeful(self.trial, k) for k in stands):
            return [
                kind for kind in stands if kind not in dropped
            ]  # whoever leaves may leave something to anyone
        return [kind for shape in shapes for kind in shape.kinds if kind in stands and kind not in dropped]

    def _is_hopeless(self, kind: Kind, gap: Gap) -> bool:
        """Whether what has started meanwhile refuses a class at a glance."""
        trial = self.trial
        return (
            gap.refuses(kind.shape)
            and not (self._state.nodes.leaving and trial.may_claim(kind.shape))
            and not (within_tenant.allowed(trial) and within_tenant.hopeful(trial, kind))
        )

    def _gap(self) -> Gap:
        spare, promises = self._state.nodes.spare, self.trial.promises
        if not promises:
            return Gap(FOREVER, size_of(spare), size_of(spare))
        first = min(promises, key=lambda promise: promise.at)
        return Gap(first.at - self._now, size_of(spare), size_of(spare_beside((first,), spare)))

    def _serve(self, kind: Kind, job: JobId, turn: Turn, may_reserve: bool) -> bool:
        """What a job gets in its turn; whether it got anything."""
        trial = self.trial
        own = trial.promises.of(job)
        demands = self.allowance.demands(kind, turn, trial.promises, own)
        if not demands:
            served = self._make_room_in_quota(kind, job, turn)
            if not served:
                self._keep_out(kind, turn)
            return served
        lent = self.allowance.lent(kind, turn, demands)
        if self._start(kind, job, lent, turn, whole=len(lent) == len(kind.shape.demands)):
            return True
        if self._claim(kind, job, demands, turn):
            return True
        wanted = self.allowance.promised(kind, own) if turn is Turn.GUARANTEED else kind.shape.demands
        if self._displace(kind, job, wanted):
            return True
        if turn is Turn.GUARANTEED and self._reclaim(kind, job, wanted):
            return True
        if not may_reserve:
            return False
        guaranteed = turn is Turn.GUARANTEED
        return trial.reserve(kind, job, demands, guaranteed, self._before.get(job))

    def _start(self, kind: Kind, job: JobId, demands: Sequence[Demand], turn: Turn, whole: bool) -> bool:
        trial, own = self.trial, self.trial.promises.of(job)
        if trial.stands_refused(kind.shape, own):
            return False
        for demand in demands:
            if spots := trial.fit(demand, own):
                trial.start(kind, job, spots, demand, turn)
                return True
        if whole:
            trial.remember(kind.shape, own)
        return False

    def _claim(self, kind: Kind, job: JobId, demands: Sequence[Demand], turn: Turn) -> bool:
        """Where it fits once what vacates is gone, it claims that place, and nobody more has to leave."""
        trial, own = self.trial, self.trial.promises.of(job)
        if not self._state.nodes.leaving or not trial.may_claim(kind.shape):
            return False
        for demand in self.allowance.lent(kind, turn, demands, self._cleared_spare()):
            if spots := trial.fit_once_clear(demand, own):
                trial.claim(kind, job, spots, demand, turn is Turn.GUARANTEED)
                return True
        return False

    def _displace(self, kind: Kind, job: JobId, demands: Sequence[Demand]) -> bool:
        """Preemption inside the tenant."""
        if not within_tenant.allowed(self.trial) or not within_tenant.hopeful(self.trial, kind):
            return False
        for demand in demands:
            seeker = Seeker(job, kind.account, demand, self.trial.promises.of(job))
            if spots := within_tenant.displace(self.trial, kind, seeker):
                self._settle(kind, seeker, spots)
                return True
        return False

    def _make_room_in_quota(self, kind: Kind, job: JobId, turn: Turn) -> bool:
        """Quota refuses a job: its tenant's lower priorities, or others below a common limit, may leave for it."""
        if turn is Turn.BORROWED:
            return self._displace(kind, job, kind.shape.demands)
        return kind.account.limited and self._reclaim(
            kind, job, self.allowance.promised(kind, self.trial.promises.of(job))
        )

    def _reclaim(self, kind: Kind, job: JobId, demands: Sequence[Demand]) -> bool:
        for demand in demands:
            seeker = Seeker(job, kind.account, demand, self.trial.promises.of(job))
            if spots := reclaim(self.trial, kind, seeker):
                self._settle(kind, seeker, spots)
                return True
        return False

    def _between_borrowers(self) -> None:
        """Step 5: first those that hold a reservation, then the others in order."""
        fairness = preemption.Fairness(self.trial)
        for promise in tuple(self.trial.promises):
            if not promise.guaranteed:
                with self.trial.promises.aside(promise):
                    self._preempt(promise.kind, promise.job, fairness)
        lines = self._state.queue.lines[Turn.BORROWED]
        accounts = dict.fromkeys(kind.account for kind in lines.stands)
        strict = not self._state.rules.planning.backfill
        behind = {account for account in accounts if strict or fairness.behind(account)}
        line = lines.among(kind for kind in lines.stands if kind.account in behind)
        while kind := self.lineup.first(line, Turn.BORROWED, ()):
            if self._preempt(kind, kind.first, fairness):
                line.moved(kind)
            elif self._stops_all(kind):
                return
            else:
                line.leave(kind)

    def _preempt(self, kind: Kind, job: JobId, fairness: preemption.Fairness) -> bool:
        trial, own = self.trial, self.trial.promises.of(job)
        for demand in self.allowance.demands(kind, Turn.BORROWED, trial.promises, own):
            seeker = Seeker(job, kind.account, demand, own)
            same = preemption.same_answer(trial, seeker)
            if same in fairness.refused:
                continue
            if spots := preemption.displace(trial, seeker, fairness):
                fairness.refused.clear()
                self._settle(kind, seeker, spots)
                return True
            fairness.refused.add(same)
        return False

    def _settle(self, kind: Kind, seeker: Seeker, spots: list[Spot]) -> None:
        """What was vacated for a job is claimed; where quota alone stood in its way, it starts."""
        guaranteed = self.allowance.within(kind, seeker.demand, seeker.own)
        if at_once := self.trial.fit(seeker.demand, seeker.own):
            turn = Turn.GUARANTEED if guaranteed else Turn.BORROWED
            self.trial.start(kind, seeker.job, at_once, seeker.demand, turn)
            return
        self.trial.claim(kind, seeker.job, spots, seeker.demand, guaranteed)

    def _cleared_spare(self) -> list[int]:
        nodes = self._state.nodes
        spare = list(nodes.spare)
        for row, clear in nodes.cleared().items():
            if row.open:
                for axis, amount in enumerate(clear):
                    spare[axis] += max(0, amount) - max(0, row.free[axis])
        return spare

    def _keep_out(self, kind: Kind, turn: Turn) -> None:
        """Quota stands in the way: until something is given back, where it is not for a reservation's sake."""
        if not self.trial.promises and kind.jobs and self.allowance.lasting(kind, turn):
            self._state.queue.park(kind, turn)
