"""Jobs that may not be preempted: what they may hold beyond guarantee (DESIGN 3.3).

"May, beyond guarantee, hold only what all guarantees together leave over." Borrowed use is whole jobs: a running
job is guaranteed iff everything that started before it, plus itself, is within guarantee (DESIGN 3.1).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from typing import Final

from dure.model.instants import Instant
from dure.model.job import JobId, TenantId
from dure.planning.axes import Amounts, Vector, add
from dure.planning.quota import Account, Promises, left_over
from dure.planning.running import Active
from dure.planning.state import State
from dure.planning.whole_jobs import Place, WholeJobs

_CLAIMED: Final = 2
"""Claims stand behind all that runs."""


def borrowed(state: State, under: Iterable[TenantId] | None = None) -> Iterator[Active]:
    """What runs beyond guarantee, as whole jobs, in the order of starts (ties by id), claims last.

    Of the tenants `under` only, by default of all. What vacates counts no longer, and what runs under an entry of
    the calendar not before the entry ends; from then on it comes first (DESIGN 3.1).
    """
    promises = Promises(state.tree)
    for active in (*sorted(_staying(state, under), key=_start), *_claims(state, under)):
        branch, held = state.tree.branch(active.job.tenant), active.held
        if not promises.within(branch, held):
            yield active
        promises.give(branch, held)


class Borrowed:
    """The same by job, kept from decision to decision: what moved since it was last asked is brought up to date.

    What runs under an account at which a guarantee is stated, with none above it, says nothing of other branches.
    """

    __slots__ = ("_known", "_state")

    def __init__(self, state: State) -> None:
        self._state = state
        self._known: dict[Account, _Below] = {}

    def of(self, account: Account) -> AbstractSet[JobId]:
        """The jobs that run beyond guarantee: the tenant's own, and maybe others. Stands until something moves."""
        return self._below(account.judged).jobs.found()

    def moves(self, account: Account) -> int:
        """Grows with everything that changes what runs together with the tenant's jobs."""
        return self._below(account.judged).moves

    def kept(self, now: Instant) -> Vector:
        """What of it cannot be taken back within `reclaim_within`: what jobs hold that may not be preempted."""
        state = self._state
        kept, in_time = state.axes.zeros(), now + state.rules.planning.reclaim_within
        tenants = (*state.active.tenants, *(claimed.job.tenant for claimed in state.active.claims.values()))
        for root in dict.fromkeys(state.quotas.account(tenant).judged for tenant in dict.fromkeys(tenants)):
            kept = list(map(int.__add__, kept, self._below(root).kept(in_time)))
        return kept

    def _below(self, root: Account) -> _Below:
        known = self._known.get(root)
        if known is None or not known.follows():
            known = self._known[root] = _Below(self._state, root)
        known.bring_up()
        return known


class _Below:
    """What runs, or is claimed, under one account: where it stood and what it held when last looked at."""

    __slots__ = ("_counted", "_firm", "_kept", "_state", "_stirred", "jobs", "moves")

    def __init__(self, state: State, root: Account) -> None:
        self._state = state
        tenants = [below.branch.id for below in root.below if below.judged is root]
        self.jobs, self.moves = WholeJobs(state.tree), 0
        self._counted: dict[Active, tuple[Place, Amounts]] = {}
        self._firm: dict[Active, None] = {}
        self._kept: tuple[Instant, Vector] | None = None
        self._stirred: dict[TenantId, dict[Active, None]] = {tenant: {} for tenant in tenants}
        for active in (*_staying(state, tenants), *_claims(state, tenants)):
            self._stirred[active.job.tenant][active] = None
        state.active.stirred |= self._stirred

    def follows(self) -> bool:
        """Whether it was told of all that moved."""
        stirred = self._state.active.stirred
        return all(stirred.get(tenant) is mine for tenant, mine in self._stirred.items())

    def bring_up(self) -> None:
        """Take out whoever is gone or changed, then put in whoever came."""
        stirred = [active for some in self._stirred.values() for active in some]
        for some in self._stirred.values():
            some.clear()
        stands = {active: self._stand(active) for active in stirred}
        changed = [active for active in stirred if stands[active] != self._counted.get(active)]
        self.moves += bool(changed)
        for active in changed:
            self._take_out(active)
        for active in changed:
            self._put_in(active, stands[active])

    def kept(self, in_time: Instant) -> Vector:
        """What jobs that may not be preempted hold beyond guarantee until after this instant."""
        if self._kept is None or self._kept[0] != in_time:
            found, kept = self.jobs.found(), self._state.axes.zeros()
            for active in self._firm:
                if active.job.id in found and active.end > in_time:
                    add(kept, active.held)
            self._kept = (in_time, kept)
        return self._kept[1]

    def _take_out(self, active: Active) -> None:
        self._kept = None
        if (before := self._counted.pop(active, None)) is not None:
            self.jobs.remove(active, *before)
            self._firm.pop(active, None)

    def _put_in(self, active: Active, stand: tuple[Place, Amounts] | None) -> None:
        if stand is not None:
            self._counted[active] = stand
            self.jobs.add(active, *stand)
            if not active.job.preemptible:
                self._firm[active] = None

    def _stand(self, active: Active) -> tuple[Place, Amounts] | None:
        """Where among the others it stands and what it holds; None where it counts no longer."""
        state, job = self._state, active.job.id
        if state.active.claims.get(job) is active:
            return (_CLAIMED, active.number, job), active.held
        runs = state.active.jobs.get(job) is active and active.vacating is None
        return (_start(active), active.held) if runs and active.under not in state.open else None


def _staying(state: State, under: Iterable[TenantId] | None) -> Iterator[Active]:
    for tenant in state.active.tenants if under is None else under:
        for active in state.active.tenants.get(tenant, {}).values():
            if active.under not in state.open:
                yield active


def _claims(state: State, under: Iterable[TenantId] | None) -> list[Active]:
    """What is about to start comes last, in the order in which it was claimed."""
    among = None if under is None else set(under)
    claims = (state.active.claims[job] for job in state.claims)
    return [claimed for claimed in claims if among is None or claimed.job.tenant in among]


def kept_from_all(state: State, now: Instant) -> Vector:
    """What running jobs hold beyond guarantee that cannot be taken back from them within `reclaim_within`."""
    kept, in_time = state.axes.zeros(), now + state.rules.planning.reclaim_within
    for active in borrowed(state):
        if not active.job.preemptible and active.end > in_time:
            add(kept, active.held)
    return kept


def beyond(state: State, kept: Vector, amounts: Amounts, also: Amounts = ()) -> list[tuple[int, int]]:
    """(axis, by how much) of all where a job would take what guarantees need. `also` is counted as kept."""
    spare = left_over(state.nodes.capacity, state.tree.promised)
    more = dict(also)
    over = ((axis, kept[axis] + amount + more.get(axis, 0) - spare[axis]) for axis, amount in amounts)
    return [(axis, by) for axis, by in over if by > 0]


def _start(active: Active) -> Place:
    return (int(not active.under), active.began, active.job.id)
