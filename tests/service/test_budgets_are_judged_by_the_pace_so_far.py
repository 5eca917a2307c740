from hypothesis import given
from hypothesis import strategies as st

from dure.accounting.bill import bill
from dure.accounting.months import month_interval
from dure.accounting.usage import MonthUse
from dure.model.change import Budgeted
from dure.model.instants import DAY, HOUR
from dure.model.money import Money
from dure.model.plan import Code, Reason
from dure.model.rules import PriceVersion, Rate, Rules
from dure.model.tenant import Budget, BudgetState, Tenant
from dure.model.use import State
from dure.service.budget import branch_costs, budget_state, month_end, moved, outlooks
from dure.service.outlook import Outlook, with_money

NOVEMBER = month_interval("2026-11", "Asia/Seoul")
LENGTH = NOVEMBER.end - NOVEMBER.start


def test_half_the_month_gone_half_is_spent() -> None:
    """After ten of thirty days the forecast is three times what was spent."""
    until = NOVEMBER.start + 10 * DAY
    assert month_end(Money.won(100), NOVEMBER, NOVEMBER.start, until) == Money.won(300)


def test_a_busy_first_hour_counts_as_a_day() -> None:
    """An hour's use is not taken for the pace of the month: the forecast is what thirty such hours cost."""
    until = NOVEMBER.start + HOUR
    told = month_end(Money.won(2_400), NOVEMBER, NOVEMBER.start, until)
    assert Money.won(70_000) < told < Money.won(74_400)


def test_a_room_that_began_within_the_month_has_its_pace_from_then() -> None:
    """Twenty days into the month and two into the room, ten days are left at two days' pace."""
    began = NOVEMBER.start + 18 * DAY
    assert month_end(Money.won(100), NOVEMBER, began, began + 2 * DAY) == Money.won(600)


@given(st.integers(0, 10**15), st.integers(0, LENGTH), st.integers(0, LENGTH))
def test_it_never_falls_below_what_was_spent(micro: int, one: int, other: int) -> None:
    """Whatever the instants, and at the month's end it is what the month cost."""
    since, until = NOVEMBER.start + min(one, other), NOVEMBER.start + max(one, other)
    assert month_end(Money(micro), NOVEMBER, since, until).micro >= micro
    assert month_end(Money(micro), NOVEMBER, since, NOVEMBER.end) == Money(micro)


def test_each_step_is_taken_at_its_percent() -> None:
    """At exactly so many percent and above; a step that is not stated is never taken."""
    full = Budget(Money.won(1_000), warn=80, preemptible_only=100, hold=120)
    told = {won: budget_state(full, Money.won(won)) for won in (0, 799, 800, 999, 1_000, 1_199, 1_200, 9_999)}
    fine, warned, only, held = BudgetState
    assert list(told.values()) == [fine, fine, warned, warned, only, only, held, held]
    assert budget_state(Budget(Money.won(1_000), warn=None), Money.won(9_999)) is fine
    assert budget_state(Budget(Money.won(1_000), warn=None, hold=100), Money.won(1_000)) is held


def test_a_branch_spends_what_all_below_it_spend() -> None:
    """The budget of a programme is judged by its companies' costs together; who has none is not judged."""
    rules = Rules(
        "r",
        tenants=(
            Tenant("programme", budget=Budget(Money.won(100), warn=None, hold=100)),
            Tenant("ant", parent="programme", budget=Budget(Money.won(100), warn=50)),
            Tenant("bee", parent="programme"),
        ),
        prices=(PriceVersion("v", 0, (Rate("cpu", Money.won(36)),)),),
    )  # fmt: skip
    core_hours = 1_000 * HOUR
    use = MonthUse(
        "2026-11", NOVEMBER, NOVEMBER.start, NOVEMBER.end,
        {("ant", "", "cpu", "v"): 2 * core_hours, ("bee", "", "cpu", "v"): core_hours},
        {(State.TENANT, "cpu"): 3 * core_hours},
    )  # fmt: skip
    made = bill(use, rules)
    costs = branch_costs(made, rules)
    assert {tenant: costs[tenant] for tenant in ("programme", "ant", "bee")} == {
        "programme": Money.won(108).micro, "ant": Money.won(72).micro, "bee": Money.won(36).micro,
    }  # fmt: skip
    found = outlooks(made, rules)
    assert {t: one.state for t, one in found.items()} == {
        "programme": BudgetState.HELD,
        "ant": BudgetState.WARNED,
    }
    assert dict(found["programme"].numbers()) == {
        "budget": 100, "spent": 108, "forecast": 108, "percent": 108, "step": 100, "until": NOVEMBER.end,
    }  # fmt: skip


def test_money_is_told_to_those_who_see_the_bill() -> None:
    """Whose budget it is all of its branch may know; how much was spent only who may see that bill."""
    plan = Reason(Code.BUDGET, BudgetState.HELD)
    full = Outlook(Budget(Money.won(10), hold=120), BudgetState.HELD, Money.won(6), Money(12_999_999), 5)
    fine = Outlook(Budget(Money.won(10)), BudgetState.FINE, Money.won(1), Money.won(2), 5)
    known, path = {"programme": full, "ant": fine}, ("ant", "programme")
    whole = with_money(plan, path, known, lambda _: True)
    assert (whole.subject, dict(whole.numbers)) == (
        "held:programme",
        {"budget": 10, "spent": 6, "forecast": 12, "percent": 129, "step": 120, "until": 5},
    )
    assert with_money(plan, path, known, lambda tenant: tenant == "ant") == Reason(
        Code.BUDGET, "held:programme"
    )
    assert with_money(plan, ("ant",), known, lambda _: True) == plan


def test_only_what_moved_is_told() -> None:
    """Also that a tenant whose budget is gone is in order again; one that stays is not told twice."""
    fine, warned, _, held = BudgetState
    before = {"ant": warned, "bee": held, "cat": held, "dog": fine}
    after = {"ant": warned, "bee": fine, "dog": held, "elk": fine}
    assert list(moved(before, after, 5)) == [
        Budgeted(5, "bee", fine), Budgeted(5, "cat", fine), Budgeted(5, "dog", held),
    ]  # fmt: skip
