"""`dure ledger check`: whether the record holds together, at every instant and to the micro-won.

Pure over rows: whoever keeps them reads them, `check` says what does not hold and names the row.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from dure.accounting.charges import Charge, charges, pool_name, pool_parts
from dure.accounting.check_places import Place, check_place
from dure.accounting.findings import Finding, Row
from dure.accounting.usage import MonthUse, RunningTotals, month_use
from dure.model.instants import Instant
from dure.model.job import NodeId, TenantId
from dure.model.resources import ResourceName
from dure.model.rules import Rules
from dure.model.use import CapacityFact, Slice, State

K = TypeVar("K", bound=tuple[str, ResourceName])
"""(tenant or state, resource)."""


@dataclass(frozen=True, slots=True)
class Booked:
    """Charges as written for a month that was metered from `since` up to `watermark` then, under `rules`.

    `since` as in `usage.month_use`.
    """

    month: str
    watermark: Instant
    rules: Rules
    charges: Sequence[Charge]
    since: Instant | None = None


@dataclass(frozen=True, slots=True)
class Books:
    """All rows of a ledger. `slices` in any order, corrections and the planner's included.

    `watermarks`: pool (cluster) -> instant. The totals are as in `usage.RunningTotals`; a missing entry is 0.
    """

    slices: Iterable[Slice]
    capacity: Sequence[CapacityFact] = ()
    watermarks: Mapping[str, Instant] | None = None
    quarantined: Sequence[Slice] = ()
    use: Mapping[tuple[TenantId, ResourceName], int] | None = None
    states: Mapping[tuple[State, ResourceName], int] | None = None
    corrections: Mapping[tuple[TenantId, ResourceName], int] | None = None
    booked: Sequence[Booked] = ()


def check(books: Books) -> tuple[Finding, ...]:
    """Everything that does not hold; nothing where all is well. Totals left out (None) are not compared."""
    rows = list(books.slices)
    found = [
        *_keys(rows),
        *(finding for place in places(rows, books) for finding in check_place(place)),
        *check_totals(rows, books),
        *(finding for booked in books.booked for finding in check_booked(booked, rows)),
    ]
    return tuple(found)


def _keys(rows: Iterable[Slice]) -> Iterator[Finding]:
    seen: set[object] = set()
    for row in rows:
        key = (row.key, row.corrects)
        if key in seen:
            yield Finding((Row("slice", row.key),), "stands twice", "every key once")
        seen.add(key)


def places(rows: Iterable[Slice], books: Books) -> Iterator[Place]:
    """The rows parted by node and resource, each with its node's facts and its pool's watermark."""
    parted: defaultdict[tuple[NodeId, ResourceName], list[Slice]] = defaultdict(list)
    aside: defaultdict[tuple[NodeId, ResourceName], list[Slice]] = defaultdict(list)
    facts: defaultdict[NodeId, list[CapacityFact]] = defaultdict(list)
    for fact in sorted(books.capacity, key=lambda fact: (fact.at, fact.node_id)):
        facts[fact.node_id].append(fact)
        for name, _ in fact.node.capacity.items() if fact.node else ():
            parted[fact.node_id, name].extend(())
    for row in rows:
        parted[row.node, row.resource].append(row)
    for item in books.quarantined:
        aside[item.node, item.resource].append(item)
    for (node, name), own in sorted(parted.items(), key=lambda entry: entry[0]):
        marks = tuple(_watermark_of(facts[node], books.watermarks or {}))
        yield Place(node, name, own, facts[node], marks, aside[node, name])


def _watermark_of(
    facts: Sequence[CapacityFact], watermarks: Mapping[str, Instant]
) -> Iterator[tuple[str, Instant]]:
    pools = dict.fromkeys(fact.node.pool for fact in facts if fact.node)
    yield from ((pool, watermarks[pool]) for pool in pools if pool in watermarks)


def check_totals(rows: Iterable[Slice], books: Books) -> Iterator[Finding]:
    """Running totals that are not what the rows add up to."""
    right = RunningTotals()
    for row in rows:
        right.add(row)
    yield from _compare_totals("use", books.use, right.use)
    yield from _compare_totals("states", books.states, right.states)
    yield from _compare_totals("corrections", books.corrections, right.corrections)


def _compare_totals(name: str, kept: Mapping[K, int] | None, right: Mapping[K, int]) -> Iterator[Finding]:
    if kept is None:
        return
    for key in sorted(kept.keys() | right.keys()):
        if kept.get(key, 0) != right.get(key, 0):
            row = Row("total", (name, str(key[0]), key[1]))
            yield Finding((row,), f"is {kept.get(key, 0)}", f"{right.get(key, 0)}, the sum of its rows")


def check_booked(booked: Booked, rows: Iterable[Slice]) -> Iterator[Finding]:
    """Charges that are not what the use comes to, and cost pools that their charges do not add up to."""
    use = month_use(rows, booked.month, booked.rules, booked.watermark, booked.since)
    yield from check_charges(booked.charges, use, booked.rules)


def check_charges(charged: Iterable[Charge], use: MonthUse, rules: Rules) -> Iterator[Finding]:
    """As `check_booked`, over use that is added up already."""
    kept: dict[object, Charge] = {}
    for charge in charged:
        if charge.key in kept:
            yield Finding((Row("charge", charge.key),), "stands twice", "every key once")
        kept[charge.key] = charge
    right = {charge.key: charge for charge in charges(use, rules)}
    for key in sorted(right.keys() | {charge.key for charge in kept.values()}):
        yield from _compare_charge(Row("charge", key), kept.get(key), right.get(key))
    yield from _pools(list(kept.values()), use, rules)


def _compare_charge(row: Row, kept: Charge | None, right: Charge | None) -> Iterator[Finding]:
    if kept == right:
        return
    what = "is missing" if kept is None else _figures(kept)
    yield Finding((row,), what, "no such charge" if right is None else _figures(right))


def _figures(charge: Charge) -> str:
    return f"{charge.amount.micro} micro-won for {charge.quantity} at {charge.price.micro}"


def _pools(kept: Sequence[Charge], use: MonthUse, rules: Rules) -> Iterator[Finding]:
    for (version, name), (_, part) in pool_parts(use, rules).items():
        own = [c for c in kept if c.price_version == version and pool_name(c.rule) == name]
        total = sum(charge.amount.micro for charge in own)
        if total != part.micro:
            rows = tuple(Row("charge", charge.key) for charge in own)
            expected = f"{part.micro}, what the pool {name!r} costs over that time"
            yield Finding(rows, f"tenants and absorbed are {total} micro-won", expected)
