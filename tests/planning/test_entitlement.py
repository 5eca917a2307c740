from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dure.model.node import GpuFlavor
from dure.model.resources import Quota, Resources
from dure.model.rules import Rules
from dure.model.tenant import Tenant
from dure.planning.entitlement import Claimant, entitlement, fill, value_gpu

A100, T4 = GpuFlavor("a100", 1000), GpuFlavor("t4", 250)
AMOUNTS = st.integers(0, 12)


def due_in(rules: Rules, capacity: int, held: dict[str, int], wanted: dict[str, int]) -> dict[str, float]:
    """Everything in a100 devices."""
    given_to, asked = (
        {tenant: Resources.of(gpus={"a100": devices}) for tenant, devices in amounts.items()}
        for amounts in (held, wanted)
    )
    return entitlement(rules, Resources.of(gpus={"a100": capacity}), given_to, asked)


def flat(*tenants: tuple[str, int, int]) -> Rules:
    """Tenants as (id, weight, guarantee)."""
    made = (Tenant(t, weight=weight, guarantee=Quota.of({"gpu:a100": g})) for t, weight, g in tenants)
    return Rules("room", flavors=(A100, T4), tenants=tuple(made))


def test_unequal_weights_share_what_all_want() -> None:
    """Two tenants that want everything share it by weight."""
    due = due_in(flat(("a", 1, 0), ("b", 3, 0)), 8, {"a": 8}, {"b": 8})
    assert due == {"a": 2.0, "b": 6.0}


def test_what_one_leaves_goes_to_the_others() -> None:
    """A small demand is met whole, the rest rises."""
    due = due_in(flat(("a", 1, 0), ("b", 1, 0), ("c", 1, 0)), 9, {}, {"a": 1, "b": 9, "c": 9})
    assert due == {"a": 1.0, "b": 4.0, "c": 4.0}


def test_nobody_is_due_less_than_its_guarantee_or_demand() -> None:
    """The floor comes before the weights."""
    due = due_in(flat(("a", 1, 6), ("b", 9, 0)), 8, {"b": 8}, {"a": 6, "b": 4})
    assert due == {"a": 6.0, "b": 2.0}


def test_a_branch_shares_among_its_own() -> None:
    """What a programme is due goes to its companies."""
    tenants = (Tenant("p"), Tenant("q"), Tenant("a", "p", weight=3), Tenant("b", "p"))
    due = due_in(Rules("room", flavors=(A100,), tenants=tenants), 8, {}, {"a": 8, "b": 8, "q": 8})
    assert due == {"p": 4.0, "q": 4.0, "a": 3.0, "b": 1.0}


def test_value_weighs_flavors() -> None:
    """Four small devices are worth one large one."""
    rules = flat(("a", 1, 0))
    assert value_gpu(rules, Resources.of(gpus={"t4": 4, "a100": 1})) == 2.0
    wanted = {"a": Resources.of(gpus={"t4": 4})}
    assert entitlement(rules, Resources.of(gpus={"t4": 8}), {}, wanted) == {"a": 1.0}


def test_demand_beyond_a_limit_is_nobodys_due() -> None:
    """A tenant is not due what it may not hold."""
    rules = flat(("a", 1, 0), ("b", 1, 0))
    limited = replace(rules.tenants[0], limit=Quota.of({"gpu:a100": 1}))
    due = due_in(replace(rules, tenants=(limited, rules.tenants[1])), 8, {}, {"a": 8, "b": 8})
    assert due == {"a": 1.0, "b": 7.0}


CLAIMANTS = st.lists(
    st.builds(Claimant, st.integers(1, 5), AMOUNTS.map(float), AMOUNTS.map(float)), min_size=1, max_size=6
)


@given(st.integers(0, 40), CLAIMANTS)
def test_dues_add_up_and_nobody_gets_more_than_it_wants(amount: int, claimants: list[Claimant]) -> None:
    """All dues together are the smaller of what there is and what is wanted."""
    due = fill(amount, claimants)
    assert sum(due) == pytest.approx(min(amount, sum(claimant.demand for claimant in claimants)))
    assert all(-1e-9 <= one <= claimant.demand + 1e-9 for one, claimant in zip(due, claimants, strict=True))


@given(st.integers(0, 40), CLAIMANTS)
def test_floors_hold_where_there_is_enough_for_them(amount: int, claimants: list[Claimant]) -> None:
    """Everyone is due at least the smaller of its demand and its floor."""
    floors = [min(claimant.floor, claimant.demand) for claimant in claimants]
    if sum(floors) <= amount:
        due = fill(amount, claimants)
        assert all(one >= floor - 1e-9 for one, floor in zip(due, floors, strict=True))


@given(st.integers(0, 40), CLAIMANTS, st.integers(1, 4))
def test_more_weight_is_never_less(amount: int, claimants: list[Claimant], more: int) -> None:
    """A tenant's due does not fall when its weight rises."""
    heavier = [replace(claimants[0], weight=claimants[0].weight + more), *claimants[1:]]
    assert fill(amount, heavier)[0] >= fill(amount, claimants)[0] - 1e-9


@given(st.integers(0, 40), CLAIMANTS)
def test_who_wants_more_and_has_no_more_floor_stands_at_the_level(
    amount: int, claimants: list[Claimant]
) -> None:
    """Max-min: whoever is cut short has at least as much by weight as anyone above its floor."""
    due = fill(amount, claimants)
    if sum(min(claimant.floor, claimant.demand) for claimant in claimants) > amount:
        return
    short = [d / c.weight for d, c in zip(due, claimants, strict=True) if d < c.demand - 1e-9]
    raised = [d / c.weight for d, c in zip(due, claimants, strict=True) if d > min(c.floor, c.demand) + 1e-9]
    assert not short or not raised or min(short) >= max(raised) - 1e-9
