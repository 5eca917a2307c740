"""Soft budgets: what a tenant may still start where its month stands against its budget (DESIGN 3.3).

"Warn, then preemptible only, then hold." Of the tenant and all above it the strictest decides, of equally strict
ones the nearest. What runs goes on running.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from dure.model.job import TenantId
from dure.model.tenant import BudgetState

_STRICTNESS: Final = {state: rank for rank, state in enumerate(BudgetState)}


def strictest(
    budgets: Mapping[TenantId, BudgetState], path: Iterable[TenantId]
) -> tuple[TenantId, BudgetState] | None:
    """Who on the path, from the tenant up, stands worst; None where everybody's budget is in order."""
    worse = [(tenant, budgets[tenant]) for tenant in path if tenant in budgets]
    found = max(worse, key=lambda one: _STRICTNESS[one[1]], default=None)
    return found if found is not None and found[1] is not BudgetState.FINE else None


def refused_by(
    budgets: Mapping[TenantId, BudgetState], path: Iterable[TenantId], preemptible: bool
) -> tuple[TenantId, BudgetState] | None:
    """Whose budget keeps a job from starting; None where none does."""
    found = strictest(budgets, path)
    if found is None or found[1] is BudgetState.WARNED:
        return None
    return None if found[1] is BudgetState.PREEMPTIBLE_ONLY and preemptible else found
