"""`dure usage|quota|bill`: what was used, what is due, what it costs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import click

from dure_cli.remote import words
from dure_cli.remote.client import client, lang
from dure_cli.remote.exits import USAGE, stop
from dure_cli.remote.output import OUTPUT, Column, emit, show, table, terminal, write_csv
from dure_cli.remote.quota_table import QUOTA, STATED, quota_lines


@click.command()
@click.option("--from", "from_", metavar="INSTANT", help="ISO 8601; the month's start when left out.")
@click.option("--to", metavar="INSTANT", help="ISO 8601; now when left out.")
@click.option("--tenant", help="Only this tenant.")
@OUTPUT
def usage(from_: str | None, to: str | None, tenant: str | None, output: str) -> None:
    """Show metered use by tenant, project and resource, complete up to the watermark."""
    params = {k: v for k, v in (("from", from_), ("to", to), ("tenant", tenant)) if v}
    told = client().ask("GET", "/v1/usage", params=params)
    if output in {"json", "yaml"}:
        emit(told, output)
        return
    columns = [Column(key) for key in ("tenant", "project", "resource")]
    columns += [Column("quantity", _short, right=True), Column("unit")]
    show(told["rows"], columns, output, lang())
    click.echo(f"metered up to {words.local(told['watermark'], told['timezone'])}", err=True)


@click.command()
@click.option("--tenant", help="Only this tenant.")
@OUTPUT
def quota(tenant: str | None, output: str) -> None:
    """Show guarantees and limits in force now, what is held, and each tenant's score: who is ahead of its due."""
    rows = client().ask("GET", "/v1/quota", params={"tenant": tenant} if tenant else {})
    if output in {"json", "yaml", "csv"}:
        show(rows, [Column(key) for key in (*QUOTA, *STATED)], output)
    else:
        narrow = terminal() if output == "table" else None
        click.echo("\n".join(quota_lines(rows, lang(), narrow)))


@click.group()
def bill() -> None:
    """Show a month's bill."""


@bill.command("show")
@click.option("--month", required=True, metavar="YYYY-MM", help="The month, in the room's time zone.")
@click.option("--tenant", help="Only this tenant.")
@OUTPUT
def bill_show(month: str, tenant: str | None, output: str) -> None:
    """Show what a month costs each tenant, line by line, as it stands now."""
    if not re.fullmatch(r"\d{4}-\d\d", month, re.ASCII):
        stop(USAGE, f"{month!a} is no month; write for example 2026-11")
    told = client().ask("GET", f"/v1/bills/{month}", params={"tenant": tenant} if tenant else {})
    if output in {"json", "yaml"}:
        emit(told, output)
    elif output == "csv":
        write_csv(list(_csv_rows(told, lang())), _CSV)
    elif statements(told):
        click.echo("\n".join(bill_lines(told, lang())))
    else:
        click.echo(_NOTHING[lang()].format(month=month), err=True)


_NOTHING = {"en": "nothing is on the bill of {month}", "ko": "{month} 이용 내역이 없습니다"}


def statements(told: dict[str, Any]) -> list[dict[str, Any]]:
    """Statements to show: tenants', and what the operator bears where there is any and the reader may see it."""
    absorbed = told.get("absorbed")
    return [*told["tenants"], *([absorbed] if absorbed and absorbed["lines"] else [])]


_CSV = [
    "month", "watermark", "tenant", "name", "project", "description", "rule", "resource", "price_version",
    "quantity", "unit", "unit_price_won", "amount_micro", "amount_won",
]  # fmt: skip


def _csv_rows(told: dict[str, Any], spoken: str) -> Iterator[dict[str, Any]]:
    """One row a line of every statement; what the operator absorbs has no tenant."""
    for statement in statements(told):
        of = {"month": told["month"], "watermark": told["watermark"], "name": _name(statement, spoken)}
        for line in statement["lines"]:
            yield of | line | {"tenant": statement["tenant"], "description": line["description"][spoken]}


def _name(statement: dict[str, Any], spoken: str) -> str:
    korean = statement["name_ko"] if spoken == "ko" else ""
    return str(korean or statement["name"] or statement["tenant"])


def _short(quantity: Any) -> str:
    """A quantity without the zeros that only fill it up; json and csv keep them."""
    text = "" if quantity is None else str(quantity)
    return text.rstrip("0").rstrip(".") if "." in text else text


_TOTALS = {
    "en": ("Supply value", "VAT", "Total"),
    "ko": ("공급가액", "세액", "합계"),
}
_HEAD = {
    "en": "{name}: bill of {month}, {state}, metered up to {watermark}",
    "ko": "{name}: {month} 이용 내역, {state}, {watermark} 까지 계량",
}
_STATE = {
    "en": {"open": "still open", "metered": "all of it metered", "closed": "closed"},
    "ko": {"open": "진행 중", "metered": "계량 완료", "closed": "마감"},
}


def bill_lines(told: dict[str, Any], spoken: str) -> Iterator[str]:
    """A month's bill as people read it, tenant by tenant."""
    columns = [
        Column("description", lambda text: (text or {}).get(spoken, "")),
        Column("project"),
        Column("quantity", _short, right=True),
        Column("unit", lambda name: words.unit(name, spoken)),
        Column("unit_price_won", lambda price: "" if price is None else f"{price:,}", right=True),
        Column("amount_won", words.won, right=True),
    ]
    state = _STATE[spoken].get(told["state"], told["state"])
    for tenant in statements(told):
        name, known = _name(tenant, spoken), tenant["tenant"]
        yield _HEAD[spoken].format(
            name=f"{name} ({known})" if known else name,
            month=told["month"],
            state=state,
            watermark=words.local(told["watermark"], told["timezone"]),
        )
        yield from table(tenant["lines"], columns, spoken)
        sums = (tenant["supply_won"], tenant["vat_won"], tenant["total_won"])
        yield "   ".join(
            f"{label} {words.won(won)}" for label, won in zip(_TOTALS[spoken], sums, strict=True)
        )
        yield ""
