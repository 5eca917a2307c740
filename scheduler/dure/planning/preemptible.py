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
    """The same by job, kept for one decision: what came or went since it was last asked is brought up to date.

    What runs under an account at which a guarantee is stated, with none above it, says nothing of other branches.
    """

    __slots__ = ("_known", "_state")

    def __init__(self, state: State) -> None:
        self._state = state
        self._known: dict[Account, _Below] = {}

    def of(self, account: Account) -> AbstractSet[JobId]:
        """The jobs that run beyond guarantee: the tenant's own, and maybe others. Stands until something moves."""
        root = account.judged
        known = self._known.get(root)
        if known is None:
            known = self._known[root] = _Below(self._state, root)
        if known.moves != root.moves:
            known.bring_up(self._state)
            known.moves = root.moves
        return known.jobs.found()


class _Below:
    """What runs under one account, as it was when last looked at. `claims` are in their order."""

    __slots__ = ("_root", "claims", "jobs", "moves", "running")

    def __init__(self, state: State, root: Account) -> None:
        self._root, self.moves = root, -1
        self.jobs = WholeJobs(state.tree)
        self.running: set[Active] = set()
        self.claims: list[Active] = []

    def bring_up(self, state: State) -> None:
        """Take out whoever is gone, and put in whoever came: a job that claimed may be among both."""
        tenants = [below.branch.id for below in self._root.below]
        now, claims = set(_staying(state, tenants)), _claims(state, tenants)
        same = _alike(self.claims, claims)
        for number in range(same, len(self.claims)):
            self.jobs.remove((_CLAIMED, number, ""), self.claims[number])
        for active in self.running - now:
            self.jobs.remove(_start(active), active)
        for active in now - self.running:
            self.jobs.add(_start(active), active)
        for number in range(same, len(claims)):
            self.jobs.add((_CLAIMED, number, ""), claims[number])
        self.running, self.claims = now, claims


def _alike(before: list[Active], now: list[Active]) -> int:
    """How many at the beginning are the same."""
    pairs = enumerate(zip(before, now, strict=False))
    return next((n for n, (one, other) in pairs if one is not other), min(len(before), len(now)))


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
