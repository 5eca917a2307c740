"""Soft budgets: steps that follow one another, and prices without which nothing is ever spent."""

from __future__ import annotations

from itertools import pairwise

from dure.model.money import Money
from dure.model.tenant import Budget
from dure_policies.draft import Draft
from dure_policies.findings import Findings
from dure_policies.reading import Entry

_STEPS = ("warn", "preemptible_only", "hold")
_DEFAULT = Budget(Money())


def check(draft: Draft, findings: Findings, warnings: Findings) -> None:
    """Check the steps of every budget; warn of budgets that can do nothing."""
    for _, tenant in draft.tenants.entries():
        if "budget" in tenant.reads:
            _check_budget(tenant.entry("budget"), findings, warnings)
            if not draft.prices.written:
                said = "there are no prices, so no budget is ever used"
                warnings.add(tenant.at("budget"), f"{said}; write prices.yaml, or remove the budget")


def _check_budget(budget: Entry, findings: Findings, warnings: Findings) -> None:
    if any(budget.lost(step) for step in _STEPS):
        return
    percents = {step: _percent(budget, step) for step in _STEPS}
    taken = [(step, percent) for step, percent in percents.items() if percent is not None]
    for (before, first), (after, then) in pairwise(taken):
        if then <= first:
            at = budget.at(after if after in budget.reads else before)
            said = f"{after} at {then} % does not come after {before} at {first} %"
            findings.add(at, f"{said}; let the percents rise, or write {before}: never")
    if not taken:
        said = "this budget takes no step"
        warnings.add(budget.place, f"{said}; write a percent for {', '.join(_STEPS[:2])} or {_STEPS[2]}")


def _percent(budget: Entry, step: str) -> int | None:
    default: int | None = getattr(_DEFAULT, step)
    return budget.get(step, default)
