from collections import Counter, defaultdict
from dataclasses import replace
from fractions import Fraction
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dure.accounting.charges import Charge, charges, pool_parts
from dure.accounting.quantities import unit_hour
from dure.accounting.usage import RunningTotals, month_use
from dure.model.instants import DAY, HOUR
from dure.model.money import Money
from dure.model.rules import CostPool, Measure, PriceVersion, Rate, Rules
from dure.model.use import Slice, State
from tests.accounting.billing_rooms import (
    BOTH,
    END,
    FIRST,
    FLOOR,
    MONTH,
    NOVEMBER,
    POWER,
    SECOND,
    START,
    rules,
    slice_lists,
    use,
    watermarks,
)


def charged(rows: list[Slice], room: Rules = BOTH, watermark: int = END) -> tuple[Charge, ...]:
    return charges(month_use(rows, MONTH, room, watermark), room)


def of_rule(found: tuple[Charge, ...], rule: str) -> list[tuple[str, str, int]]:
    return [
        (charge.tenant, charge.price_version, charge.amount.micro) for charge in found if charge.rule == rule
    ]


def test_an_hour_costs_its_rate() -> None:
    """One core for an hour at 30 won is 30 won; a device that has no rate costs nothing but is listed."""
    only_rates = rules(replace(FIRST, pools=()))
    rows = [use(), use(resource="gpu:b", amount=2)]
    cpu, gpu = charged(rows, only_rates)
    assert (cpu.rule, cpu.amount, cpu.quantity) == ("rate", Money.won(30), 1000 * HOUR)
    assert (gpu.rule, gpu.amount, gpu.quantity) == ("unpriced", Money(), 2 * HOUR)


@given(slice_lists, watermarks)
def test_each_rate_charge_is_the_exact_price_to_a_micro_won(rows: list[Slice], watermark: int) -> None:
    """No charge is more than two micro-won from price x quantity, and each version and resource sums exactly."""
    found = [c for c in charged(rows, watermark=watermark) if c.rule == "rate"]
    sums: Counter[tuple[str, str]] = Counter()
    exact: defaultdict[tuple[str, str], Fraction] = defaultdict(Fraction)
    for charge in found:
        right = Fraction(charge.quantity * charge.price.micro, unit_hour(charge.resource))
        assert abs(charge.amount.micro - right) < 2
        sums[charge.price_version, charge.resource] += charge.amount.micro
        exact[charge.price_version, charge.resource] += right
    assert all(abs(sums[key] - value) <= Fraction(1, 2) for key, value in exact.items())


@given(slice_lists, watermarks, st.none() | watermarks)
def test_tenants_and_absorbed_are_the_pool(rows: list[Slice], watermark: int, since: int | None) -> None:
    """What tenants pay of a pool and what the operator absorbs is the accrued cost, to the micro-won."""
    usage = month_use(rows, MONTH, BOTH, watermark, since)
    sums: Counter[tuple[str, str]] = Counter()
    for charge in charges(usage, BOTH):
        if charge.rule.startswith("pool:"):
            sums[charge.price_version, charge.rule[5:]] += charge.amount.micro
    assert sums == {key: part.micro for key, (_, part) in pool_parts(usage, BOTH).items()}


@given(slice_lists, watermarks, st.randoms(use_true_random=False))
def test_neither_order_nor_cuts_change_a_charge(rows: list[Slice], watermark: int, random: Random) -> None:
    """Slices in another order, or cut anywhere, come to the same charges."""
    cut: list[Slice] = []
    for row in rows:
        middle = random.randint(row.start, row.end)
        cut += [replace(row, end=middle), replace(row, start=middle)]
    random.shuffle(cut)
    assert charged(cut, watermark=watermark) == charged(rows, watermark=watermark)


@given(slice_lists)
def test_the_order_of_tenants_changes_no_charge(rows: list[Slice]) -> None:
    """A bundle may name tenants, flavors and prices in any order."""
    turned = replace(BOTH, tenants=BOTH.tenants[::-1], flavors=BOTH.flavors[::-1], prices=BOTH.prices[::-1])
    assert charged(rows, turned) == charged(rows)


@given(slice_lists)
def test_how_a_tenant_names_its_projects_changes_no_tenants_sum(rows: list[Slice]) -> None:
    """Projects part a tenant's own charges and nobody else's."""

    def by_tenant(found: tuple[Charge, ...]) -> dict[tuple[str, str, str, str], int]:
        sums: Counter[tuple[str, str, str, str]] = Counter()
        for charge in found:
            sums[charge.tenant, charge.rule, charge.resource, charge.price_version] += charge.amount.micro
        return dict(sums)

    plain = [replace(row, project="") for row in rows]
    assert by_tenant(charged(rows)) == by_tenant(charged(plain))


@given(slice_lists)
def test_months_part_use_without_loss(rows: list[Slice]) -> None:
    """What October, November, December hold together is all of the use."""
    far = END + 40 * DAY
    months = ("2026-10", MONTH, "2026-12")
    total: Counter[tuple[str, str]] = Counter()
    for month in months:
        for (tenant, _, resource, _), quantity in month_use(rows, month, BOTH, far).use.items():
            total[tenant, resource] += quantity
    running = RunningTotals()
    for row in rows:
        running.add(row)
    assert total == {key: value for key, value in running.use.items() if value}


def test_a_price_edge_parts_an_hour_to_the_millisecond() -> None:
    """Use across a new price version is charged under each for its own time."""
    rows = [use(SECOND.start - 1000, hours=1)]
    quantities = {c.price_version: c.quantity for c in charged(rows) if c.rule == "rate"}
    assert quantities == {"v1": 1000 * 1000, "v2": 1000 * (HOUR - 1000)}


def test_a_pool_is_shared_by_weighted_use() -> None:
    """A flavor of value 2.5 bears two and a half times what one of value 1 bears."""
    room = rules(replace(FIRST, rates=(), pools=(POWER,)))
    rows = [use(resource="gpu:a", amount=1), use(resource="gpu:b", amount=1, tenant="t2")]
    won = Money.won(1_000_000).micro
    assert of_rule(charged(rows, room), "pool:power") == [
        ("t1", "v1", round(won * 2 / 7)), ("t2", "v1", round(won * 5 / 7)),
    ]  # fmt: skip


def test_a_pool_that_nobody_used_is_absorbed() -> None:
    """Where nobody used the measure the operator bears the cost, version by version."""
    found = charged([use()], rules(FIRST))
    assert of_rule(found, "pool:power") == [("", "v1", 10**12)]
    assert of_rule(found, "pool:floor") == [("t1", "v1", 333_333 * 10**6)]


def test_a_pools_month_is_parted_by_the_time_of_each_version() -> None:
    """A version in force for a part of the month brings that part of the cost, and together all of it."""
    parts = pool_parts(month_use([], MONTH, BOTH, END), BOTH)
    before, after = (parts[version, "power"][1].micro for version in ("v1", "v2"))
    assert before + after == POWER.monthly.micro
    assert abs(before - Fraction(POWER.monthly.micro * (SECOND.start - START), NOVEMBER.length)) < 1


def test_an_open_month_brings_what_has_passed_of_its_cost() -> None:
    """At a third of the month a third of the cost is there to be shared; use beyond the watermark is not."""
    room = rules(FIRST)
    third = START + NOVEMBER.length // 3
    found = charged([use(), use(third, tenant="t2")], room, third)
    assert of_rule(found, "pool:floor") == [("t1", "v1", FLOOR.monthly.micro // 3)]
    assert not month_use([], MONTH, room, third).complete
    assert month_use([], MONTH, room, END).complete


@given(watermarks, watermarks)
def test_cost_accrues_while_the_room_was_there(watermark: int, since: int) -> None:
    """A pool brings its month's cost for the time from the first fact of capacity to the watermark, no more."""
    room = rules(FIRST)
    usage = month_use([], MONTH, room, watermark, since)
    there = max(0, min(watermark, END) - max(since, START))
    sums = Counter({"power": 0, "floor": 0})
    for (_, name), (_, part) in pool_parts(usage, room).items():
        sums[name] += part.micro
    for pool in (POWER, FLOOR):
        assert abs(sums[pool.name] - Fraction(pool.monthly.micro * there, NOVEMBER.length)) < 1
    assert START <= usage.since <= usage.until <= END


def test_a_month_before_the_room_costs_nobody_anything() -> None:
    """Nothing was there to be used or absorbed: no line, neither a tenant's nor the operator's."""
    assert charges(month_use([], MONTH, BOTH, END + 9 * DAY, since=END + DAY), BOTH) == ()
    half = START + NOVEMBER.length // 2
    late = charges(month_use([], MONTH, rules(FIRST), END + 9 * DAY, since=half), rules(FIRST))
    assert of_rule(late, "pool:power") == [("", "v1", POWER.monthly.micro // 2)]


def test_time_before_the_first_price_costs_nothing() -> None:
    """Use under no price version is listed without price, and cost pools begin with their version."""
    room = rules(replace(SECOND, pools=(replace(FLOOR, name="late"),)))
    found = charged([use()], room)
    assert of_rule(found, "unpriced") == [("t1", "", 0)]
    ((tenant, version, micro),) = of_rule(found, "pool:late")
    assert (tenant, version) == ("", "v2")
    assert abs(micro - Fraction(FLOOR.monthly.micro * (END - SECOND.start), NOVEMBER.length)) < 1


def test_corrections_take_use_back() -> None:
    """A correction lowers the quantity, the charge and the pool's share as if it had never been metered."""
    row = use(hours=4)
    back = replace(row, start=row.end - HOUR, amount=-1000, corrects=row.key)
    other = use(hours=3, tenant="t2")
    assert charged([row, back, other]) == charged([replace(row, end=back.start), other])


def test_use_that_corrections_took_back_wholly_costs_nothing() -> None:
    """A slice and its whole correction leave a charge of nothing, and no share of a pool."""
    row = use()
    found = charged([row, replace(row, amount=-1000, corrects=row.key)], rules(FIRST))
    assert of_rule(found, "rate") == [("t1", "v1", 0)]
    assert of_rule(found, "pool:floor") == [("", "v1", FLOOR.monthly.micro)]


def test_running_totals_only_grow() -> None:
    """Corrections are counted apart, as a positive number; states hold everything that was written."""
    row = use()
    totals = RunningTotals()
    for item in (row, replace(row, amount=-400, corrects=row.key), replace(row, state=State.IDLE, tenant="")):
        totals.add(item)
    assert dict(totals.use) == {("t1", "cpu"): 1000 * HOUR}
    assert dict(totals.corrections) == {("t1", "cpu"): 400 * HOUR}
    assert dict(totals.states) == {(State.TENANT, "cpu"): 1000 * HOUR, (State.IDLE, "cpu"): 1000 * HOUR}


@pytest.mark.parametrize("measure", list(Measure))
def test_huge_use_stays_exact(measure: Measure) -> None:
    """Far beyond 64 bits the pool still sums to the micro-won."""
    pool = CostPool("big", Money(10**30 + 1), measure)
    room = rules(PriceVersion("v", START, (Rate("cpu", Money(10**15)),), (pool,)))
    rows = [
        use(amount=10**18 + n, resource=r, tenant=f"t{n}")
        for n in range(7)
        for r in ("cpu", "memory", "gpu:a")
    ]
    assert sum(micro for _, _, micro in of_rule(charged(rows, room), "pool:big")) == 10**30 + 1
