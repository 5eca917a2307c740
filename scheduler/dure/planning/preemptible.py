"""Jobs that may not be preempted: what they may hold beyond guarantee (DESIGN 3.3).

"May, beyond guarantee, hold only what all guarantees together leave over." Borrowed use is whole jobs: a running
job is guaranteed iff everything that started before it, plus itself, is within guarantee (DESIGN 3.1).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from dure.model.instants import Instant
from dure.model.job import JobId, TenantId
from dure.planning.axes import Amounts, Vector, add
from dure.planning.quota import Account, Promises, left_over
from dure.planning.running import Active
from dure.planning.state import State


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
    """The same by job, kept for one decision: anew when a job has come or gone.

    What runs under an account at which a guarantee is stated, with none above it, says nothing of other branches.
    """

    __slots__ = ("_known", "_state")

    def __init__(self, state: State) -> None:
        self._state = state
        self._known: dict[Account, tuple[int, frozenset[JobId]]] = {}

    def of(self, account: Account) -> frozenset[JobId]:
        """The jobs that run beyond guarantee: the tenant's own, and maybe others."""
        root = account.judged
        known = self._known.get(root)
        if known is None or known[0] != root.moves:
            tenants = [below.branch.id for below in root.below]
            jobs = frozenset(active.job.id for active in borrowed(self._state, tenants))
            known = self._known[root] = (root.moves, jobs)
        return known[1]


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


def _start(active: Active) -> tuple[bool, Instant, JobId]:
    return (not active.under, active.began, active.job.id)
