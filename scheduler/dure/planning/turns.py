"""Turns: what one job gets when its turn comes, in the order of decision 0026.

It starts; or it claims what vacates anyway; or it preempts inside its tenant; or, within guarantee, it reclaims; or
it takes a reservation.
"""

from __future__ import annotations

from collections.abc import Sequence

from dure.model.job import JobId
from dure.planning import preemption, within_tenant
from dure.planning.lines import Turn
from dure.planning.placement import Spot
from dure.planning.queue import Kind
from dure.planning.quota import Account
from dure.planning.reclaim import reclaim
from dure.planning.shape import Demand
from dure.planning.trial import Trial
from dure.planning.victims import Seeker


class Turns:
    """The turns of one decision, on the state under trial. `kept_out` are whom quota refused, see `relieved`."""

    def __init__(self, trial: Trial) -> None:
        self._trial, self._state = trial, trial.state
        self.kept_out: set[Kind] = set()
        self._before = {reservation.job: reservation for reservation in trial.state.reservations}

    def serve(self, kind: Kind, job: JobId, turn: Turn, may_reserve: bool) -> bool:
        """What a job gets in its turn; whether it got anything."""
        trial = self._trial
        own = trial.promises.of(job)
        demands = self._trial.allowance.demands(kind, turn, trial.promises, own)
        if not demands:
            served = self._make_room_in_quota(kind, job, turn)
            if not served:
                self._keep_out(kind, turn)
            return served
        lent = self._trial.allowance.lent(kind, turn, demands)
        if self._start(kind, job, lent, turn, whole=len(lent) == len(kind.shape.demands)):
            return True
        if self._claim(kind, job, demands, lent, turn):
            return True
        wanted = self._trial.allowance.promised(kind, own) if turn is Turn.GUARANTEED else kind.shape.demands
        if self._displace(kind, job, wanted):
            return True
        if turn is Turn.GUARANTEED and self._reclaim(kind, job, wanted):
            return True
        if not may_reserve:
            return False
        guaranteed = turn is Turn.GUARANTEED
        return trial.reserve(kind, job, demands, guaranteed, self._before.get(job))

    def preempt(self, kind: Kind, job: JobId, fairness: preemption.Fairness) -> bool:
        """Preemption between borrowers; whether the job got a place by it."""
        trial, own = self._trial, self._trial.promises.of(job)
        demands = self._trial.allowance.demands(kind, Turn.BORROWED, trial.promises, own)
        if not demands:
            self.kept_out.add(kind)
        for demand in demands:
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

    def relieved(self, turn: Turn, evicted: int) -> set[Kind]:
        """Whom quota refused in this walk, but not now that more are evicted: they have another turn in it."""
        if len(self._trial.evictions) == evicted:
            return set()
        allowance, promises = self._trial.allowance, self._trial.promises
        if turn is Turn.GUARANTEED:
            freer = self._freer(evicted)
            relieved = {k for k in self.kept_out if k.account.judged in freer and allowance.promised(k)}
        else:
            relieved = {kind for kind in self.kept_out if allowance.demands(kind, turn, promises)}
        self.kept_out -= relieved
        return relieved

    def _freer(self, evicted: int) -> set[Account]:
        """Whose use of guarantees shrank by what was evicted since."""
        jobs, quotas = self._state.active.jobs, self._state.quotas
        tenants = {jobs[eviction.job].job.tenant for eviction in self._trial.evictions[evicted:]}
        return {account for tenant in tenants for account in quotas.account(tenant).path}

    def _start(self, kind: Kind, job: JobId, demands: Sequence[Demand], turn: Turn, whole: bool) -> bool:
        trial, own = self._trial, self._trial.promises.of(job)
        if trial.stands_refused(kind.shape, own):
            return False
        for demand in demands:
            if spots := trial.fit(demand, own):
                trial.start(kind, job, spots, demand, turn)
                return True
        if whole:
            trial.remember(kind.shape, own)
        return False

    def _claim(
        self, kind: Kind, job: JobId, demands: Sequence[Demand], lent: Sequence[Demand], turn: Turn
    ) -> bool:
        """Where it fits once what vacates is gone, it claims that place, and nobody more has to leave.

        Nothing is claimed that is empty: there it starts, or waits for what others keep back.
        """
        trial, own = self._trial, self._trial.promises.of(job)
        if not self._state.nodes.leaving or not trial.may_claim(kind.shape):
            return False
        for demand in self._trial.allowance.lent(kind, turn, demands, self._cleared_spare()):
            spots = trial.fit_once_clear(demand, own)
            empty = spots is not None and trial.is_empty(spots)
            if spots and not empty:
                trial.claim(kind, job, spots, demand, turn is Turn.GUARANTEED)
                return True
            if spots and demand in lent:
                trial.start(kind, job, spots, demand, turn)
                return True
        return False

    def _displace(self, kind: Kind, job: JobId, demands: Sequence[Demand]) -> bool:
        """Preemption inside the tenant."""
        if not within_tenant.allowed(self._trial) or not within_tenant.hopeful(self._trial, kind):
            return False
        for demand in demands:
            seeker = Seeker(job, kind.account, demand, self._trial.promises.of(job))
            if spots := within_tenant.displace(self._trial, kind, seeker):
                self._settle(kind, seeker, spots)
                return True
        return False

    def _make_room_in_quota(self, kind: Kind, job: JobId, turn: Turn) -> bool:
        """Quota refuses a job: its tenant's lower priorities, or others below a common limit, may leave for it."""
        if turn is Turn.BORROWED:
            return self._displace(kind, job, kind.shape.demands)
        return kind.account.limited and self._reclaim(
            kind, job, self._trial.allowance.promised(kind, self._trial.promises.of(job))
        )

    def _reclaim(self, kind: Kind, job: JobId, demands: Sequence[Demand]) -> bool:
        for demand in demands:
            seeker = Seeker(job, kind.account, demand, self._trial.promises.of(job))
            if spots := reclaim(self._trial, kind, seeker):
                self._settle(kind, seeker, spots)
                return True
        return False

    def _settle(self, kind: Kind, seeker: Seeker, spots: list[Spot]) -> None:
        """What was vacated for a job is claimed; where quota alone stood in its way, it starts."""
        guaranteed = self._trial.allowance.within(kind, seeker.demand, seeker.own)
        empty = spots if self._trial.is_empty(spots) else None
        if at_once := self._trial.fit(seeker.demand, seeker.own) or empty:
            turn = Turn.GUARANTEED if guaranteed else Turn.BORROWED
            self._trial.start(kind, seeker.job, at_once, seeker.demand, turn)
            return
        self._trial.claim(kind, seeker.job, spots, seeker.demand, guaranteed)

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
        if not self._trial.allowance.lasting(kind, turn):
            return
        self.kept_out.add(kind)
        if not self._trial.promises and kind.jobs:
            self._state.queue.park(kind, turn)
