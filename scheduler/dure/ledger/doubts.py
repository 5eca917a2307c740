"""What is doubtful is put aside, whole and visible, until someone rules on it; nothing is refused."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from sqlalchemy import Connection, Table, select

from dure.accounting.quarantine import Context, Skew
from dure.ledger import chain, facts, running, tables
from dure.ledger.lossless import dump, load
from dure.ledger.rows import identity, to_row, unwritable
from dure.ledger.tables import policies, quarantine, rulings, skews
from dure.model.instants import Instant
from dure.model.job import TenantId
from dure.model.resources import Flavor
from dure.model.rules import Rules
from dure.model.use import Slice

_AT_ONCE = 500
"""Parameters in one statement: SQLite bounds them."""


@dataclass(frozen=True, slots=True)
class Aside:
    """A slice in quarantine since `at` (a batch's watermark). `accepted` is None until someone rules on it."""

    number: int
    at: Instant
    reason: str
    item: Slice
    accepted: bool | None = None


class CannotAccept(Exception):  # noqa: N818 - it says what the slice is, not that we failed
    """No row can hold this slice, or another one stands under its key; it can only be dismissed."""


def context(
    connection: Connection, watermark: Instant, fresh: Sequence[Slice], standing: Sequence[Slice]
) -> Context:
    """What a batch's new slices are held against. Tenants and flavors of every recorded policy are known."""
    tenants: frozenset[TenantId] = frozenset()
    flavors: frozenset[Flavor] = frozenset()
    for text in connection.scalars(select(policies.c.content).distinct()):
        named = _names(text)
        tenants, flavors = tenants | named[0], flavors | named[1]
    nodes = {item.node for item in fresh}
    return Context(
        watermark, tenants, flavors,
        capacity=facts.read_capacity(connection, nodes),
        standing=[item for item in standing if item.node in nodes],
    )  # fmt: skip


def decided(connection: Connection, slices: Iterable[Slice]) -> frozenset[Slice]:
    """Those of these slices that lie in quarantine, ruled on or not, or were cut for skew."""
    found: set[Slice] = set()
    for table in (quarantine, skews):
        if connection.scalar(select(table.c.seq).limit(1)) is not None:
            by_content = {dump(item): item for item in slices}
            found |= {by_content[content] for content in _standing(connection, table, list(by_content))}
    return frozenset(found)


def put_aside(
    connection: Connection, source: str, cluster: str, at: Instant, doubtful: Iterable[tuple[Slice, str]]
) -> None:
    """Put slices that were never there in quarantine, with their reasons."""
    rows = [
        {"source": source, "cluster": cluster, "at_ms": at, "reason": reason, "content": dump(item)}
        for item, reason in doubtful
    ]
    chain.append(connection, quarantine, rows)


def record_skews(connection: Connection, at: Instant, found: Iterable[Skew]) -> None:
    """Record which slices were written only in part, and up to where."""
    rows = [{"at_ms": at, "end_ms": skew.end, "content": dump(skew.item)} for skew in found]
    chain.append(connection, skews, rows)


def listed(connection: Connection) -> Iterator[Aside]:
    """Everything that was ever put in quarantine, oldest first, with its ruling."""
    query = select(quarantine, rulings.c.accepted).outerjoin(
        rulings, rulings.c.quarantined == quarantine.c.seq
    )
    for row in connection.execute(query.order_by(quarantine.c.seq)):
        yield Aside(row.seq, row.at_ms, row.reason, load(Slice, row.content), row.accepted)


def rule(connection: Connection, number: int, accepted: bool, at: Instant, who: str, why: str) -> None:
    """Accept a slice into the tenants' account as it is, or dismiss it; once and for all.

    Raises KeyError for an unknown number or one that was ruled on, CannotAccept.
    """
    found = next((aside for aside in listed(connection) if aside.number == number), None)
    if found is None or found.accepted is not None:
        raise KeyError(number)
    if accepted:
        _accept(connection, found.item)
    row = {"quarantined": number, "at_ms": at, "accepted": accepted, "who": who, "why": why}
    chain.append(connection, rulings, [row])


def _accept(connection: Connection, item: Slice) -> None:
    if reason := unwritable(item):
        raise CannotAccept(f"the slice {reason}")
    columns = to_row(item)
    same = [tables.slices.c[name] == columns[name] for name in _IDENTITY]
    if connection.scalar(select(tables.slices.c.seq).where(*same)) is not None:
        raise CannotAccept(f"another slice stands under the key {identity(item)[0]}")
    chain.append(connection, tables.slices, [columns])
    running.move(connection, [item])


_IDENTITY = ("source", "cluster", "start_ms", "uid", "attempt", "resource", "corrects")


def _standing(connection: Connection, table: Table, contents: Sequence[str]) -> Iterator[str]:
    for first in range(0, len(contents), _AT_ONCE):
        some = contents[first : first + _AT_ONCE]
        yield from connection.scalars(select(table.c.content).where(table.c.content.in_(some)))


@lru_cache(maxsize=64)
def _names(text: str) -> tuple[frozenset[TenantId], frozenset[Flavor]]:
    rules = load(Rules, text)
    return frozenset(t.id for t in rules.tenants), frozenset(f.name for f in rules.flavors)
