"""The two accounts: slices written once, by their identity, and read back by time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sqlalchemy import Connection, Table, func, select

from dure.ledger.rows import from_row, unwritable
from dure.model.instants import Interval
from dure.model.use import Slice, State

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


def condensed(connection: Connection, table: Table, span: Interval) -> Iterator[Slice]:
    """What the table holds over a span, as if all of it had been used in the span's first millisecond.

    One slice per tenant, project, state, resource and amount: sums of amount x ms over the span are unchanged, and
    there are few of them however many rows there are. SQL adds lengths of time only; products are Python's.
    """
    c = table.c
    length = func.min(c.end_ms, span.end) - func.max(c.start_ms, span.start)
    by = (c.tenant, c.project, c.state, c.resource, c.amount)
    query = select(*by, func.sum(length).label("ms")).where(c.end_ms > span.start, c.start_ms < span.end)
    for row in connection.execute(query.group_by(*by).order_by(*by)):
        yield Slice(
            "", "", "", 0, row.resource, span.start, span.start + 1, row.amount * row.ms, State(row.state), "",
            tenant=row.tenant, project=row.project,
        )  # fmt: skip
