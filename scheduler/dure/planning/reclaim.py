"""Reclaim: a job within guarantee that does not fit takes back what others borrowed (DESIGN 3.3, step 3).

Victims run beyond guarantee, as whole jobs (DESIGN 3.1): so nobody who got its place by reclaim is a victim of one,
and reclaims cannot go in circles. A victim's tenant, or one above it below the lowest common ancestor, must be
above guarantee on a resource that the job lacks and the victim holds. First such jobs whose tenants, up to there,
are above guarantee by all that the victim holds of these; others only if no such set exists. Inside the own branch
first, then outward (decision 0026).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator

from dure.model.plan import Rule
from dure.planning.clearing import Clearing
from dure.planning.placement import Spot
from dure.planning.queue import Kind
from dure.planning.quota import Account, Promises, over_limit
from dure.planning.running import Active
from dure.planning.shape import FOREVER, Demand
from dure.planning.state import State
from dure.planning.trial import Trial
from dure.planning.victims import BySlack, Herd, Seeker, always, borrowers, preempt


def reclaim(trial: Trial, kind: Kind, seeker: Seeker) -> list[Spot] | None:
    """Evict borrowers for a job within guarantee, and say where it goes; None where that cannot make place.

    Limits above its tenant that others have used up are part of what it lacks.
    """
    allowance, demand = trial.allowance, seeker.demand

    def in_limit() -> bool:
        return allowance.in_limit(kind, demand, trial.promises, seeker.own)

    if _own_limit(kind, demand):
        return None
    enough = always if in_limit() else in_limit  # the fewer run, the less is in the way of limits
    binding = trial.promises.around_claim(seeker.demand, seeker.own)
    clearing = Clearing(trial.state, seeker.demand, binding)
    lacking = clearing.lacking()
    for softly in (True, False):
        for accounts in rounds(trial.state, seeker.account):
            round_ = _Round(trial, seeker.account, clearing, lacking, softly)
            herds = [borrowers(trial, one, lacking) for one in accounts if round_.may_have(one)]
            if not clearing.may_fit(round_.hopeful(herds)):
                continue
            candidates = BySlack(trial, herds, round_.allowed)
            if herds and (spots := preempt(trial, seeker, clearing, candidates, Rule.RECLAIM, enough)):
                return spots
    return None


def _own_limit(kind: Kind, demand: Demand) -> bool:
    """Whether a limit is in the way that only its own tenant's jobs use."""
    return any(over is kind.account for over, _, _ in over_limit(kind.account, demand.total))


def chain(account: Account, other: Account) -> Iterator[Account]:
    """A tenant and those above it, up to below the lowest one that it has in common with another."""
    common = set(other.path)
    for over in account.path:
        if over in common:
            return
        yield over


def rounds(state: State, account: Account) -> Iterator[list[Account]]:
    """Other tenants with running jobs: those that share the nearest ancestor, then more and more."""
    others = [state.quotas.account(tenant) for tenant, jobs in sorted(state.active.tenants.items()) if jobs]
    depths = {other: _shared(account, other) for other in others if other is not account}
    for depth in sorted(set(depths.values()), reverse=True):
        yield [other for other, shared in depths.items() if shared >= depth]


def _shared(account: Account, other: Account) -> int:
    """How many tenants are above both."""
    return len(set(account.path) & set(other.path))


def above_guarantee(promises: Promises, path: Iterable[Account], axes: Collection[int]) -> bool:
    """Whether anybody on a path (see `chain`) is above guarantee on some of these axes."""
    return any(promises.overflow(over.branch, axis) for over in path for axis in axes)


class _Round:
    def __init__(
        self, trial: Trial, account: Account, clearing: Clearing, lacking: set[int], softly: bool
    ) -> None:
        self._promises, self._account = trial.state.quotas.promises, account
        self._clearing, self._lacking, self._softly = clearing, lacking, softly
        self._chains: dict[Account, tuple[Account, ...]] = {}

    def may_have(self, other: Account) -> bool:
        """Whether anybody between the tenant and the common ancestor is above guarantee on what is lacking."""
        return above_guarantee(self._promises, self._chain(other), self._lacking)

    def hopeful(self, herds: Iterable[Herd]) -> Iterator[Active]:
        """All who may have to leave while nobody else does: whoever leaves only makes it fewer."""
        for herd in herds:
            above = {axis: self._above(herd.account, axis) for axis in self._lacking}
            for active in herd.jobs:
                if self._may_leave(active, above.__getitem__):
                    yield active

    def allowed(self, other: Account, active: Active) -> bool:
        """Whether a running job may have to leave, as the room now is."""
        return self._may_leave(active, lambda axis: self._above(other, axis))

    def _may_leave(self, active: Active, above: Callable[[int], int]) -> bool:
        useful = self._clearing.useful(active, self._lacking)
        if not self._softly:
            return any(above(axis) > 0 for axis, _ in useful)
        for axis, amount in useful:
            if above(axis) < amount:
                return False
        return bool(useful)

    def _above(self, other: Account, axis: int) -> int:
        """How far anybody is above guarantee up to the common ancestor: softly whoever is least so, else most."""
        over = [self._promises.overflow(over.branch, axis) for over in self._chain(other)]
        return min(over, default=FOREVER) if self._softly else max(over, default=0)

    def _chain(self, other: Account) -> tuple[Account, ...]:
        found = self._chains.get(other)
        if found is None:
            found = self._chains[other] = tuple(chain(other, self._account))
        return found
