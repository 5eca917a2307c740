"""How a tenant's month stands against its budget, as far as it was metered, and how that is told."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from dure.model.instants import Instant
from dure.model.job import TenantId
from dure.model.money import MICRO, Money
from dure.model.plan import Numbers, Reason
from dure.model.tenant import Budget, BudgetState
from dure.planning.budgets import strictest


@dataclass(frozen=True, slots=True)
class Outlook:
    """`spent` up to the watermark `until`, and `forecast` for the month's end, both before VAT."""

    budget: Budget
    state: BudgetState
    spent: Money
    forecast: Money
    until: Instant

    def numbers(self) -> Numbers:
        """Whole won, rounded down; `percent` of the budget is forecast, `step` is from where its state holds."""
        monthly = self.budget.monthly.micro
        percent = (("percent", self.forecast.micro * 100 // monthly),) if monthly else ()
        step = {
            BudgetState.HELD: self.budget.hold,
            BudgetState.PREEMPTIBLE_ONLY: self.budget.preemptible_only,
            BudgetState.WARNED: self.budget.warn,
            BudgetState.FINE: None,
        }[self.state]
        won = {"budget": monthly, "spent": self.spent.micro, "forecast": self.forecast.micro}
        told = tuple((name, micro // MICRO) for name, micro in won.items())
        return (*told, *percent, *((("step", step),) if step is not None else ()), ("until", self.until))


def with_money(
    reason: Reason,
    path: Sequence[TenantId],
    outlooks: Mapping[TenantId, Outlook],
    sees: Callable[[TenantId], bool],
) -> Reason:
    """The planner's word on a budget, with whose it is (of the job's tenant and those above it) and how it stands.

    Money is told to those only who may see that tenant's bill: that of a branch is others' too.
    """
    found = strictest({tenant: outlook.state for tenant, outlook in outlooks.items()}, path)
    if found is None or found[1] != reason.subject:  # judged anew since the planner was told
        return reason
    numbers = outlooks[found[0]].numbers() if sees(found[0]) else ()
    return replace(reason, subject=f"{reason.subject}:{found[0]}", numbers=numbers)
