import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dure.accounting.charges import charges
from dure.accounting.months import month_interval
from dure.accounting.usage import month_use
from dure.ledger import NothingToBill, SqlLedger, open_ledger
from dure.model.instants import MINUTE, Interval
from dure.model.money import Money
from dure.model.node import Node
from dure.model.resources import Resources
from dure.model.rules import Rate, Rules
from dure.model.use import CapacityFact, Slice
from tests.ledger.small_room import MONTH, POOL, PRICES, RULES, T0, SmallRoom, Told

DECEMBER = month_interval("2026-12", "Asia/Seoul").start


def take(ledger: SqlLedger, told: Told) -> None:
    ledger.ingest("local", POOL, told.watermark, told.slices, told.planner, told.capacity)


def entries(ledger: SqlLedger) -> int:
    return dict(ledger.check().rows)["charges"]


def holds(ledger: SqlLedger, *months: str) -> None:
    """What was booked is what the month's use comes to, and the whole ledger holds together."""
    assert ledger.check().findings == ()
    for month in months:
        rules = ledger.policies()[-1][1]
        assert ledger.booked(month) == charges(ledger.month_use(month), rules)


@settings(max_examples=6)
@given(st.integers(0, 10_000), st.lists(st.booleans(), min_size=4, max_size=4))
def test_however_often_booked_the_sum_is_the_charge(
    empty_file: Path, tmp_path_factory: pytest.TempPathFactory, seed: int, book_after: list[bool]
) -> None:
    """Booked after any of the batches, the entries add up to the charges of all use at once."""
    ledger = open_ledger(shutil.copy(empty_file, tmp_path_factory.mktemp("ledger")))
    ledger.record_policy(T0, RULES.version, RULES)
    for told, book in zip(SmallRoom(seed, 4).tell(), book_after, strict=True):
        take(ledger, told)
        if book:
            ledger.book()
    ledger.book()
    holds(ledger, MONTH)
    ledger.close()


def test_a_months_use_is_the_sum_of_its_slices(path: Path) -> None:
    """Added up by the database a span at a time, it is what adding the slices one by one gives, edges and all."""
    dear = replace(PRICES, id="dear", start=DECEMBER - MINUTE - 1)
    rules = replace(RULES, prices=(PRICES, dear))
    ledger = SmallRoom(minutes=4, start=DECEMBER - 2 * MINUTE - 7).fill(open_ledger(path))
    ledger.record_policy(0, "v2", rules)
    for month in ("2026-10", "2026-11", "2026-12", "2027-01"):
        use = ledger.month_use(month)
        every = [*ledger.slices(Interval(0, 2**53)), *ledger.states(Interval(0, 2**53))]
        assert use == month_use(every, month, rules, use.until, use.since)
    assert {key[3] for key in ledger.month_use("2026-11").use} == {PRICES.id, "dear"}
    ledger.close()


def test_booking_again_writes_nothing(filled: SqlLedger) -> None:
    """Without new use there is no difference to enter."""
    assert [booking.month for booking in filled.book()] == [MONTH]
    before = entries(filled)
    assert before > 0
    assert filled.book() == ()
    assert entries(filled) == before


def test_booked_as_of_an_earlier_instant_the_rest_follows(filled: SqlLedger) -> None:
    """A booking may stop short of the watermark, and asked for more than is metered it stops there."""
    (first,) = filled.book(T0 + 90_000)
    assert first.until == T0 + 90_000
    (second,) = filled.book(T0 + 1_000 * MINUTE)
    assert second.until == T0 + 5 * MINUTE
    holds(filled, MONTH)


def test_use_over_a_months_end_is_booked_in_both(path: Path) -> None:
    """Slices that cross midnight in Seoul are parted there, to the millisecond."""
    room = SmallRoom(minutes=4, start=DECEMBER - 2 * MINUTE - 7)
    ledger = room.fill(open_ledger(path))
    assert [(made.month, made.until) for made in ledger.book()] == [
        ("2026-11", DECEMBER),
        ("2026-12", DECEMBER + 2 * MINUTE - 7),
    ]
    assert ledger.bill("2026-11").complete
    assert not ledger.bill("2026-12").complete
    holds(ledger, "2026-11", "2026-12")
    ledger.close()


def correction_of(item: Slice, taken_ms: int) -> Slice:
    return replace(item, start=item.end - taken_ms, amount=-item.amount, corrects=item.key, devices=())


def test_a_correction_takes_back_what_it_corrects(path: Path) -> None:
    """Taken-back use is a negative entry in the month it was used in; nothing is written again."""
    room = SmallRoom(minutes=4, start=DECEMBER - 2 * MINUTE)
    ledger = room.fill(open_ledger(path))
    ledger.book()
    item = next(
        s for s in ledger.slices(Interval(0, DECEMBER)) if s.resource == "cpu" and s.end - s.start > 100
    )
    before = {charge.key: charge for charge in ledger.booked("2026-11")}
    free = replace(
        item, source="planner", uid=item.node, attempt=99, start=item.end - 10, tenant="", user="", project="",
        job="", state=next(ledger.states(Interval(0, DECEMBER))).state,
    )  # fmt: skip
    ledger.ingest("local", POOL, DECEMBER + 2 * MINUTE, [correction_of(item, 10)], [free])
    assert [made.month for made in ledger.book()] == ["2026-11", "2026-12"]
    after = {charge.key: charge for charge in ledger.booked("2026-11")}
    key = ("2026-11", item.tenant, item.project, "rate", "cpu", PRICES.id)
    assert before[key].quantity - after[key].quantity == 10 * item.amount
    assert ledger.totals().corrections == {(item.tenant, "cpu"): 10 * item.amount}
    holds(ledger, "2026-11", "2026-12")
    ledger.close()


def test_a_new_policy_reprices_by_entries_and_old_bookings_still_hold(path: Path) -> None:
    """Prices renamed and changed: the old charges are entered back, the new ones in; the check follows both."""
    dearer = replace(PRICES, id="2026-11b", rates=(Rate("cpu", Money.won(74)),))
    new: Rules = replace(RULES, version="v2", prices=(dearer,))
    ledger = open_ledger(path)
    ledger.record_policy(T0, RULES.version, RULES)
    batches = list(SmallRoom(minutes=3).tell())
    take(ledger, batches[0])
    ledger.book()
    assert {charge.price_version for charge in ledger.booked(MONTH)} == {PRICES.id}
    ledger.record_policy(batches[1].watermark, new.version, new)
    assert ledger.check().findings == ()
    for told in batches[1:]:
        take(ledger, told)
        ledger.book()
        holds(ledger, MONTH)
    assert {charge.price_version for charge in ledger.booked(MONTH)} == {dearer.id}
    ledger.close()


def test_a_month_before_the_room_is_not_billed(filled: SqlLedger) -> None:
    """Cost pools begin with the first recorded node: October has nothing, and November only what is metered."""
    made = filled.bill("2026-10")
    assert (made.supply, made.statements, made.absorbed.lines, made.complete) == (0, (), (), True)
    assert filled.bill(MONTH).since == T0
    shared = sum(
        charge.amount.micro
        for charge in charges(filled.month_use(MONTH), RULES)
        if charge.rule == "pool:power"
    )
    whole = month_interval(MONTH, "Asia/Seoul").length
    assert abs(shared - PRICES.pools[0].monthly.micro * 5 * MINUTE / whole) < 1


def test_a_later_fact_of_earlier_capacity_moves_no_booked_charge(filled: SqlLedger) -> None:
    """Another pool's nodes, found later but there before: what was booked is still what the check works out."""
    filled.book()
    before = filled.booked(MONTH)
    node = Node("late", "other", Resources(1_000))
    filled.ingest("slurm", "other", T0, [], [], [CapacityFact(T0 - MINUTE, node.id, node)])
    assert filled.bill(MONTH).since == T0
    assert filled.booked(MONTH) == before
    assert not any("charge" in str(finding) for finding in filled.check().findings)


def test_without_policy_or_use_there_is_nothing_to_bill(ledger: SqlLedger) -> None:
    """An empty ledger says so; with a policy alone the bill is empty, and a bad month is named."""
    for ask in (ledger.book, lambda: ledger.bill(MONTH)):
        with pytest.raises(NothingToBill, match="no policy yet"):
            ask()
    ledger.record_policy(T0, RULES.version, RULES)
    assert ledger.book() == ()
    assert ledger.bill(MONTH).supply == 0
    with pytest.raises(ValueError, match="no month"):
        ledger.bill("2026-13")


def test_pools_that_the_rules_no_longer_name_hold_nothing_back(filled: SqlLedger) -> None:
    """A pool that was taken out long ago keeps its old watermark, and bills go on."""
    filled.ingest("slurm", "retired", T0 + MINUTE, [])
    assert filled.bill(MONTH).until == T0 + 5 * MINUTE
