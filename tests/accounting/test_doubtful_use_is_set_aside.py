from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dure.accounting.overlap import TOLERANCE
from dure.accounting.quarantine import Context, Doubt, Quarantined, Skew, examine
from dure.accounting.states import StateAccount
from dure.accounting.timeline import levels
from dure.model.change import Starting, Submitted, TaskEnded, TaskStarted
from dure.model.job import Job, Placement, TaskGroup
from dure.model.node import Node
from dure.model.resources import Resources
from dure.model.use import CapacityFact, Slice, SliceKey, State
from tests.accounting.histories import POOL, History, histories, task_rows

NODE = Node("n1", POOL, Resources.of(4, 8, {"a": 2}))
FACTS = (CapacityFact(0, "n1", NODE),)
CONTEXT = Context(100_000, frozenset({"t"}), frozenset({"a"}), FACTS)
GOOD = Slice("local", POOL, "j.0", 1, "cpu", 10, 20_000, 3, State.TENANT, "n1", "t", "u", "", "j")
KEY: SliceKey = ("local", POOL, "j.0", 1, "cpu", 10)


def test_sound_use_is_accepted_as_it_is() -> None:
    """Use of a known tenant within capacity and time is not touched."""
    assert examine([GOOD], CONTEXT).accepted == (GOOD,)


@pytest.mark.parametrize(
    ("item", "doubt"),
    [
        (replace(GOOD, end=9), Doubt.BACKWARDS),
        (replace(GOOD, end=100_001), Doubt.FUTURE),
        (replace(GOOD, tenant="who"), Doubt.UNKNOWN_TENANT),
        (replace(GOOD, resource="gpu:b", flavor="b"), Doubt.UNKNOWN_FLAVOR),
        (replace(GOOD, resource="disk"), Doubt.UNKNOWN_FLAVOR),
        (replace(GOOD, node="n9"), Doubt.UNKNOWN_NODE),
        (replace(GOOD, amount=0), Doubt.NO_AMOUNT),
        (replace(GOOD, amount=-1), Doubt.NO_AMOUNT),
        (replace(GOOD, amount=1, corrects=KEY), Doubt.NO_AMOUNT),
        (replace(GOOD, amount=5), Doubt.OVER_CAPACITY),
    ],
)
def test_each_doubt_is_named_and_stops_no_other_slice(item: Slice, doubt: Doubt) -> None:
    """What is doubtful is set aside with its reason; what came with it is accepted."""
    other = replace(GOOD, uid="k.0", amount=1)
    examined = examine([item, other], CONTEXT)
    assert examined.quarantined == (Quarantined(item, doubt),)
    assert examined.accepted == (other,)


def test_overlap_within_the_tolerance_is_cut_at_the_later_start() -> None:
    """Two seconds of overlap are clocks that disagree: the earlier use ends where the later begins."""
    later = replace(GOOD, uid="k.0", start=GOOD.end - TOLERANCE, end=50_000)
    examined = examine([GOOD, later], CONTEXT)
    assert examined.accepted == (replace(GOOD, end=later.start), later)
    assert examined.skews == (Skew(GOOD, later.start),)
    assert examined.quarantined == ()


def test_overlap_beyond_the_tolerance_sets_the_later_aside() -> None:
    """A millisecond more than the tolerance is no skew any more: the later use is doubted whole."""
    later = replace(GOOD, uid="k.0", start=GOOD.end - TOLERANCE - 1, end=50_000)
    examined = examine([GOOD, later], CONTEXT)
    assert examined.accepted == (GOOD,)
    assert examined.quarantined == (Quarantined(later, Doubt.OVER_CAPACITY),)


def test_overlap_that_fits_is_no_overlap() -> None:
    """Use may overlap as much as the node has."""
    other = replace(GOOD, uid="k.0", amount=1)
    assert examine([GOOD, other], CONTEXT).accepted == (GOOD, other)


def test_what_stands_gives_way_to_nothing() -> None:
    """Recorded use is not cut any more; what comes later and does not fit beside it is set aside."""
    late = replace(GOOD, uid="k.0", start=15_000, end=50_000)
    examined = examine([late], replace(CONTEXT, standing=(replace(GOOD, end=15_500),)))
    assert examined.quarantined == (Quarantined(late, Doubt.OVER_CAPACITY),)


def test_what_stands_above_capacity_stays() -> None:
    """Recorded use is never set aside for want of room; only what is new is."""
    standing = (GOOD, replace(GOOD, uid="k.0"))
    late = replace(GOOD, uid="m.0", start=15_000, end=50_000)
    examined = examine([*standing, late], replace(CONTEXT, standing=standing))
    assert examined.accepted == standing
    assert examined.quarantined == (Quarantined(late, Doubt.OVER_CAPACITY),)


def test_what_stands_may_be_sent_again() -> None:
    """Sending a recorded slice once more is no doubt and no overlap with itself; other content is."""
    context = replace(CONTEXT, standing=(GOOD,))
    assert examine([GOOD], context).accepted == (GOOD,)
    changed = replace(GOOD, amount=2)
    assert examine([changed], context).quarantined == (Quarantined(changed, Doubt.CHANGED),)


def test_capacity_lost_under_a_task_is_seen() -> None:
    """Use that began within capacity and went on above it is set aside."""
    facts = (*FACTS, CapacityFact(5_000, "n1", replace(NODE, capacity=Resources(1, 8))))
    examined = examine([GOOD], replace(CONTEXT, capacity=facts))
    assert examined.quarantined == (Quarantined(GOOD, Doubt.OVER_CAPACITY),)


@given(histories)
def test_nothing_true_is_doubted(history: History) -> None:
    """Of a history that fits its room nothing is set aside."""
    facts = tuple(CapacityFact(at, name, node) for at, name, node in history.steps)
    known = tuple(fact for name in ("n1", "n2") for fact in facts if fact.node_id == name)
    context = Context(1000, frozenset({"t1", "t2", "t3"}), frozenset({"a", "b"}), known)
    rows = task_rows(history)
    examined = examine(rows, context)
    assert examined.accepted == tuple(rows)
    assert (examined.quarantined, examined.skews) == ((), ())


uses = st.lists(
    st.tuples(st.integers(0, 9_000), st.integers(1, 6_000), st.integers(1, 4)), min_size=1, max_size=7
)


@given(uses)
def test_what_is_accepted_fits_and_nothing_is_lost(drawn: list[tuple[int, int, int]]) -> None:
    """After examination nothing is above capacity, and every slice is accepted, set aside or recorded as skew."""
    rows = [
        replace(GOOD, uid=f"j{n}.0", start=start, end=start + length, amount=amount)
        for n, (start, length, amount) in enumerate(drawn)
    ]
    examined = examine(rows, CONTEXT)
    assert all(level <= 4 for _, _, level in levels((r.start, r.end, r.amount) for r in examined.accepted))
    skewed = {skew.item.key: skew for skew in examined.skews}
    assert all(0 < skew.item.end - skew.end <= TOLERANCE for skew in skewed.values())
    whole = {row.key for row in examined.accepted} | skewed.keys()
    assert whole | {set_aside.item.key for set_aside in examined.quarantined} == {row.key for row in rows}


@given(uses, st.lists(st.integers(1, 16_000), max_size=4))
def test_the_planners_account_cuts_skew_where_the_ledger_does(
    drawn: list[tuple[int, int, int]], marks: list[int]
) -> None:
    """Where clocks disagree both accounts follow one rule apart, so that what nobody doubts still adds up."""
    account = StateAccount(POOL, 0, [NODE])
    for number, (start, length, amount) in enumerate(drawn):
        job = Job(f"j{number}", "t", "u", 0, (TaskGroup(1, amount),))
        places = (Placement(0, "n1"),)
        for change in (
            Submitted(0, job), Starting(0, job.id, 1, places), TaskStarted(start, job.id, 1, 0),
            TaskEnded(start + length, job.id, 1, 0),
        ):  # fmt: skip
            account.apply(change)
    for since, until in pairwise([0, *sorted(set(marks)), 17_000]):
        batch = [
            replace(GOOD, uid=f"j{n}.0", start=max(since, s), end=min(until, s + length), amount=amount)
            for n, (s, length, amount) in enumerate(drawn)
            if max(since, s) < min(until, s + length)
        ]
        examined = examine(batch, replace(CONTEXT, watermark=until))
        free = [row for row in account.settle(until) if row.resource == "cpu"]
        known = [(row.start, row.end, row.amount) for row in (*examined.accepted, *free)]
        aside = [(q.item.start, q.item.end, q.item.amount) for q in examined.quarantined]
        missing = [(since, until, 4), *((s, e, -a) for s, e, a in known)]
        assert all(amount > 0 for _, _, amount in levels(missing))
        assert all(amount < 0 for _, _, amount in levels([*missing, *((s, e, -a) for s, e, a in aside)]))
