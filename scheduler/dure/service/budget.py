"""Soft budgets (DESIGN 3.3): where each tenant's month stands against its budget, by the pace of its use so far."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from dure.accounting.bill import Bill
from dure.accounting.months import month_of
from dure.model.change import Budgeted
from dure.model.instants import DAY, Instant, Interval
from dure.model.job import TenantId
from dure.model.money import Money
from dure.model.rules import Rules
from dure.model.tenant import Budget, BudgetState
from dure.service.live import Live, log
from dure.service.outlook import Outlook


def month_end(spent: Money, month: Interval, since: Instant, until: Instant) -> Money:
    """What a month will have cost at its end if it goes on as so far, rounded down to micro-won.

    `spent` is what [since, until) of the month cost, `until` being the watermark. The forecast is
    `spent + spent x (end - until) / max(until - since, 1 day)`: the pace so far over the time that is left; a first
    busy hour counts as a day, so that it decides nothing by itself. A month that is over costs what it cost.
    """
    left = max(0, month.end - max(until, month.start))
    elapsed = max(until - max(since, month.start), DAY)
    return Money(spent.micro + spent.micro * left // elapsed)


def budget_state(budget: Budget, forecast: Money) -> BudgetState:
    """The strictest step that this forecast reaches: at so many percent of the monthly budget, or above."""
    steps = (
        (BudgetState.HELD, budget.hold),
        (BudgetState.PREEMPTIBLE_ONLY, budget.preemptible_only),
        (BudgetState.WARNED, budget.warn),
    )
    for state, percent in steps:
        if percent is not None and forecast.micro * 100 >= budget.monthly.micro * percent:
            return state
    return BudgetState.FINE


def outlooks(bill: Bill, rules: Rules) -> dict[TenantId, Outlook]:
    """Where every tenant with a budget stands; what a branch spends is all that its tenants spend."""
    costs = branch_costs(bill, rules)
    found: dict[TenantId, Outlook] = {}
    for tenant in rules.tenants:
        if tenant.budget is not None:
            spent = Money(costs.get(tenant.id, 0))
            forecast = month_end(spent, bill.interval, bill.since, bill.until)
            state = budget_state(tenant.budget, forecast)
            found[tenant.id] = Outlook(tenant.budget, state, spent, forecast, bill.until)
    return found


def branch_costs(bill: Bill, rules: Rules) -> dict[TenantId, int]:
    """What each tenant and all below it cost so far, before VAT, in micro-won."""
    parents = {tenant.id: tenant.parent for tenant in rules.tenants}
    costs: dict[TenantId, int] = {}
    for statement in bill.statements:
        cost = sum(line.charge.amount.micro for line in statement.lines)
        above: TenantId | None = statement.tenant
        while above is not None:
            costs[above] = costs.get(above, 0) + cost
            above = parents.get(above)
    return costs


def moved(
    before: Mapping[TenantId, BudgetState], after: Mapping[TenantId, BudgetState], at: Instant
) -> Iterable[Budgeted]:
    """What changed: tenants that stand elsewhere than before; one without a budget now is in order."""
    for tenant in sorted(before.keys() | after.keys()):
        now = after.get(tenant, BudgetState.FINE)
        if now is not before.get(tenant, BudgetState.FINE):
            yield Budgeted(at, tenant, now)


async def judge_budgets(live: Live) -> bool:
    """Work out where every budget stands and let the room know what changed; whether anything did."""
    rules = live.rules
    found: dict[TenantId, Outlook] = {}
    if any(tenant.budget for tenant in rules.tenants):
        month = month_of(live.now(), rules.timezone)
        found = outlooks(await live.books.read(lambda ledger: ledger.bill(month)), rules)
    states = {tenant: outlook.state for tenant, outlook in found.items()}
    changes = tuple(moved(live.budgets, states, live.now()))
    live.budgets, live.outlooks = states, found
    for change in changes:
        log.info("budget", tenant=change.tenant, state=change.state.value)
    await live.take(changes)
    return bool(changes)
