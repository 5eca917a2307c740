"""The two accounts against each other, at every instant, for one resource of one node.

Tenants' use, corrections and the planner's slices together must be the capacity, from the node's first fact to
the watermark of its pool, and nothing outside. One sweep over all their edges finds every deviation, however
short; the rows whose edges or amounts explain it are named.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from dure.accounting.check_devices import check_devices
from dure.accounting.findings import Finding, Row, row_of, row_of_fact
from dure.accounting.node_spans import Spans
from dure.accounting.node_states import SOURCE
from dure.accounting.timeline import Piece, clipped, levels
from dure.model.instants import Instant
from dure.model.job import NodeId
from dure.model.node import NodeState
from dure.model.resources import ResourceName, flavor_of
from dure.model.use import CapacityFact, Slice, State


@dataclass(frozen=True, slots=True)
class Place:
    """One resource of one node: its rows, what stands in quarantine, the node's facts and pool's watermark."""

    node: NodeId
    resource: ResourceName
    rows: Sequence[Slice]
    facts: Sequence[CapacityFact]
    watermarks: tuple[tuple[str, Instant], ...]
    quarantined: Sequence[Slice] = ()

    @property
    def until(self) -> Instant | None:
        """The pool's watermark, None where it has none."""
        return self.watermarks[0][1] if self.watermarks else None


def check_place(place: Place) -> Iterator[Finding]:
    """Everything that does not hold for one resource of one node."""
    yield from _rows_alone(place)
    yield from _corrections(place)
    spans = Spans(place.facts, place.until)
    yield from _deviations(place, spans)
    if flavor_of(place.resource):
        yield from check_devices(place.resource, place.rows, spans)
    yield from _states(place, spans)


def _rows_alone(place: Place) -> Iterator[Finding]:
    for item in place.rows:
        if item.end < item.start:
            yield Finding((row_of(item),), f"ends at {item.end}", f"no end before its start, {item.start}")
        if item.corrects is None and item.amount <= 0:
            yield Finding((row_of(item),), f"has an amount of {item.amount}", "more than 0")
        if item.corrects is not None and item.amount >= 0:
            yield Finding((row_of(item),), f"corrects by {item.amount}", "less than 0")
        if item.devices and len(item.devices) != abs(item.amount):
            yield Finding((row_of(item),), f"names devices {item.devices}", f"{abs(item.amount)} of them")


def _corrections(place: Place) -> Iterator[Finding]:
    standing = {item.key: item for item in place.rows if item.corrects is None}
    for item in place.rows:
        if item.corrects is None:
            continue
        named = standing.get(item.corrects)
        if named is None or named.tenant != item.tenant:
            yield Finding((row_of(item),), "corrects what is not there", "a slice of its tenant on its node")
        elif item.start < named.start or item.end > named.end or named.amount + item.amount < 0:
            expected = f"within {named.start}..{named.end} and at most {named.amount}"
            yield Finding((row_of(item), row_of(named)), "takes more than there is", expected)


def _deviations(place: Place, spans: Spans) -> Iterator[Finding]:
    known = [(item.start, item.end, item.amount) for item in place.rows]
    room = [(start, end, -node.capacity.amount(place.resource)) for start, end, node in spans]
    aside = [(item.start, item.end, item.amount) for item in place.quarantined if item.amount > 0]
    for start, end, amount in levels([*known, *room]):
        if amount > 0:
            yield _finding(place, spans, (start, end, amount))
    for start, end, amount in levels([*known, *room, *_within(aside, room)]):
        if amount < 0:
            yield _finding(place, spans, (start, end, amount))


def _within(aside: Sequence[Piece], room: Sequence[Piece]) -> Iterator[Piece]:
    """What is in quarantine explains gaps only while the node is there."""
    for start, end, _ in room:
        yield from clipped(aside, start, end)


def _finding(place: Place, spans: Spans, deviation: Piece) -> Finding:
    start, end, amount = deviation
    what = f"{abs(amount)} {'too much' if amount > 0 else 'missing'} over {start}..{end}"
    node = spans.at(start)
    there = node.capacity.amount(place.resource) if node else 0
    expected = f"{there} of {place.resource} on {place.node} in all states together"
    return Finding(tuple(_suspects(place, deviation)), what, expected)


def _suspects(place: Place, deviation: Piece) -> Iterator[Row]:
    """Rows that explain a deviation: of all that could, those of the likeliest kind."""
    start, end, amount = deviation
    exact = [row for row in place.rows if (row.start, row.end) == (start, end)]
    edge = [row for row in place.rows if row not in exact and _edge_explains(row, deviation)]
    sized = [row for row in edge if abs(row.amount) == abs(amount)]
    likely = [*exact, *(sized or edge)]
    if not likely:
        likely = [row for row in place.rows if row.start <= end and row.end >= start]
    yield from (row_of(row) for row in likely)
    yield from (row_of_fact(fact) for fact in place.facts if fact.at in {start, end})
    yield from (Row("watermark", (name,)) for name, at in place.watermarks if at in {start, end})


def _edge_explains(row: Slice, deviation: Piece) -> bool:
    """Too much: a row that begins where it begins or ends where it ends; missing: one that abuts it."""
    start, end, amount = deviation
    if (amount > 0) == (row.amount > 0):
        return row.start == start or row.end == end
    return row.end == start or row.start == end


def _states(place: Place, spans: Spans) -> Iterator[Finding]:
    """What the planner calls down was down, and what was down it calls nothing but down or unobserved."""
    for row in place.rows:
        if row.source != SOURCE or row.state is State.UNOBSERVED:
            continue
        met = [(start, node) for start, _, node in spans.meeting(row.start, row.end)]
        wrong = {at for at, node in met if (node.state is NodeState.DOWN) != (row.state is State.DOWN)}
        if wrong:
            states = ", ".join(sorted({node.state.value for at, node in met if at in wrong}))
            facts = (row_of_fact(fact) for fact in place.facts if fact.at in wrong)
            yield Finding(
                (row_of(row), *facts), f"is {row.state.value}", f"what fits a node that is {states}"
            )
