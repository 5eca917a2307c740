import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dure.ledger import SqlLedger, open_ledger
from dure.model.instants import MINUTE, Interval
from dure.model.node import Node
from dure.model.resources import Resources
from dure.model.use import CapacityFact, State
from dure.ports import Ingested
from tests.ledger.small_room import NODES, POOL, RULES, T0, SmallRoom

ALL = Interval(T0 - MINUTE, T0 + 10_000 * MINUTE)


def ingest_all(ledger: SqlLedger, room: SmallRoom) -> list[Ingested]:
    return [
        ledger.ingest("local", POOL, told.watermark, told.slices, told.planner, told.capacity)
        for told in room.tell()
    ]


def test_the_same_batches_again_change_nothing(filled: SqlLedger) -> None:
    """A backend may be asked again after a crash: what stands already is counted as known."""
    before = (filled.totals(), list(filled.slices(ALL)), list(filled.states(ALL)), filled.capacity())
    again = ingest_all(filled, SmallRoom())
    assert sum(done.new + done.quarantined for done in again) == 0
    assert sum(done.known for done in again) == len(before[1]) + len(before[2])
    assert (filled.totals(), list(filled.slices(ALL)), list(filled.states(ALL)), filled.capacity()) == before


def test_what_was_written_is_read_back(filled: SqlLedger) -> None:
    """Slices of both accounts come back by start, equal in every field, with the facts of capacity."""
    told = list(SmallRoom().tell())
    written = [slice_ for batch in told for slice_ in batch.slices]
    assert sorted(filled.slices(ALL), key=repr) == sorted(written, key=repr)
    stated = [slice_ for batch in told for slice_ in batch.planner]
    assert sorted(filled.states(ALL), key=repr) == sorted(stated, key=repr)
    starts = [slice_.start for slice_ in filled.slices(ALL)]
    assert starts == sorted(starts)
    assert filled.capacity() == tuple(CapacityFact(T0, node.id, node) for node in NODES)


def test_only_what_meets_the_interval_is_read(filled: SqlLedger) -> None:
    """The interval is half-open, and so are the slices."""
    some = Interval(T0 + MINUTE, T0 + 2 * MINUTE)
    expected = [s for s in filled.slices(ALL) if s.start < some.end and s.end > some.start]
    assert 0 < len(expected) < len(list(filled.slices(ALL)))
    assert list(filled.slices(some)) == expected


def test_a_known_key_with_other_content_is_put_aside_once(filled: SqlLedger) -> None:
    """Of two accounts of the same use the first one stands; the second waits for someone to rule on it."""
    slice_ = next(filled.slices(ALL))
    other = replace(slice_, amount=slice_.amount + 1)
    before = filled.totals()
    first = filled.ingest("local", POOL, T0, [other, slice_])
    second = filled.ingest("local", POOL, T0, [other])
    assert (first, second) == (Ingested(0, 1, 1), Ingested(0, 1, 0))
    assert filled.totals() == replace(before, quarantined=1)


def test_a_slice_twice_in_one_batch_is_written_once(ledger: SqlLedger) -> None:
    """A batch is a set: order and repetition mean nothing."""
    ledger.record_policy(T0, "v1", RULES)
    told = next(SmallRoom().tell())
    twice = (*told.slices, *reversed(told.slices))
    done = ledger.ingest("local", POOL, told.watermark, twice, told.planner, told.capacity)
    assert done.known == len(told.slices)
    assert done.quarantined == 0


def test_the_cursor_never_goes_back(ledger: SqlLedger) -> None:
    """What was complete up to a watermark stays complete."""
    assert ledger.watermark("local", POOL) is None
    for watermark in (T0 + 2, T0 + 1):
        ledger.ingest("local", POOL, watermark, [])
    assert ledger.watermark("local", POOL) == T0 + 2
    assert ledger.watermark("local", "other") is None
    assert ledger.totals().watermarks == {("local", POOL): T0 + 2}


def test_running_totals_are_the_sum_of_what_was_written(filled: SqlLedger) -> None:
    """Use and states are amount x ms, exact, whatever the number of batches."""
    use: dict[tuple[str, str], int] = {}
    states: dict[tuple[State, str], int] = {}
    for slice_ in (*filled.slices(ALL), *filled.states(ALL)):
        product = slice_.amount * (slice_.end - slice_.start)
        states[slice_.state, slice_.resource] = states.get((slice_.state, slice_.resource), 0) + product
        if slice_.state is State.TENANT:
            use[slice_.tenant, slice_.resource] = use.get((slice_.tenant, slice_.resource), 0) + product
    totals = filled.totals()
    assert totals.use == use
    assert totals.states == states
    whole = sum(n for (_, resource), n in states.items() if resource == "cpu")
    assert whole == 6_000 * 5 * MINUTE


@settings(max_examples=10)
@given(st.lists(st.integers(2**40, 2**52), min_size=1, max_size=8))
def test_totals_beyond_64_bits_lose_nothing(
    empty_file: Path, tmp_path_factory: pytest.TempPathFactory, spans: list[int]
) -> None:
    """Products of large amounts and long times are added as Python integers and stored as text."""
    ledger = open_ledger(shutil.copy(empty_file, tmp_path_factory.mktemp("ledger")))
    slice_ = next(iter(next(SmallRoom().tell()).planner))
    many = [replace(slice_, uid=f"n{i}", start=0, end=span, amount=2**53) for i, span in enumerate(spans)]
    ledger.ingest("local", POOL, T0, [], many)
    assert ledger.totals().states == {(slice_.state, slice_.resource): sum(spans) * 2**53}
    ledger.close()


@pytest.mark.parametrize(
    "wrong", [{"end": 0}, {"amount": 2**63}, {"start": -(2**70)}, {"devices": (2**64,)}, {"job": "\ud800"}]
)
def test_what_no_row_can_hold_is_put_aside_whole(filled: SqlLedger, wrong: dict[str, object]) -> None:
    """Not even nonsense is refused or lost, and it stops nothing else."""
    slice_ = next(filled.slices(ALL))
    before = filled.totals()
    done = filled.ingest("local", POOL, T0, [replace(slice_, **wrong), slice_])  # type: ignore[arg-type]  # fields by name
    assert done == Ingested(0, 1, 1)
    assert filled.totals() == replace(before, quarantined=1)


def test_of_several_facts_at_one_instant_the_last_counts(ledger: SqlLedger) -> None:
    """A node that changes twice in a millisecond has the capacity that it ended with."""
    small, large = (Node("n", POOL, Resources(cpu)) for cpu in (1, 2))
    facts = [CapacityFact(T0, "n", small), CapacityFact(T0, "n", large), CapacityFact(T0 + 1, "n", None)]
    for _ in range(2):
        ledger.ingest("local", POOL, T0, [], capacity=facts)
    assert ledger.capacity() == tuple(facts[1:])


def test_a_policy_version_counts_from_its_instant_and_once(ledger: SqlLedger) -> None:
    """The version in force recorded again changes nothing, one that returns does, and time never goes back."""
    other = replace(RULES, version="v2")
    for at, rules in ((T0, RULES), (T0 + 1, RULES), (T0 + 5, other), (T0 + 3, RULES)):
        ledger.record_policy(at, rules.version, rules)
    assert ledger.policies() == ((T0, RULES), (T0 + 5, other), (T0 + 5, RULES))
    assert ledger.control.policy_versions() == ((T0, "v1"), (T0 + 5, "v2"), (T0 + 5, "v1"))
