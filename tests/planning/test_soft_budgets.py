from hypothesis import given
from hypothesis import strategies as st

from dure.model.tenant import BudgetState
from dure.planning.budgets import refused_by, strictest

STATES = list(BudgetState)
PATH = ("team", "company", "programme")


@given(st.dictionaries(st.sampled_from([*PATH, "other"]), st.sampled_from(STATES)), st.booleans())
def test_the_strictest_budget_on_the_path_decides(budgets: dict[str, BudgetState], preemptible: bool) -> None:
    """Whatever stands for whom, the worst state up the path refuses what it refuses, and nothing else does."""
    worst = max((STATES.index(budgets[one]) for one in PATH if one in budgets), default=0)
    refused = worst == 3 or (worst == 2 and not preemptible)
    found = refused_by(budgets, PATH, preemptible)
    assert (found is not None) is refused
    if worst:
        assert strictest(budgets, PATH) == (
            next(one for one in PATH if budgets.get(one) is STATES[worst]),
            STATES[worst],
        )
    else:
        assert strictest(budgets, PATH) is None


def test_another_tenants_budget_refuses_nothing() -> None:
    """Only the tenant's own path counts."""
    assert refused_by({"other": BudgetState.HELD}, PATH, preemptible=False) is None
