"""Holders: who has what a pending job lacks, and how much of it nobody can take back for it now."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from dure.model.job import TenantId
from dure.model.plan import Code, Numbers, Reason
from dure.planning.axes import Vector, add
from dure.planning.clearing import Clearing, amounts_on
from dure.planning.queue import Kind
from dure.planning.reclaim import above_guarantee, chain
from dure.planning.reservation import Promise
from dure.planning.running import Active
from dure.planning.shape import FOREVER, Demand
from dure.planning.trial import Trial

_MOST_NAMED: Final = 10
"""So many of the tenant's own jobs are named; the others are in no sum, for their owner can list them."""


def holders(
    trial: Trial, kind: Kind, demand: Demand, own: Promise | None, guaranteed: bool
) -> Iterator[Reason]:
    """Jobs of its own tenant by name, all others in one sum; claims hold what they wait for, what vacates nothing.

    Of the sum `firm:RESOURCE` may not be preempted, and for a job within guarantee `due:RESOURCE` is held, by what
    may be, within the guarantees of others: neither can be taken back.
    """
    clearing = Clearing(trial.state, demand, trial.promises.around_claim(demand, own))
    lacking = clearing.lacking()
    mine: list[Active] = []
    others: list[Active] = []
    for active in _staying(trial):
        if clearing.useful(active, lacking):
            (mine if active.job.tenant == kind.key.tenant else others).append(active)
    mine.sort(key=lambda active: (active.end, active.job.id))
    for active in mine[:_MOST_NAMED]:
        yield Reason(Code.HOLDS, active.job.id, (*_held(trial, [active], lacking), *_until([active])))
    if others:
        kept = _kept(trial, kind, others, lacking, guaranteed)
        yield Reason(Code.HOLDS, "", (*_held(trial, others, lacking), *kept, *_until(others)))


def _staying(trial: Trial) -> Iterator[Active]:
    active = trial.state.active
    for jobs in active.tenants.values():
        yield from jobs.values()
    yield from active.claims.values()


def _kept(
    trial: Trial, kind: Kind, others: Iterable[Active], lacking: set[int], guaranteed: bool
) -> Iterator[tuple[str, int]]:
    """What of it stays where it is, by the reason why."""
    firm: list[Active] = []
    due: list[Active] = []
    returned = _Returned(trial, kind, lacking)
    for active in others:
        if not active.job.preemptible:
            firm.append(active)
        elif guaranteed and not returned.gives(active):
            due.append(active)
    for name, some in (("firm", firm), ("due", due)):
        yield from ((f"{name}:{axis}", amount) for axis, amount in _held(trial, some, lacking))


class _Returned:
    """Which running jobs a reclaim could take something back from: borrowers of tenants above guarantee."""

    def __init__(self, trial: Trial, kind: Kind, lacking: set[int]) -> None:
        self._trial, self._kind, self._lacking = trial, kind, lacking
        self._above: dict[TenantId, bool] = {}

    def gives(self, active: Active) -> bool:
        quotas, tenant = self._trial.state.quotas, active.job.tenant
        account = quotas.account(tenant)
        above = self._above.get(tenant)
        if above is None:
            path = chain(account, self._kind.account)
            above = self._above[tenant] = above_guarantee(quotas.promises, path, self._lacking)
        return above and active.job.id in self._trial.borrowed.of(account)


def _held(trial: Trial, some: Iterable[Active], axes: set[int]) -> Numbers:
    total: Vector = trial.state.axes.zeros()
    for active in some:
        add(total, amounts_on(active, axes))
    return tuple((trial.state.axes.names[axis], total[axis]) for axis in sorted(axes) if total[axis])


def _until(some: Iterable[Active]) -> Numbers:
    last = max(active.end for active in some)
    return (("until", last),) if last < FOREVER else ()
