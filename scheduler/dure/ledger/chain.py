"""Digests that chain the rows of an append-only table, so that a row altered by force can be named.

A row's digest is SHA-256 over the digest of the row before it and its own columns. Each row is verified against
the digest *stored* before it, so one altered row is one finding, not a finding for all that follow; a row that
was taken out or put in breaks its successor's; `heads` shows rows taken from the end. It guards against
accident and the quiet hand, not against one who can recompute a whole chain: for that, compare with a backup.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from sqlalchemy import Connection, Row, Table, insert, select

from dure.ledger.tables import heads

START = "0" * 64
"""What stands before the first row."""


def append(connection: Connection, table: Table, rows: Iterable[Mapping[str, Any]]) -> list[int]:
    """Append rows (without `seq` and `digest`) within the caller's transaction; their numbers."""
    count, before = head(connection, table)
    complete = []
    for number, row in enumerate(rows, start=count + 1):
        numbered = {"seq": number, **row}
        before = digest(table, before, numbered)
        complete.append({**numbered, "digest": before})
    if complete:
        connection.execute(insert(table), complete)
        _move_head(connection, table, count + len(complete), before)
    return [row["seq"] for row in complete]


def head(connection: Connection, table: Table) -> tuple[int, str]:
    """How many rows the table has by its head, and the last one's digest."""
    found = connection.execute(select(heads.c.rows, heads.c.digest).where(heads.c.name == table.name)).first()
    return (found.rows, found.digest) if found else (0, START)


def digest(table: Table, before: str, row: Mapping[str, Any]) -> str:
    """The digest of a row that comes after one whose digest is `before`."""
    content = [row[column.name] for column in table.columns if column.name != "digest"]
    text = json.dumps([table.name, before, *content], separators=(",", ":"), default=repr)
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def broken(connection: Connection, table: Table) -> Iterator[tuple[int, str]]:
    """(row number, what is wrong) for every row that is not as it was written."""
    before, expected = START, 1
    for row in connection.execute(select(table).order_by(table.c.seq)):
        found = _what_is_wrong(table, before, expected, row)
        if found:
            yield row.seq, found
        before, expected = row.digest, row.seq + 1
    count, last = head(connection, table)
    if expected - 1 != count:
        yield expected, f"the table had {count} rows and ends at {expected - 1}"
    elif before != last:
        yield count, "the last row is not the one that was written last"


def _what_is_wrong(table: Table, before: str, expected: int, row: Row[Any]) -> str:
    if row.seq != expected:
        return f"row {expected} should stand before it"
    if row.digest != digest(table, before, row._asdict()):
        return "its content is not what was written"
    return ""


def _move_head(connection: Connection, table: Table, count: int, last: str) -> None:
    changed = connection.execute(
        heads.update().where(heads.c.name == table.name).values(rows=count, digest=last)
    )
    if changed.rowcount == 0:
        connection.execute(insert(heads).values(name=table.name, rows=count, digest=last))
