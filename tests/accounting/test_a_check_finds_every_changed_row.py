import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dure.accounting.charges import charges
from dure.accounting.check import Booked, Books, check
from dure.accounting.findings import Finding, Row, row_of, row_of_fact
from dure.accounting.months import month_of
from dure.accounting.usage import RunningTotals, month_use
from dure.model.money import Money
from dure.model.node import GpuFlavor, Node, NodeState
from dure.model.resources import Resources
from dure.model.rules import CostPool, Measure, PriceVersion, Rate, Rules
from dure.model.use import CapacityFact, Slice, State
from tests.accounting.histories import (
    HORIZON,
    POOL,
    History,
    device_numbers,
    histories,
    history_of,
    planner_rows,
    task_rows,
)

PRICES = (
    PriceVersion(
        "v1", 0, (Rate("cpu", Money(10**13 + 7)),), (CostPool("power", Money(10**12 + 1), Measure.GPU),)
    ),
    PriceVersion(
        "v2", HORIZON // 2, (Rate("cpu", Money(10**14)), Rate("gpu:a", Money(10**15 + 3))),
        (CostPool("power", Money(10**12 + 1), Measure.GPU), CostPool("floor", Money(10**9), Measure.CPU)),
    ),
)  # fmt: skip
RULES = Rules("room", "r", flavors=(GpuFlavor("a"), GpuFlavor("b", 2500)), prices=PRICES)
MONTH = month_of(0, RULES.timezone)


@dataclass(frozen=True)
class Kept:
    """A ledger's rows as lists, to be written from a history and then spoiled."""

    rows: list[Slice]
    facts: list[CapacityFact]
    totals: RunningTotals
    booked: Booked
    watermarks: dict[str, int]

    @classmethod
    def of(cls, history: History) -> "Kept":
        planner, facts, _ = planner_rows(history)
        rows = planner + task_rows(history)
        totals = RunningTotals()
        for row in rows:
            totals.add(row)
        written = charges(month_use(rows, MONTH, RULES, HORIZON), RULES)
        return cls(rows, facts, totals, Booked(MONTH, HORIZON, RULES, written), {POOL: HORIZON})

    def books(self) -> Books:
        totals = self.totals
        return Books(
            self.rows, self.facts, self.watermarks, (), totals.use, totals.states, totals.corrections,
            (self.booked,),
        )  # fmt: skip


def named(found: Sequence[Finding]) -> set[Row]:
    return {row for finding in found for row in finding.rows}


def spoil_slice(kept: Kept, random: Random) -> Row | None:
    """One slice, of either account, one millisecond or one unit off."""
    number = random.randrange(len(kept.rows))
    field = random.choice(("start", "end", "amount"))
    row = kept.rows[number]
    kept.rows[number] = replace(row, **{field: getattr(row, field) + random.choice((-1, 1))})
    return row_of(kept.rows[number])


def spoil_fact(kept: Kept, random: Random) -> Row | None:
    """One fact that changes a node's capacity, a millisecond or a millicore off."""
    number = random.randrange(len(kept.facts))
    fact = kept.facts[number]
    node = fact.node
    before = [other.node for other in kept.facts[:number] if other.node_id == fact.node_id]
    had = before[-1].capacity if before and before[-1] else Resources()
    if fact.at >= HORIZON - 1 or had == (node.capacity if node else Resources()):
        return None
    later = replace(fact, at=fact.at + random.choice((-1, 1)))
    if node is None or random.random() < 0.5:
        kept.facts[number] = later
    else:
        more = replace(node, capacity=node.capacity + Resources(random.choice((-1, 1))))
        kept.facts[number] = replace(fact, node=more)
    return row_of_fact(kept.facts[number])


def spoil_total(kept: Kept, random: Random) -> Row | None:
    """One running total, a millisecond of one unit off."""
    name, totals = random.choice((("use", kept.totals.use), ("states", kept.totals.states)))
    if not totals:
        return None
    sums: Any = totals
    key = random.choice(sorted(sums))
    sums[key] += random.choice((-1, 1))
    return Row("total", (name, *key))


def spoil_charge(kept: Kept, random: Random) -> Row | None:
    """One charge, a micro-won off, or a millisecond of one unit, or of a price that it does not have."""
    written = list(kept.booked.charges)
    number = random.randrange(len(written))
    charge = written[number]
    off = random.choice((-1, 1))
    written[number] = random.choice(
        (
            replace(charge, amount=charge.amount + Money(off)),
            replace(charge, quantity=charge.quantity + off),
            replace(charge, price=charge.price + Money(off)),
        )
    )
    object.__setattr__(kept, "booked", replace(kept.booked, charges=written))
    return Row("charge", charge.key)


def spoil_watermark(kept: Kept, random: Random) -> Row | None:
    """The watermark, a millisecond off."""
    if not kept.rows or max(row.end for row in kept.rows) < HORIZON:
        return None
    kept.watermarks[POOL] += random.choice((-1, 1))
    return Row("watermark", (POOL,))


@given(histories)
def test_a_true_ledger_has_no_findings(history: History) -> None:
    """What both accounts wrote of the same history holds together."""
    assert check(Kept.of(history).books()) == ()


@pytest.mark.parametrize("spoil", [spoil_slice, spoil_fact, spoil_total, spoil_charge, spoil_watermark])
@given(histories, st.randoms(use_true_random=False))
def test_one_unit_off_is_found_and_its_row_named(
    spoil: Callable[[Kept, Random], Row | None], history: History, random: Random
) -> None:
    """Whichever row is changed by one unit, the check fails and names it."""
    kept = Kept.of(history)
    if kept.rows and (row := spoil(kept, random)):
        assert row in named(check(kept.books()))


@pytest.mark.parametrize("account", ["planner", "local"])
def test_two_hundred_changed_rows_of_either_account_are_all_found(account: str) -> None:
    """200 times: one row of one account, one field, one unit; found and named each time by time alone."""
    random = Random(account)
    written = (Kept.of(history_of(seed)) for seed in itertools.count())
    with_rows = (kept for kept in written if any(row.source == account for row in kept.rows))
    for kept in itertools.islice(with_rows, 200):
        own = [number for number, row in enumerate(kept.rows) if row.source == account]
        number = random.choice(own)
        field = random.choice(("start", "end", "amount"))
        row = kept.rows[number]
        kept.rows[number] = replace(row, **{field: getattr(row, field) + random.choice((-1, 1))})
        found = check(Books(kept.rows, kept.facts, kept.watermarks))
        assert row_of(kept.rows[number]) in named(found), (field, row)


@given(histories, st.randoms(use_true_random=False))
def test_a_lost_or_doubled_row_is_found(history: History, random: Random) -> None:
    """A row that is gone leaves a gap over exactly its time; one that stands twice is named."""
    kept = Kept.of(history)
    if not kept.rows:
        return
    row = kept.rows.pop(random.randrange(len(kept.rows)))
    found = check(Books(kept.rows, kept.facts, kept.watermarks))
    assert any(f"{row.amount} missing over {row.start}..{row.end}" in str(finding) for finding in found)
    doubled = check(Books([*kept.rows, row, row], kept.facts, kept.watermarks))
    assert row_of(row) in named(doubled)


@given(histories, st.randoms(use_true_random=False))
def test_few_rows_are_suspected(history: History, random: Random) -> None:
    """A slice's amount that is off names that row alone, beside facts and watermarks of the same instants."""
    kept = Kept.of(history)
    if not kept.rows:
        return
    number = random.randrange(len(kept.rows))
    row = replace(kept.rows[number], amount=kept.rows[number].amount + 1)
    kept.rows[number] = row
    (finding, *_) = check(Books(kept.rows, kept.facts, kept.watermarks))
    assert finding.rows[0] == row_of(row) or all(
        (other.start, other.end) == (row.start, row.end)
        for other in kept.rows
        if row_of(other) == finding.rows[0]
    )


NODE = Node("n", POOL, Resources.of(4, 0, {"a": 2, "b": 1}))
FACT = CapacityFact(0, "n", NODE)
MARK = {POOL: 10}


def gpu(uid: str, start: int, end: int, devices: tuple[int, ...], flavor: str = "a") -> Slice:
    return Slice(
        "local", POOL, uid, 1, f"gpu:{flavor}", start, end, len(devices), State.TENANT, "n", "t", "u", "", uid,
        flavor, devices,
    )  # fmt: skip


def place(rows: list[Slice], capacity: Resources, state: NodeState = NodeState.UP) -> tuple[Finding, ...]:
    return check(Books(rows, (CapacityFact(0, "n", replace(NODE, capacity=capacity, state=state)),), MARK))


def test_a_device_used_twice_is_found_even_where_amounts_add_up() -> None:
    """Two tasks on one device are found though the node has enough of them."""
    rows = [gpu("j", 0, 10, (0,)), gpu("k", 0, 10, (0,))]
    (finding,) = place(rows, Resources.of(0, 0, {"a": 2}))
    assert set(finding.rows) == {row_of(row) for row in rows}
    assert "device 0 is used twice" in finding.what


def test_devices_belong_to_their_flavor_and_match_their_number() -> None:
    """A device of another flavor, and a list that does not match the amount, are found."""
    capacity = Resources.of(0, 0, {"a": 1, "b": 1})
    sound = [gpu("j", 0, 10, (0,)), gpu("k", 0, 10, (1,), "b")]
    assert place(sound, capacity) == ()
    (finding,) = place([sound[0], replace(sound[1], devices=(0,))], capacity)
    assert (finding.rows[0].key[2], finding.what) == ("k", "names device 0")
    (finding,) = place([sound[0], replace(sound[1], devices=(1, 2))], capacity)[:1]
    assert "names devices (1, 2)" in finding.what


def test_a_corrected_device_may_be_used_again() -> None:
    """From where a correction takes a device back another task may have it."""
    first = gpu("j", 0, 10, (0,))
    back = replace(first, start=4, amount=-1, corrects=first.key)
    rows = [first, back, gpu("k", 4, 10, (0,))]
    assert place(rows, Resources.of(0, 0, {"a": 1})) == ()


def test_corrections_take_only_what_there_is() -> None:
    """A correction names a row of its tenant, lies within it and takes no more than its amount."""
    row = replace(gpu("j", 0, 10, (0,)), resource="cpu", flavor="", devices=(), amount=2)
    rest = replace(row, source="planner", uid="n", tenant="", state=State.IDLE, amount=2)
    back = replace(row, start=4, amount=-1, corrects=row.key)
    late = replace(rest, attempt=1, start=4, amount=1)
    capacity = Resources(4)
    assert place([row, rest, back, late], capacity) == ()
    for wrong in (
        replace(back, amount=-3), replace(back, end=11), replace(back, corrects=rest.key),
        replace(back, start=-1), replace(back, tenant="other"), replace(back, amount=1),
    ):  # fmt: skip
        assert row_of(wrong) in named(place([row, rest, wrong, late], capacity)), wrong


def test_down_is_what_the_facts_call_down() -> None:
    """The planner's row of a node that was up cannot say down, nor idle of one that was down."""
    row = Slice("planner", POOL, "n", 0, "cpu", 0, 10, 4, State.DOWN, "n")
    capacity = Resources(4)
    assert place([row], capacity, NodeState.DOWN) == ()
    fact = Row("capacity", ("n", 0))
    assert named(place([row], capacity)) == {row_of(row), fact}
    assert named(place([replace(row, state=State.IDLE)], capacity, NodeState.DOWN)) == {row_of(row), fact}
    assert place([replace(row, state=State.UNOBSERVED)], capacity, NodeState.DOWN) == ()


def test_what_is_in_quarantine_explains_a_gap_and_no_more() -> None:
    """Use that was set aside is missing visibly elsewhere; a gap wider than it is a finding all the same."""
    idle = Slice("planner", POOL, "n", 0, "cpu", 0, 10, 1, State.IDLE, "n")
    aside = replace(idle, source="local", uid="j.0", amount=3, state=State.TENANT, tenant="who")
    facts = (CapacityFact(0, "n", replace(NODE, capacity=Resources(4))),)
    assert check(Books([idle], facts, MARK, (aside,))) == ()
    assert check(Books([idle], facts, MARK, (replace(aside, end=9),))) != ()
    assert check(Books([replace(idle, end=9)], facts, MARK, (aside,))) != ()


def test_a_charge_that_stands_twice_is_found() -> None:
    """A charge written twice is named even where it is right each time."""
    kept = Kept.of(history_of(3))
    twice = replace(kept.booked, charges=[*kept.booked.charges, kept.booked.charges[0]])
    found = check(replace(kept.books(), booked=(twice,)))
    assert named(found) == {Row("charge", kept.booked.charges[0].key)}


def test_use_where_nothing_was_is_found() -> None:
    """Rows of a pool without watermark, of a node without facts, or of a flavor that it lacks are too much."""
    row = gpu("j", 0, 10, (0,))
    for facts, marks in (
        ((FACT,), {}),
        ((), MARK),
        ((replace(FACT, node=replace(NODE, capacity=Resources())),), MARK),
    ):
        assert row_of(row) in named(check(Books([row], facts, marks)))


def test_findings_say_what_is_expected() -> None:
    """A finding reads as a sentence: the rows, what is wrong, what would be right."""
    row = Slice("planner", POOL, "n", 0, "cpu", 0, 9, 4, State.IDLE, "n")
    (finding,) = place([row], Resources(4))
    assert str(finding) == (
        "slice planner/p/n/0/cpu/0; watermark p: 4 missing over 9..10; "
        "expected 4 of cpu on n in all states together"
    )


@example(history_of(3))
@given(histories)
def test_devices_of_histories_are_of_their_flavor(history: History) -> None:
    """The histories that these tests rest on name devices as nodes number them."""
    for task in history.tasks:
        if task.ended > task.started and task.flavor:
            numbers = device_numbers(history.capacity_at(task.node, task.started), task.flavor)
            assert set(task.devices) <= numbers
