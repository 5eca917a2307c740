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
from dure.planning.entitlement import entitlement, outside
from dure.planning.windows import Timetable
from dure.service.identity import path
from dure.service.live import Live
from dure.service.standing import Standing
from dure.telemetry import RoomView
from dure.turns import batches, in_turns

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


async def room_view(live: Live) -> RoomView:
    """The room as it is now, without its money."""
    standing = await Standing.of(live.observed)
    pending, oldest = await _queue(live)
    return RoomView(
        rules=live.rules,
        policy_since=live.rules_since,
        policy_refused=bool(live.findings),
        held=_held(live, standing),
        pending=pending,
        oldest=oldest,
        capacity=_capacity(live),
        scores=dict(live.plan.scores) if live.plan else {},
        entitlement=_entitlement(live, standing),
        pools={live.backend.cluster: live.answering},
        budgets=dict(live.budgets),
        broken_plans=live.stats.broken_plans,
    )


def this_month(live: Live) -> str:
    """The month that it is in the room."""
    return month_of(live.now(), live.rules.timezone)


def _entitlement(live: Live, standing: Standing) -> dict[TenantId, float]:
    """What would be fair now, of the nodes that are up, over what runs and what waits."""
    capacity = Resources()
    for node in live.observed.nodes.values():
        capacity += node.capacity if node.state is NodeState.UP else Resources()
    held = {tenant: Resources.named(amounts.items()) for tenant, amounts in standing.held.items()}
    rules, now = live.rules, live.now()
    over = outside(rules, now)
    waits = {tenant: amounts for tenant, amounts in standing.pending.items() if tenant not in over}
    wanted = {tenant: Resources.named(amounts.items()) for tenant, amounts in waits.items()}
    return entitlement(Timetable(rules).in_force(now), capacity, held, wanted)


def _held(live: Live, standing: Standing) -> dict[tuple[TenantId, ResourceName], int]:
    held: defaultdict[tuple[TenantId, ResourceName], int] = defaultdict(int)
    for tenant, amounts in standing.held.items():
        for name, amount in amounts.items():
            for above in path(tenant, live.rules):
                held[above, name] += amount
    return dict(held)


async def _queue(live: Live) -> tuple[dict[TenantId, int], dict[TenantId, Instant]]:
    waiting: Counter[TenantId] = Counter()
    oldest: dict[TenantId, Instant] = {}
    async for some in in_turns(batches(tuple(live.observed.jobs.values()))):
        for job in (entry.job for entry in some if entry.attempt is None):
            waiting[job.tenant] += 1
            oldest[job.tenant] = min(job.submitted, oldest.get(job.tenant, job.submitted))
    return dict(waiting), oldest


def _capacity(live: Live) -> dict[tuple[NodeState, ResourceName], int]:
    capacity: defaultdict[tuple[NodeState, ResourceName], int] = defaultdict(int)
    for node in live.observed.nodes.values():
        for name, amount in node.capacity.items():
            capacity[node.state, name] += amount
    return dict(capacity)
