"""What the metrics show of the room: made when they are scraped, from what the last cycle left."""

from __future__ import annotations

from collections import Counter, defaultdict

from dure.accounting.months import month_of
from dure.ledger import SqlLedger
from dure.model.instants import Instant
from dure.model.job import TenantId
from dure.model.money import Money
from dure.model.node import NodeState
from dure.model.resources import ResourceName, Resources
from dure.planning.entitlement import entitlement
from dure.service.identity import path
from dure.service.live import Live
from dure.telemetry import RoomView

_FRESH_ENOUGH_S = 60.0


class CostSoFar:
    """A month's cost so far by tenant, before VAT: worked out at most once a minute, in the reader's thread."""

    def __init__(self) -> None:
        self._at = 0.0
        self._cost: dict[TenantId, Money] = {}

    def of(self, ledger: SqlLedger, month: str, clock_s: float) -> dict[TenantId, Money]:
        """The cost as the ledger has it."""
        if not self._cost or clock_s - self._at > _FRESH_ENOUGH_S:
            bill = ledger.bill(month)
            self._cost = {
                made.tenant: Money(sum(line.charge.amount.micro for line in made.lines))
                for made in bill.statements
            }
            self._at = clock_s
        return self._cost


def room_view(live: Live) -> RoomView:
    """The room as it is now, without its money."""
    pending, oldest = _queue(live)
    return RoomView(
        rules=live.rules,
        policy_since=live.rules_since,
        policy_refused=bool(live.findings),
        held=_held(live),
        pending=pending,
        oldest=oldest,
        capacity=_capacity(live),
        scores=dict(live.plan.scores) if live.plan else {},
        entitlement=_entitlement(live),
        pools={live.backend.cluster: live.answering},
        budgets=dict(live.budgets),
        broken_plans=live.stats.broken_plans,
    )


def this_month(live: Live) -> str:
    """The month that it is in the room."""
    return month_of(live.now(), live.rules.timezone)


def _entitlement(live: Live) -> dict[TenantId, float]:
    """What would be fair now, of the nodes that are up, over what runs and what waits."""
    capacity = Resources()
    for node in live.observed.nodes.values():
        capacity += node.capacity if node.state is NodeState.UP else Resources()
    held, wanted = defaultdict[TenantId, Resources](Resources), defaultdict[TenantId, Resources](Resources)
    for entry in live.observed.jobs.values():
        if entry.attempt:
            held[entry.job.tenant] += entry.holds()
        else:
            wanted[entry.job.tenant] += entry.asks()
    return entitlement(live.rules, capacity, held, wanted)


def _held(live: Live) -> dict[tuple[TenantId, ResourceName], int]:
    held: defaultdict[tuple[TenantId, ResourceName], int] = defaultdict(int)
    for entry in live.observed.jobs.values():
        for name, amount in entry.holds().items():
            for above in path(entry.job.tenant, live.rules):
                held[above, name] += amount
    return dict(held)


def _queue(live: Live) -> tuple[dict[TenantId, int], dict[TenantId, Instant]]:
    waiting = [entry.job for entry in live.observed.jobs.values() if entry.attempt is None]
    oldest: dict[TenantId, Instant] = {}
    for job in waiting:
        oldest[job.tenant] = min(job.submitted, oldest.get(job.tenant, job.submitted))
    return dict(Counter(job.tenant for job in waiting)), oldest


def _capacity(live: Live) -> dict[tuple[NodeState, ResourceName], int]:
    capacity: defaultdict[tuple[NodeState, ResourceName], int] = defaultdict(int)
    for node in live.observed.nodes.values():
        for name, amount in node.capacity.items():
            capacity[node.state, name] += amount
    return dict(capacity)
