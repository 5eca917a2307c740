"""A bill as the API answers it: the statements that the caller may see, of all others a sum."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dure.accounting.bill import Bill, Line, Statement
from dure.accounting.quantities import decimal, unit_hour, unit_name
from dure.model.job import TenantId
from dure.model.money import MICRO
from dure.model.rules import Rules
from dure.service.identity import path
from dure.service.instants import to_wire


def bill_answer(bill: Bill, rules: Rules, shown: Callable[[TenantId], bool]) -> dict[str, Any]:
    """The month's bill. Micro-won are text: they may be larger than what JSON numbers hold exactly."""
    own = [statement for statement in bill.statements if shown(statement.tenant)]
    whole = all(shown(tenant.id) for tenant in rules.tenants) and len(own) == len(bill.statements)
    versions = sorted({line.charge.price_version for s in own for line in s.lines} - {""})
    answer: dict[str, Any] = {
        "month": bill.month,
        "timezone": bill.timezone,
        "from": to_wire(bill.interval.start),
        "to": to_wire(bill.interval.end),
        "state": "metered" if bill.complete else "open",
        "watermark": to_wire(bill.until),
        "price_versions": versions,
        "tenants": [_statement(statement, rules) for statement in own],
        "others_won": sum(s.supply for s in bill.statements if not shown(s.tenant)),
        "absorbed_won": bill.absorbed.supply,
        "absorbed_micro": str(_micro(bill.absorbed)),
        "pool_won": bill.supply,
    }
    if whole:
        answer["absorbed"] = _statement(bill.absorbed, rules)
    answer["states"] = [
        {
            "state": use.state.value,
            "resource": use.resource,
            "quantity": decimal(use.quantity, unit_hour(use.resource)),
            "unit": unit_name(use.resource),
        }
        for use in bill.states
    ]
    return answer


def _statement(statement: Statement, rules: Rules) -> dict[str, Any]:
    return {
        "tenant": statement.tenant,
        "path": list(path(statement.tenant, rules)),
        "name": statement.name,
        "name_ko": statement.name_ko,
        "lines": [_line(line) for line in statement.lines],
        "projects": [{"project": project, "amount_won": won} for project, won in statement.projects],
        "supply_won": statement.supply,
        "vat_won": statement.vat,
        "total_won": statement.total,
    }


def _line(line: Line) -> dict[str, Any]:
    charge = line.charge
    return {
        "description": {"en": line.name, "ko": line.name_ko},
        "project": charge.project,
        "resource": charge.resource,
        "rule": charge.rule,
        "price_version": charge.price_version,
        "quantity": line.quantity,
        "unit": line.unit,
        "unit_price_won": _won(charge.price.micro),
        "amount_won": line.won,
        "amount_micro": str(charge.amount.micro),
    }


def _won(micro: int) -> int | float:
    """Won as a number: whole where they are whole."""
    return micro // MICRO if micro % MICRO == 0 else micro / MICRO


def _micro(statement: Statement) -> int:
    return sum(line.charge.amount.micro for line in statement.lines)
