from dataclasses import replace

import pytest

from dure.ledger import CannotAccept, SqlLedger
from dure.model.instants import MINUTE, Interval
from dure.model.use import Slice
from dure.ports import Ingested
from tests.ledger.small_room import POOL, T0, SmallRoom

ALL = Interval(0, T0 + 1_000 * MINUTE)
END = T0 + 5 * MINUTE


def some_slice(ledger: SqlLedger) -> Slice:
    return next(item for item in ledger.slices(ALL) if item.resource == "cpu")


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"tenant": "nobody"}, "unknown-tenant"),
        ({"resource": "gpu:b200"}, "unknown-flavor"),
        ({"node": "n9"}, "unknown-node"),
        ({"amount": 0}, "amount-not-positive"),
        ({"amount": 4_001}, "over-capacity"),
        ({"start": END, "end": END + 1}, "in-the-future"),
        ({"end": T0 - MINUTE}, "ends before it starts"),
    ],
)
def test_what_is_doubtful_is_put_aside_with_its_reason(
    filled: SqlLedger, wrong: dict[str, object], reason: str
) -> None:
    """It changes no total and no bill, and stands there whole, once, however often it is sent."""
    doubtful = replace(some_slice(filled), uid="j99.0", **wrong)  # type: ignore[arg-type]  # fields by name
    before, bill = filled.totals(), filled.bill("2026-11")
    assert filled.ingest("local", POOL, END, [doubtful]) == Ingested(0, 0, 1)
    assert filled.ingest("local", POOL, END, [doubtful]) == Ingested(0, 1, 0)
    (aside,) = filled.quarantined()
    assert (aside.item, aside.reason, aside.at, aside.accepted) == (doubtful, reason, END, None)
    assert filled.totals() == replace(before, quarantined=1)
    assert filled.bill("2026-11") == bill


def test_dismissed_it_is_gone_for_good(filled: SqlLedger) -> None:
    """The ruling stands beside it; sent again it is known, and a second ruling is refused."""
    doubtful = replace(some_slice(filled), uid="j99.0", tenant="nobody")
    filled.ingest("local", POOL, END, [doubtful])
    filled.rule(1, accepted=False, at=END, who="admin", why="a test job")
    assert filled.totals().quarantined == 0
    assert filled.quarantined()[0].accepted is False
    assert filled.ingest("local", POOL, END, [doubtful]) == Ingested(0, 1, 0)
    for number in (1, 2):
        with pytest.raises(KeyError):
            filled.rule(number, accepted=True, at=END, who="admin", why="")
    assert filled.check().findings == ()


def test_accepted_it_counts_as_any_other(filled: SqlLedger) -> None:
    """It enters the tenants' account with totals and bill; what was wrong with it stays on record."""
    last = list(SmallRoom(minutes=6).tell())[-1]
    first = next(item for item in last.slices if item.resource == "cpu")
    early = filled.ingest("local", POOL, END, [first])
    assert early.quarantined == 1
    filled.rule(1, accepted=True, at=END, who="admin", why="the clock was late")
    assert filled.totals().quarantined == 0
    done = filled.ingest("local", POOL, last.watermark, last.slices, last.planner, last.capacity)
    assert done.quarantined == 0
    assert first in list(filled.slices(ALL))
    assert filled.check().findings == ()


def test_what_no_row_can_hold_can_only_be_dismissed(filled: SqlLedger) -> None:
    """Accepting it would be a lie; the refusal leaves it waiting."""
    item = some_slice(filled)
    filled.ingest(
        "local", POOL, END, [replace(item, end=item.start - 1), replace(item, amount=item.amount + 1)]
    )
    for number, why in ((1, "ends before it starts"), (2, "another slice stands")):
        with pytest.raises(CannotAccept, match=why):
            filled.rule(number, accepted=True, at=END, who="admin", why="")
    assert filled.totals().quarantined == 2
    filled.rule(1, accepted=False, at=END, who="admin", why="nonsense")
    assert filled.totals().quarantined == 1


def test_clocks_that_disagree_a_little_are_cut_not_doubted(ledger: SqlLedger) -> None:
    """Within the tolerance the earlier use ends where the later begins; the cut is on record, and made once."""
    filled = SmallRoom(minutes=1).fill(ledger)
    node = next(fact.node for fact in filled.capacity() if fact.node_id == "n2")
    assert node is not None
    start = T0 + 10 * MINUTE
    early = replace(
        some_slice(filled), uid="a.0", node="n2", amount=node.capacity.cpu, start=start, end=start + 5_000
    )
    late = replace(early, uid="b.0", start=start + 4_000, end=start + 9_000)
    for expected in (Ingested(2, 0, 0), Ingested(0, 2, 0)):
        assert filled.ingest("local", POOL, start + MINUTE, [early, late]) == expected
    written = [item for item in filled.slices(ALL) if item.start >= start]
    assert written == [replace(early, end=late.start), late]
    assert dict(filled.check().rows)["skews"] == 1
