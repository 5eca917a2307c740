"""Charges in the ledger: difference entries, which add up to what is owed as of a watermark.

Booking again writes only what changed since; nothing is ever rewritten. Each booking names the policy and the
last rows that it was made from, so that `check` works out the same charges again at any later time.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, Row, Table, func, select

from dure.accounting.charges import Charge, ChargeKey, charges
from dure.accounting.months import month_interval, months_of, price_segments
from dure.accounting.usage import MonthUse, month_use
from dure.ledger import chain, facts, tables
from dure.ledger.accounts import condensed
from dure.ledger.facts import Policy
from dure.ledger.rows import number
from dure.model.instants import Instant, Interval
from dure.model.money import Money
from dure.model.rules import Rules

_ACCOUNTS = (tables.slices, tables.states)


@dataclass(frozen=True, slots=True)
class Booking:
    """The charges of `month` as of `until`, from rows up to these numbers, under policy number `policy`."""

    month: str
    until: Instant
    last_slice: int
    last_state: int
    policy: int


class NothingToBill(Exception):  # noqa: N818 - it says what the ledger lacks, not that we failed
    """The ledger has no policy yet, and so no prices."""


def metered_until(connection: Connection, rules: Rules) -> Instant | None:
    """Up to when everything is metered: the oldest watermark of the pools that the rules name, or of any."""
    cursors = tables.cursors
    marks = {row.cluster: row.watermark_ms for row in connection.execute(select(cursors))}
    own = [marks[pool.name] for pool in rules.pools if pool.name in marks]
    return min(own or marks.values(), default=None)


def use_of_month(connection: Connection, month: str, rules: Rules, until: Instant) -> MonthUse:
    """The month's use by both accounts, up to `until`."""
    interval = month_interval(month, rules.timezone)
    metered = Interval(interval.start, min(max(until, interval.start), interval.end))
    spans = [span for span, _ in price_segments(rules.prices, metered)]
    use = (piece for span in spans for table in _ACCOUNTS for piece in condensed(connection, table, span))
    return month_use(use, month, rules, until, room_since(connection, until))


def room_since(connection: Connection, until: Instant) -> Instant:
    """When the room first existed: the fact of capacity written first, which no later row changes; else `until`.

    Raises ValueError where that row was ruined.
    """
    first = facts.first_instant(connection)
    return until if first is None else first


def month_so_far(connection: Connection, month: str) -> tuple[MonthUse, Rules]:
    """A month's use as far as everything is metered, and the rules in force there.

    Raises ValueError for what is no month, NothingToBill without a policy.
    """
    now = policy_now(connection).rules
    interval = month_interval(month, now.timezone)
    until = metered_until(connection, now)
    until = interval.start if until is None else min(until, interval.end)
    policy = facts.policy_at(connection, until)
    rules = policy.rules if policy else now
    return use_of_month(connection, month, rules, until), rules


def book(connection: Connection, until: Instant | None) -> tuple[Booking, ...]:
    """Book every month that use came to since the last booking, up to `until`, within the transaction.

    By default, and at most, up to where everything is metered. Raises NothingToBill without a policy.
    """
    policy = policy_now(connection)
    metered = metered_until(connection, policy.rules)
    if metered is None:
        return ()
    until = metered if until is None else min(until, metered)
    policy = facts.policy_at(connection, until) or policy
    months = _months_to_book(connection, until, policy.rules.timezone)
    return tuple(_book_month(connection, month, until, policy) for month in months)


def policy_now(connection: Connection) -> Policy:
    """The policy recorded last. Raises NothingToBill where there is none."""
    policy = facts.policy_at(connection, None)
    if policy is None:
        raise NothingToBill("the ledger has no policy yet; start the server once with one")
    return policy


def bookings(connection: Connection) -> dict[str, Booking]:
    """The last booking of each month. Raises ValueError where one was ruined."""
    rows = connection.execute(select(tables.bookings).order_by(tables.bookings.c.seq))
    return {row.month: booking_of(row) for row in rows}


def booked(connection: Connection, month: str) -> tuple[Charge, ...]:
    """What the difference entries of a month add up to, sorted by key. Raises ValueError where one was ruined."""
    table = tables.charges
    sums: dict[ChargeKey, Charge] = {}
    for row in connection.execute(select(table).where(table.c.month == month).order_by(table.c.seq)):
        entry = _charge(row)
        before = sums.pop(entry.key, None)
        if not row.gone:
            sums[entry.key] = _added(before, entry) if before else entry
    return tuple(sums[key] for key in sorted(sums))


def _book_month(connection: Connection, month: str, until: Instant, policy: Policy) -> Booking:
    interval = month_interval(month, policy.rules.timezone)
    until = min(max(until, interval.start), interval.end)
    booking = Booking(
        month, until, _last(connection, tables.slices), _last(connection, tables.states), policy.number
    )
    now = charges(use_of_month(connection, month, policy.rules, until), policy.rules)
    entries = list(_differences(booked(connection, month), now))
    number = chain.append(connection, tables.bookings, [_booking_row(booking)])[0]
    chain.append(connection, tables.charges, [_entry_row(number, entry, gone) for entry, gone in entries])
    return booking


def _differences(before: Iterable[Charge], now: Iterable[Charge]) -> Iterator[tuple[Charge, bool]]:
    """(difference, whether the charge is no more) for every charge that is not what it was."""
    old, new = {charge.key: charge for charge in before}, {charge.key: charge for charge in now}
    for key in sorted(old.keys() | new.keys()):
        if key not in new:
            yield replace(old[key], quantity=-old[key].quantity, amount=-old[key].amount), True
        elif key not in old:
            yield new[key], False
        elif old[key] != new[key]:
            quantity = new[key].quantity - old[key].quantity
            yield replace(new[key], quantity=quantity, amount=new[key].amount - old[key].amount), False


def _months_to_book(connection: Connection, until: Instant, timezone: str) -> tuple[str, ...]:
    """Months since the last booking, and since the oldest row written after it: late use is booked as well."""
    done = bookings(connection).values()
    seen = {
        tables.slices: max((booking.last_slice for booking in done), default=0),
        tables.states: max((booking.last_state for booking in done), default=0),
    }
    starts = [_oldest(connection, table, after) for table, after in seen.items()]
    starts.append(max((booking.until for booking in done), default=None))
    start = min((start for start in starts if start is not None), default=until)
    return months_of(Interval(min(start, until), until), timezone)


def _oldest(connection: Connection, table: Table, after: int) -> Instant | None:
    oldest: Instant | None = connection.scalar(select(func.min(table.c.start_ms)).where(table.c.seq > after))
    return oldest


def booking_of(row: Row[Any]) -> Booking:
    """The booking in a row of `bookings`. Raises ValueError where an altered row is none."""
    numbers = map(number, (row.until_ms, row.last_slice, row.last_state, row.policy))
    return Booking(row.month, *numbers)


def _booking_row(booking: Booking) -> dict[str, object]:
    return {
        "month": booking.month, "until_ms": booking.until, "last_slice": booking.last_slice,
        "last_state": booking.last_state, "policy": booking.policy,
    }  # fmt: skip


def _charge(row: Row[Any]) -> Charge:
    """The entry in a row of `charges`. Raises ValueError where an altered row is none."""
    return Charge(
        row.month, row.tenant, row.project, row.rule, row.resource, row.price_version,
        int(row.quantity), Money(number(row.price_micro)), Money(number(row.micro)),
    )  # fmt: skip


def _entry_row(booking: int, entry: Charge, gone: bool) -> dict[str, object]:
    month, tenant, project, rule, resource, version = entry.key
    return {
        "booking": booking, "month": month, "tenant": tenant, "project": project, "rule": rule,
        "resource": resource, "price_version": version, "quantity": str(entry.quantity),
        "price_micro": entry.price.micro, "micro": entry.amount.micro, "gone": gone,
    }  # fmt: skip


def _added(before: Charge, entry: Charge) -> Charge:
    quantity, amount = before.quantity + entry.quantity, before.amount + entry.amount
    return replace(entry, quantity=quantity, amount=amount)


def _last(connection: Connection, table: Table) -> int:
    return connection.scalar(select(func.max(table.c.seq))) or 0
