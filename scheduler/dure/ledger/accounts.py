"""The two accounts: slices written once, by their identity, and read back by time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sqlalchemy import Connection, Row, Table, select

from dure.ledger.rows import Identity, from_row, identity
from dure.model.instants import Interval
from dure.model.use import Slice

_CHUNK = 1_000


def stored_like(connection: Connection, table: Table, batch: Iterable[Slice]) -> dict[Identity, Slice]:
    """Every stored slice that starts when some of the batch do, by identity: all that could be the same one."""
    found: dict[Identity, Slice] = {}
    for (source, cluster), starts in _starts(batch).items():
        where = (table.c.source == source, table.c.cluster == cluster)
        between = table.c.start_ms.between(min(starts), max(starts))
        for row in connection.execute(select(table).where(*where, between)):
            slice_ = from_row(row)
            found[identity(slice_)] = slice_
    return found


def meeting(connection: Connection, table: Table, interval: Interval) -> Iterator[Slice]:
    """Stored slices that meet the interval, by start, then in the order in which they were written."""
    for row in rows_meeting(connection, table, interval):
        yield from_row(row)


def rows_meeting(
    connection: Connection, table: Table, interval: Interval
) -> Iterator[Row[tuple[object, ...]]]:
    """As `meeting`, as rows: for one who needs their numbers."""
    query = (
        select(table)
        .where(table.c.end_ms > interval.start, table.c.start_ms < interval.end)
        .order_by(table.c.start_ms, table.c.seq)
    )
    yield from connection.execution_options(yield_per=_CHUNK).execute(query)


def _starts(batch: Iterable[Slice]) -> dict[tuple[str, str], list[int]]:
    starts: dict[tuple[str, str], list[int]] = {}
    for slice_ in batch:
        starts.setdefault((slice_.source, slice_.cluster), []).append(slice_.start)
    return starts
