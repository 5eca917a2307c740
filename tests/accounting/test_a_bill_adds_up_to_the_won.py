import json
from dataclasses import replace
from fractions import Fraction
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from dure.accounting.bill import Bill, bill
from dure.accounting.bill_form import bill_json, instant_text
from dure.accounting.charges import charges
from dure.accounting.split import nearest
from dure.accounting.usage import month_use
from dure.model.money import MICRO, Money
from dure.model.rules import Rate, Rules
from dure.model.tenant import Tenant
from dure.model.use import Slice, State
from tests.accounting.billing_rooms import (
    BOTH,
    END,
    FIRST,
    FLOOR,
    MONTH,
    POWER,
    START,
    rules,
    slice_lists,
    use,
    watermarks,
)


def billed(rows: list[Slice], room: Rules = BOTH, watermark: int = END) -> Bill:
    return bill(month_use(rows, MONTH, room, watermark), room)


@given(slice_lists, watermarks)
def test_won_are_made_once_and_add_up(rows: list[Slice], watermark: int) -> None:
    """Tenants and absorbed are the month's micro-won to the nearest won; lines and projects are each whole."""
    made = billed(rows, watermark=watermark)
    statements = [*made.statements, made.absorbed]
    lines = [line for statement in statements for line in statement.lines]
    assert made.supply == nearest(sum(line.charge.amount.micro for line in lines), MICRO)
    for statement in statements:
        assert sum(line.won for line in statement.lines) == statement.supply
        assert sum(won for _, won in statement.projects) == statement.supply
    assert all(abs(line.won * MICRO - line.charge.amount.micro) < MICRO for line in lines)


@given(slice_lists, st.randoms(use_true_random=False))
def test_a_bill_is_the_same_in_any_order(rows: list[Slice], random: Random) -> None:
    """The order of slices, charges and tenants changes nothing of a bill."""
    usage = month_use(rows, MONTH, BOTH, END)
    mixed = list(charges(usage, BOTH))
    random.shuffle(mixed)
    turned = replace(BOTH, tenants=BOTH.tenants[::-1])
    assert bill(usage, turned, mixed) == billed(rows)


def test_vat_is_a_tenth_rounded_down_once() -> None:
    """VAT is the floor of a tenth of the statement's supply value, not of its lines."""
    room = rules(replace(FIRST, rates=(Rate("cpu", Money.won(19)), Rate("memory", Money.won(20))), pools=()))
    (statement,) = billed([use(), use(resource="memory", amount=1024)], room).statements
    assert [line.won for line in statement.lines] == [19, 20]
    assert (statement.supply, statement.vat, statement.total) == (39, 3, 42)


def test_what_the_operator_absorbs_bears_no_vat() -> None:
    """An unused pool stands on the operator's account alone."""
    made = billed([], rules(FIRST))
    assert made.statements == ()
    assert (made.absorbed.supply, made.absorbed.vat) == (1_333_333, 0)
    assert [line.charge.rule for line in made.absorbed.lines] == ["pool:floor", "pool:power"]


def test_names_are_the_rules_own_in_both_languages() -> None:
    """Tenants, pools and resources are called as the policy calls them; one language stands in for the other."""
    rows = [
        use(tenant=tenant, resource=r) for tenant in ("t1", "t2", "t3", "t9") for r in ("memory", "gpu:a")
    ]
    made = billed(rows, rules(FIRST))
    names = [(statement.name, statement.name_ko) for statement in made.statements]
    assert names == [("One", "하나"), ("Two", "Two"), ("셋", "셋"), ("t9", "t9")]
    lines = {(line.name, line.name_ko, line.unit) for line in made.statements[0].lines}
    assert lines == {
        ("Memory", "메모리", "GiB-hours"), ("GPU a", "GPU a", "device-hours"), ("power", "전기", "value-hours"),
    }  # fmt: skip


def test_quantities_are_unit_hours() -> None:
    """Millicores, MiB and weighted devices are shown as core-, GiB- and value-hours."""
    rows = [use(amount=1500), use(resource="memory", amount=512), use(resource="gpu:b", amount=3)]
    (statement,) = billed(rows, rules(FIRST)).statements
    quantities = {line.charge.resource: line.quantity for line in statement.lines}
    assert quantities == {"cpu": "1.500000", "memory": "0.500000", "gpu:b": "3.000000", "gpu": "7.500000"}


def test_an_open_month_says_up_to_when_it_is_metered() -> None:
    """A bill before the month's end states its watermark and that it is still open."""
    form = bill_json(billed([use()], watermark=START + 5_400_123))
    assert (form["watermark"], form["state"]) == ("2026-10-31T16:30:00.123Z", "open")
    assert bill_json(billed([use()]))["state"] == "metered"


@given(slice_lists)
def test_the_json_form_is_plain_and_holds_every_won(rows: list[Slice]) -> None:
    """What API and command line show is JSON as it is, and its won are the bill's."""
    made = billed(rows)
    form = json.loads(json.dumps(bill_json(made)))
    assert form == bill_json(made)
    statements = [*form["tenants"], form["absorbed"]]
    assert (
        sum(line["amount_won"] for s in statements for line in s["lines"]) == form["pool_won"] == made.supply
    )
    assert sum(s["supply_won"] for s in form["tenants"]) + form["absorbed_won"] == made.supply


def test_a_line_reads_as_the_wire_has_it() -> None:
    """Every field of a line that the command line reads is there, micro-won as text."""
    room = rules(replace(FIRST, rates=(Rate("cpu", Money(33_333_333)),), pools=()))
    (line,) = bill_json(billed([use(hours=2, project="x")], room))["tenants"][0]["lines"]
    assert line == {
        "description": {"en": "CPU", "ko": "CPU"}, "project": "x", "resource": "cpu", "rule": "rate",
        "price_version": "v1", "quantity": "2.000000", "unit": "core-hours", "unit_price_won": 33.333333,
        "amount_won": 67, "amount_micro": "66666666",
    }  # fmt: skip


@given(slice_lists, watermarks)
def test_a_reader_can_check_a_line(rows: list[Slice], watermark: int) -> None:
    """Quantity as shown times unit price as shown is the amount, to what six decimals and whole won leave open."""
    form = bill_json(billed(rows, watermark=watermark))
    lines = [line for s in form["tenants"] for line in s["lines"] if line["rule"] == "rate"]
    for line in lines:
        shown = Fraction(line["quantity"]) * Fraction(line["unit_price_won"])
        assert abs(shown - line["amount_won"]) < 1 + Fraction(line["unit_price_won"]) / 10**6


def test_a_short_run_shows_what_it_costs() -> None:
    """A fraction of a second is no quantity of zero: 216 ms of a device at 150,000 won an hour are 9 won."""
    room = rules(replace(FIRST, rates=(Rate("gpu:a", Money.won(150_000)),), pools=()))
    short = use(resource="gpu:a", amount=1)
    (line,) = bill_json(billed([replace(short, end=short.start + 216)], room))["tenants"][0]["lines"]
    assert (line["quantity"], line["unit_price_won"], line["amount_won"]) == ("0.000060", 150_000, 9)


def test_a_share_of_a_pool_has_no_unit_price() -> None:
    """The month's cost is no price of a unit; rates have one, and what has no rate is free."""
    rows = [use(), use(resource="gpu:a"), use(resource="gpu:b")]
    lines = bill_json(billed(rows, rules(FIRST)))["tenants"][0]["lines"]
    prices = {line["rule"] + " " + line["resource"]: line["unit_price_won"] for line in lines}
    assert prices == {
        "rate gpu:a": 1200, "rate cpu": 30, "pool:floor cpu": None, "pool:power gpu": None, "unpriced gpu:b": 0,
    }  # fmt: skip


def test_lines_stand_in_reading_order() -> None:
    """Project by project: GPUs, CPU and memory at their rates, then pools, then what has no price; ties by id."""
    rates = tuple(Rate(name, Money.won(1)) for name in ("memory", "cpu", "gpu:b", "gpu:a"))
    room = rules(replace(FIRST, rates=rates, pools=(POWER, FLOOR)))
    names = ("other", "memory", "cpu", "gpu:b", "gpu:a")
    rows = [use(resource=name, project=project) for project in ("y", "x") for name in names]
    (statement,) = billed(rows, room).statements
    own = [
        "rate gpu:a",
        "rate gpu:b",
        "rate cpu",
        "rate memory",
        "pool:floor cpu",
        "pool:power gpu",
        "unpriced other",
    ]
    read = [(line.charge.project, f"{line.charge.rule} {line.charge.resource}") for line in statement.lines]
    assert read == [(project, name) for project in ("x", "y") for name in own]


def test_a_tenant_sees_itself_and_a_sum_of_the_others() -> None:
    """The form for one tenant names no other, nor what another pays."""
    made = billed([use(), use(tenant="t2", hours=7), use(tenant="t3", hours=2)], rules(FIRST))
    form = bill_json(made, lambda tenant: tenant == "t1")
    text = json.dumps(form, ensure_ascii=False)
    assert not any(name in text for name in ("t2", "Two", "t3", "셋"))
    assert "absorbed" not in form
    assert form["others_won"] == made.statements[1].supply + made.statements[2].supply


def test_a_tenant_without_use_owes_nothing() -> None:
    """Nothing used is no statement, and no error."""
    made = billed([], rules(FIRST))
    assert made.of("t1") is None
    assert bill_json(made, lambda tenant: tenant == "t1")["tenants"] == []


def test_a_statement_names_those_above_its_tenant() -> None:
    """A branch of the tenant tree can be told by the path of each statement, nearest first."""
    room = replace(rules(FIRST), tenants=(Tenant("top"), Tenant("mid", "top"), Tenant("t1", "mid")))
    paths = [statement.path for statement in billed([use(), use(tenant="t9")], room).statements]
    assert paths == [("t1", "mid", "top"), ()]


def test_the_room_is_summed_by_state() -> None:
    """The bill tells how long the room's resources were used and how long they were not."""
    rows = [use(amount=2000), replace(use(amount=500, tenant=""), state=State.IDLE)]
    assert bill_json(billed(rows))["states"] == [
        {"state": "idle", "resource": "cpu", "quantity": "0.500000", "unit": "core-hours"},
        {"state": "tenant", "resource": "cpu", "quantity": "2.000000", "unit": "core-hours"},
    ]


def test_instants_are_written_with_milliseconds() -> None:
    """An instant is ISO 8601 in UTC."""
    assert instant_text(0) == "1970-01-01T00:00:00.000Z"
