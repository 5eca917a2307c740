"""The two accounts: slices written once, by their identity, and read back by time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sqlalchemy import Connection, Table, select

from dure.ledger.rows import from_row, unwritable
from dure.model.instants import Interval
from dure.model.use import Slice

_CHUNK = 1_000


def around(connection: Connection, table: Table, batch: Sequence[Slice]) -> tuple[Slice, ...]:
    """Every stored slice that meets or touches the time of the batch: all that could be, or disturb, its own."""
    writable = [item for item in batch if not unwritable(item)]
    if not writable:
        return ()
    first, last = min(item.start for item in writable), max(item.end for item in writable)
    query = select(table).where(table.c.end_ms >= first, table.c.start_ms <= last).order_by(table.c.seq)
    return tuple(map(from_row, connection.execute(query)))


def meeting(connection: Connection, table: Table, interval: Interval) -> Iterator[Slice]:
    """Stored slices that meet the interval, by start, then in the order in which they were written."""
    query = (
        select(table)
        .where(table.c.end_ms > interval.start, table.c.start_ms < interval.end)
        .order_by(table.c.start_ms, table.c.seq)
    )
    for row in connection.execution_options(yield_per=_CHUNK).execute(query):
        yield from_row(row)
