"""The one form of a bill that API, command line and tests share: plain values for JSON.

Won are integers; micro-won and quantities are text, exact beyond what JSON numbers hold in other languages.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

from dure.accounting.bill import Bill, Line, Statement, StateUse
from dure.accounting.charges import Charge, pool_name
from dure.accounting.quantities import decimal, unit_hour, unit_name
from dure.model.instants import Instant
from dure.model.job import TenantId
from dure.model.money import MICRO

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Shown: TypeAlias = Callable[[TenantId], bool]
"""Whether the reader may see this tenant's statement."""


def instant_text(instant: Instant) -> str:
    """ISO 8601 UTC with milliseconds: `2026-11-22T08:00:00.123Z`."""
    moment = _EPOCH + timedelta(milliseconds=instant)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def bill_json(bill: Bill, shown: Shown | None = None) -> dict[str, Any]:
    """The bill as plain dicts, lists, text and numbers, as docs/contributor/interfaces.md has it.

    With `shown` only the statements it allows: of other tenants and of what is absorbed, only sums.
    """
    own = [statement for statement in bill.statements if shown is None or shown(statement.tenant)]
    versions = {line.charge.price_version for statement in own for line in statement.lines}
    form: dict[str, Any] = {
        "month": bill.month,
        "timezone": bill.timezone,
        "from": instant_text(bill.interval.start),
        "to": instant_text(bill.interval.end),
        "state": "metered" if bill.complete else "open",
        "since": instant_text(bill.since),
        "watermark": instant_text(bill.until),
        "price_versions": sorted(versions - {""}),
        "tenants": [_statement(statement) for statement in own],
        "others_won": sum(s.supply for s in bill.statements) - sum(s.supply for s in own),
        "absorbed_won": bill.absorbed.supply,
        "absorbed_micro": str(sum(line.charge.amount.micro for line in bill.absorbed.lines)),
        "pool_won": bill.supply,
        "states": [_state(use) for use in bill.states],
    }
    return form if shown else form | {"absorbed": _statement(bill.absorbed)}


def _statement(statement: Statement) -> dict[str, Any]:
    return {
        "tenant": statement.tenant,
        "path": list(statement.path),
        "name": statement.name,
        "name_ko": statement.name_ko,
        "lines": [_line(line) for line in statement.lines],
        "projects": [{"project": project, "amount_won": won} for project, won in statement.projects],
        "supply_won": statement.supply,
        "vat_won": statement.vat,
        "total_won": statement.total,
    }


def _line(line: Line) -> dict[str, Any]:
    return {
        "description": {"en": line.name, "ko": line.name_ko},
        "project": line.charge.project,
        "resource": line.charge.resource,
        "rule": line.charge.rule,
        "price_version": line.charge.price_version,
        "quantity": line.quantity,
        "unit": line.unit,
        "unit_price_won": _unit_price(line.charge),
        "amount_won": line.won,
        "amount_micro": str(line.charge.amount.micro),
    }


def _unit_price(charge: Charge) -> int | float | None:
    """Won per unit-hour, whole where it is whole; for reading, nothing is worked out from it.

    None for a share of a cost pool: what a unit of it costs is known when the month is over.
    """
    if pool_name(charge.rule):
        return None
    micro = charge.price.micro
    return micro // MICRO if micro % MICRO == 0 else micro / MICRO


def _state(use: StateUse) -> dict[str, Any]:
    return {
        "state": use.state.value,
        "resource": use.resource,
        "quantity": decimal(use.quantity, unit_hour(use.resource)),
        "unit": unit_name(use.resource),
    }
