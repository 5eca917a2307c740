"""Whether the ledger holds together: rows as they were written, two accounts that agree, and the won.

`dure.accounting.check` judges; this reads the rows for it and adds what only the keeper of rows can see: digests.
A row that was altered into no value at all is left out of the accounts and named.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeVar

from sqlalchemy import Connection, Row, Table, func, select

from dure.accounting.check import Booked, Books, check, check_booked
from dure.accounting.findings import Finding, row_of
from dure.accounting.findings import Row as Named
from dure.ledger import booking, chain, facts, running, tables
from dure.ledger.booking import Booking
from dure.ledger.lossless import load
from dure.ledger.rows import from_row
from dure.model.instants import Instant
from dure.model.rules import Rules
from dure.model.use import Slice

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Checked:
    """What a check read and found; `rows` counts the rows of each append-only table."""

    rows: tuple[tuple[str, int], ...]
    findings: tuple[Finding, ...]


@dataclass(slots=True)
class _Read:
    """Rows as values, with their numbers; `findings` names those that are none."""

    findings: list[Finding] = field(default_factory=list)

    def all(
        self, connection: Connection, table: Table, build: Callable[[Row[Any]], T]
    ) -> list[tuple[int, T]]:
        values = []
        for row in connection.execute(select(table).order_by(table.c.seq)):
            try:
                values.append((row.seq, build(row)))
            except (ValueError, TypeError) as error:
                named = Named(table.name, (f"#{row.seq}",))
                self.findings.append(Finding((named,), f"is unreadable: {error}", "what was written"))
        return values


def check_ledger(connection: Connection) -> Checked:
    """Everything that does not hold in the moment that the connection sees."""
    read = _Read()
    slices = read.all(connection, tables.slices, from_row)
    states = read.all(connection, tables.states, from_row)
    every = [item for _, item in (*slices, *states)]
    findings = [
        *_altered(connection),
        *check(_books(connection, read, every)),
        *_bookings(connection, read, slices, states),
    ]
    counts = tuple((table.name, _count(connection, table)) for table in tables.APPEND_ONLY)
    return Checked(counts, (*read.findings, *findings))


def _altered(connection: Connection) -> Iterator[Finding]:
    for table in tables.APPEND_ONLY:
        for number, what in chain.broken(connection, table):
            names = (Named(table.name, (f"#{number}",)), *_key_of(connection, table, number))
            yield Finding(names, what, "the digest that it was written with")


def _key_of(connection: Connection, table: Table, number: int) -> Iterator[Named]:
    if table not in {tables.slices, tables.states}:
        return
    row = connection.execute(select(table).where(table.c.seq == number)).first()
    try:
        yield from [row_of(from_row(row))] if row else []
    except (ValueError, TypeError):
        return


def _books(connection: Connection, read: _Read, every: list[Slice]) -> Books:
    aside = read.all(connection, tables.quarantine, lambda row: load(Slice, row.content))
    accepted = {row.quarantined for row in connection.execute(select(tables.rulings)) if row.accepted}
    totals = running.totals_of(dict(_lines(connection, read)))
    return Books(
        slices=every,
        capacity=[fact for _, fact in read.all(connection, tables.capacity, facts.fact_of)],
        watermarks=_watermarks(connection),
        quarantined=[item for number, item in aside if number not in accepted],
        use=totals.use,
        states=totals.states,
        corrections=totals.corrections,
    )


def _lines(connection: Connection, read: _Read) -> Iterator[tuple[running.Line, int]]:
    for row in connection.execute(select(tables.totals)):
        try:
            yield running.line_of(row)
        except ValueError as error:
            named = Named("total", (row.kind, row.who, row.resource))
            read.findings.append(Finding((named,), f"is unreadable: {error}", "a sum of its rows"))


def _watermarks(connection: Connection) -> dict[str, Instant]:
    marks: dict[str, Instant] = {}
    for row in connection.execute(select(tables.cursors)):
        marks[row.cluster] = min(marks.get(row.cluster, row.watermark_ms), row.watermark_ms)
    return marks


def _bookings(
    connection: Connection, read: _Read, slices: list[tuple[int, Slice]], states: list[tuple[int, Slice]]
) -> Iterator[Finding]:
    """The charges of each month against the rows and the policy that its last booking was made from."""
    policies = dict(read.all(connection, tables.policies, lambda row: load(Rules, row.content)))
    made = read.all(connection, tables.bookings, booking.booking_of)
    for last in {found.month: found for _, found in made}.values():
        rows = [item for number, item in slices if number <= last.last_slice]
        rows += [item for number, item in states if number <= last.last_state]
        if last.policy in policies:  # else that policy's own row is a finding
            yield from _month(connection, last, policies[last.policy], rows)


def _month(connection: Connection, last: Booking, rules: Rules, rows: list[Slice]) -> Iterator[Finding]:
    try:
        charged = booking.booked(connection, last.month)
        since = booking.room_since(connection, last.until)
        yield from check_booked(Booked(last.month, last.until, rules, charged, since), rows)
    except ValueError as error:
        yield Finding(
            (Named("charges", (last.month,)),), f"cannot be added up: {error}", "charges as written"
        )


def _count(connection: Connection, table: Table) -> int:
    return connection.scalar(select(func.count()).select_from(table)) or 0
