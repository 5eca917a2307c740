"""The one form of a bill that API, command line and tests share: plain values for JSON, rows for CSV.

Won are integers; quantities and micro-won are text, exact beyond what JSON numbers hold in other languages.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from dure.accounting.bill import Bill, Line, Statement, StateUse
from dure.accounting.quantities import decimal, unit_hour, unit_name
from dure.model.instants import Instant
from dure.model.job import TenantId

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def instant_text(instant: Instant) -> str:
    """ISO 8601 UTC with milliseconds: `2026-11-22T08:00:00.123Z`."""
    moment = _EPOCH + timedelta(milliseconds=instant)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def bill_json(bill: Bill, tenant: TenantId | None = None) -> dict[str, object]:
    """The bill as plain dicts, lists, text and integers.

    With `tenant` only its statement (an empty one where it has no lines): of the others, and of what is
    absorbed, only sums.
    """
    own = bill.statements if tenant is None else (bill.of(tenant) or _nothing(tenant),)
    form: dict[str, object] = {
        "room": bill.room,
        "month": bill.month,
        "timezone": bill.timezone,
        "from": instant_text(bill.interval.start),
        "to": instant_text(bill.interval.end),
        "watermark": instant_text(bill.until),
        "complete": bill.complete,
        "currency": "KRW",
        "statements": [_statement(statement) for statement in own],
        "absorbed": {"supply": bill.absorbed.supply},
        "supply": bill.supply,
        "room_use": [_state(use) for use in bill.states],
    }
    if tenant is None:
        form["absorbed"] = _statement(bill.absorbed)
    else:
        form["others"] = {"supply": sum(s.supply for s in bill.statements if s.tenant != tenant)}
    return form


def _nothing(tenant: TenantId) -> Statement:
    return Statement(tenant, tenant, tenant, (), (), 0, 0)


def _statement(statement: Statement) -> dict[str, object]:
    return {
        "tenant": statement.tenant,
        "name": statement.name,
        "name_ko": statement.name_ko,
        "lines": [_line(line) for line in statement.lines],
        "projects": [{"project": project, "won": won} for project, won in statement.projects],
        "supply": statement.supply,
        "vat": statement.vat,
        "total": statement.total,
    }


def _line(line: Line) -> dict[str, object]:
    return {
        "project": line.charge.project,
        "rule": line.charge.rule,
        "resource": line.charge.resource,
        "price_version": line.charge.price_version,
        "name": line.name,
        "name_ko": line.name_ko,
        "quantity": line.quantity,
        "unit": line.unit,
        "price_micro_won": str(line.charge.price.micro),
        "micro_won": str(line.charge.amount.micro),
        "won": line.won,
    }


def _state(use: StateUse) -> dict[str, object]:
    return {
        "state": use.state.value,
        "resource": use.resource,
        "quantity": decimal(use.quantity, unit_hour(use.resource)),
        "unit": unit_name(use.resource),
    }


CSV_HEADER = (
    "month", "watermark", "tenant", "tenant_name", "project", "rule", "resource", "price_version", "name",
    "quantity", "unit", "price_micro_won", "micro_won", "won",
)  # fmt: skip


def bill_rows(bill: Bill, tenant: TenantId | None = None) -> tuple[tuple[str, ...], ...]:
    """The header and one row of text per line; of the whole room the operator's lines (tenant "") as well."""
    statements = (
        [*bill.statements, bill.absorbed] if tenant is None else [bill.of(tenant) or _nothing(tenant)]
    )
    watermark = instant_text(bill.until)
    rows = [
        (bill.month, watermark, statement.tenant, statement.name, *_cells(line))
        for statement in statements
        for line in statement.lines
    ]
    return (CSV_HEADER, *rows)


def _cells(line: Line) -> tuple[str, ...]:
    charge = line.charge
    return (
        charge.project, charge.rule, charge.resource, charge.price_version, line.name, line.quantity, line.unit,
        str(charge.price.micro), str(charge.amount.micro), str(line.won),
    )  # fmt: skip
