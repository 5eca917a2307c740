"""Preemption between borrowers (DESIGN 3.3, step 5): fair, and without loops.

Scores of current holdings only, at the two siblings below the lowest common ancestor, after all evictions of the
decision and before any filling: the preemptor's after must be strictly below the victim's after.

Why it cannot loop (flat tree): among the preemptions of a supposed loop take the one with the lowest score-after m,
by tenant R. To come back, R must be evicted to a score at or below its score before, which is at most m; its
evictor's score-after is at least m and must be strictly lower than that. Contradiction, under any filling. In trees
with reclaim a branch also shrinks from inside and this does not cover it; there a search over arbitrary starting
allocations hunts for loops (tests/planning, bench/loops.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeAlias

from dure.model.plan import Rule
from dure.model.rules import BetweenBorrowers
from dure.planning.axes import Amounts, Vector, add
from dure.planning.clearing import Clearing
from dure.planning.placement import Spot
from dure.planning.quota import Account
from dure.planning.reclaim import above_guarantee, chain, rounds
from dure.planning.running import Active
from dure.planning.score import NONE, above, parts, share, whole
from dure.planning.state import State
from dure.planning.trial import Trial
from dure.planning.victims import BySlack, Herd, Seeker, borrowers, preempt

Sides: TypeAlias = tuple[Account, Account]
"""The preemptor's and the victim's side of a preemption: the siblings below their lowest common ancestor."""


def allowed(trial: Trial) -> bool:
    """Whether policy lets borrowers preempt one another."""
    return trial.state.rules.planning.between_borrowers is BetweenBorrowers.FAIR


def displace(trial: Trial, seeker: Seeker, fairness: Fairness) -> list[Spot] | None:
    """Evict other borrowers for a borrower, and say where it goes; None where fairness or place forbid it."""
    hopeful = fairness.hopeful(seeker)
    if not hopeful:
        return None
    binding = trial.promises.around_claim(seeker.demand, seeker.own)
    clearing = Clearing(trial.state, seeker.demand, binding)
    rules = _Rules(trial, seeker, clearing, fairness)
    able = rules.able(other for other in fairness.rounds(seeker.account)[-1] if other in hopeful)
    if not clearing.may_fit(active for jobs in able.values() for active in jobs):
        return None
    tried = 0
    for accounts in fairness.rounds(seeker.account):
        herds = [Herd(other, able[other], len(able[other])) for other in accounts if other in able]
        if len(herds) == tried:
            continue  # a round includes the nearer ones: these are the same
        rules.sides, tried = [], len(herds)
        candidates = BySlack(trial, herds, rules.allowed)
        if spots := preempt(trial, seeker, clearing, candidates, Rule.BETWEEN_BORROWERS):
            fairness.settle(trial, seeker)
            return spots
    return None


def same_answer(trial: Trial, seeker: Seeker) -> tuple[object, ...]:
    """What decides whether a seeker finds victims: whose it is, what it asks for, and what binds it."""
    binding = trial.promises.around_claim(seeker.demand, seeker.own)
    asked = tuple((part.gpu_axis, part.amounts, part.count) for part in seeker.demand.parts)
    return seeker.account, asked, tuple(binding)


def sides(preemptor: Account, victim: Account) -> Sides:
    """The two siblings below the lowest common ancestor."""
    return tuple(chain(preemptor, victim))[-1], tuple(chain(victim, preemptor))[-1]


def strictly_fairer(preemptor_after: float, victim_after: float) -> bool:
    """The rule that keeps preemptions from coming back."""
    return preemptor_after < victim_after


class Fairness:
    """Scores as they would be before this decision's filling, and the preemptions that were accepted in it.

    `refused` are answers (`same_answer`) that stand until something moves.
    """

    def __init__(self, trial: Trial) -> None:
        state = trial.state
        self._state, self._room = state, whole(state.nodes.capacity, state.values)
        self._fresh: dict[Account, Vector] = {}
        self._scores: dict[tuple[Account, Amounts], tuple[int, float]] = {}
        self._rivals: dict[Account, dict[Sides, list[Account]]] = {}
        self._rounds: dict[Account, list[list[Account]]] = {}
        self.accepted: list[Sides] = []
        self.refused: set[tuple[object, ...]] = set()
        for active in state.active.jobs.values():
            if active.vacating is None and active.since == trial.now:
                self._count_fresh(active)
        self._recall(trial)

    def score(self, account: Account, more: Amounts = ()) -> float:
        """Share of the room above guarantee by current holdings only, by weight; `more` is held too."""
        known = self._scores.get((account, more))
        if known is None or known[0] != account.version:
            known = self._scores[account, more] = (account.version, self._worked_out(account, more))
        return known[1]

    def rounds(self, account: Account) -> list[list[Account]]:
        """Other tenants with running jobs, from the nearest outward, but those above or below the own one."""
        if account not in self._rounds:
            self._rounds[account] = _rounds(self._state, account)
        return self._rounds[account]

    def hopeful(self, seeker: Seeker) -> set[Account]:
        """Those of whom anything may have to leave, by scores before any of it does."""
        after = {mine: self.score(mine, seeker.demand.total) for mine, _ in self._rivals_of(seeker.account)}
        return {
            other
            for (mine, theirs), others in self._rivals_of(seeker.account).items()
            if strictly_fairer(after[mine], self.score(theirs))
            for other in others
        }

    def behind(self, account: Account) -> bool:
        """Whether anybody else is ahead of a tenant, so that it might preempt if it asked for little."""
        return any(
            strictly_fairer(self.score(mine), self.score(theirs)) for mine, theirs in self._rivals_of(account)
        )

    def holds(self, seeker: Seeker, also: Sequence[Sides]) -> bool:
        """Whether every preemption accepted, and these of the seeker, is fair as the room now is."""
        return all(
            strictly_fairer(self._after(mine, seeker), self._after(theirs, seeker))
            for mine, theirs in (*self.accepted, *also)
        )

    def settle(self, trial: Trial, seeker: Seeker) -> None:
        """The seeker's evictions were made."""
        tenants = {
            active.job.tenant
            for active in trial.state.active.vacating.values()
            if active.vacating is not None and active.vacating.by == seeker.job
        }
        accounts = (trial.state.quotas.account(tenant) for tenant in sorted(tenants))
        self.accepted += (sides(seeker.account, other) for other in accounts if other is not seeker.account)

    def _after(self, account: Account, seeker: Seeker) -> float:
        more = seeker.demand.total if account in seeker.account.path else ()
        return self.score(account, more)

    def _rivals_of(self, account: Account) -> dict[Sides, list[Account]]:
        rivals = self._rivals.get(account)
        if rivals is None:
            rivals = self._rivals[account] = {}
            for other in next(iter(self.rounds(account)[-1:]), []):
                rivals.setdefault(sides(account, other), []).append(other)
        return rivals

    def _worked_out(self, account: Account, more: Amounts) -> float:
        held = list(account.held)
        for axis, amount in enumerate(self._fresh.get(account, ())):
            held[axis] -= amount
        add(held, more)
        current = parts(above(held, account.branch.promised, self._state.values), self._room)
        return share(current, NONE, 0.0) / account.branch.weight

    def _count_fresh(self, active: Active) -> None:
        for over in self._state.quotas.account(active.job.tenant).path:
            add(self._fresh.setdefault(over, self._state.axes.zeros()), active.held)

    def _recall(self, trial: Trial) -> None:
        """Preemptions of this instant that were carried out already."""
        state, pairs = trial.state, dict[Sides, None]()
        for active in state.active.vacating.values():
            eviction = active.vacating
            if eviction is None or active.vacating_since != trial.now:
                continue
            if eviction.rule is Rule.BETWEEN_BORROWERS and eviction.by in state.claims:
                mine = state.quotas.account(state.claimed[eviction.by].job.tenant)
                theirs = state.quotas.account(active.job.tenant)
                if mine is not theirs:
                    pairs[sides(mine, theirs)] = None
        self.accepted += pairs


class _Rules:
    """Which running borrowers may have to leave for a borrower."""

    def __init__(self, trial: Trial, seeker: Seeker, clearing: Clearing, fairness: Fairness) -> None:
        self._trial, self._seeker, self._clearing, self._fairness = trial, seeker, clearing, fairness
        self._lacking = clearing.lacking()
        self._chains: dict[Account, tuple[Account, ...]] = {}
        self.sides: list[Sides] = []

    def able(self, accounts: Iterable[Account]) -> dict[Account, list[Active]]:
        """Who may have to leave while nobody else does, fairness apart: whoever leaves only makes it fewer."""
        able: dict[Account, list[Active]] = {}
        for other in accounts:
            if self._may_have(other):
                jobs = borrowers(self._trial, other, self._lacking).jobs
                if there := [one for one in jobs if self._spent(one) and self._above_guarantee(other, one)]:
                    able[other] = there
        return able

    def allowed(self, other: Account, active: Active) -> bool:
        """Whether a running job may have to leave, as the room now is."""
        if not self._spent(active) or not self._above_guarantee(other, active):
            return False
        pair = sides(self._seeker.account, other)
        if not self._fair_without(active, pair):
            return False
        self.sides.append(pair)
        return True

    def _spent(self, active: Active) -> bool:
        """Min runtime and eviction budget bind only here."""
        planning = self._trial.state.rules.planning
        ran = self._trial.now - active.began >= planning.min_runtime
        return ran and (planning.eviction_budget is None or active.evictions < planning.eviction_budget)

    def _above_guarantee(self, other: Account, active: Active) -> bool:
        state = self._trial.state
        useful = self._clearing.useful(active, self._lacking)
        if not useful or not state.tree.governed:
            return bool(useful)
        overflow = state.quotas.promises.overflow
        return all(
            overflow(over.branch, axis) >= amount for over in self._chain(other) for axis, amount in useful
        )

    def _may_have(self, other: Account) -> bool:
        """Whether everybody between the tenant and the common ancestor is above guarantee on what is lacking."""
        state = self._trial.state
        return not state.tree.governed or all(
            above_guarantee(state.quotas.promises, (over,), self._lacking) for over in self._chain(other)
        )

    def _chain(self, other: Account) -> tuple[Account, ...]:
        found = self._chains.get(other)
        if found is None:
            found = self._chains[other] = tuple(chain(other, self._seeker.account))
        return found

    def _fair_without(self, active: Active, pair: Sides) -> bool:
        quotas, job = self._trial.state.quotas, active.job
        account = quotas.account(job.tenant)
        with_it = [(place.amounts, place.left) for place in active.places if place.left]
        for amounts, left in with_it:
            quotas.hold(account, job.user, amounts, -left)
        fair = self._fairness.holds(self._seeker, (*self.sides, pair))
        for amounts, left in with_it:
            quotas.hold(account, job.user, amounts, left)
        return fair


def _rounds(state: State, account: Account) -> list[list[Account]]:
    """As for a reclaim, but without tenants above or below the own one: between those there is no fair side."""
    apart = [
        [other for other in accounts if other not in account.path and account not in other.path]
        for accounts in rounds(state, account)
    ]
    return [accounts for accounts in apart if accounts]
