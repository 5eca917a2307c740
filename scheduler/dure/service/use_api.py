"""Use and money over HTTP: quota, usage, bills."""

from __future__ import annotations

from collections import defaultdict
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query

from dure.accounting.bill_form import bill_json
from dure.accounting.quantities import decimal, unit_hour, unit_name
from dure.ledger import SqlLedger
from dure.model.instants import SECOND, Instant, Interval
from dure.model.use import State
from dure.service.answers import QuotaRow, UsageAnswer, UsageRow
from dure.service.errors import bad_input
from dure.service.hall import Hall, Person, Serving, seen_tenant
from dure.service.instants import from_wire, month_start, to_wire
from dure.service.quota_rows import quota_rows
from dure.service.recovery import settle
from dure.service.requests import Line
from dure.service.words import OTHERS

router = APIRouter(prefix="/v1", tags=["use"])

_LONGEST_MS = 400 * 86_400_000


@router.get("/quota")
async def quota(hall: Serving, caller: Person, tenant: Line = "") -> list[QuotaRow]:
    """Guarantee, limit, held and pending by resource; of tenants that are not the caller's only a sum."""
    seen_tenant(hall, caller, tenant)
    return await quota_rows(hall.live, caller, tenant)


@router.get("/usage", response_model_by_alias=True)
async def usage(
    hall: Serving, caller: Person, tenant: Line = "", fresh: bool = True,
    begin: Annotated[str | None, Query(alias="from", max_length=64)] = None,
    to: Annotated[str | None, Query(max_length=64)] = None,
) -> UsageAnswer:  # fmt: skip
    """What was used over [from, to), as far as it is in the ledger; `fresh` brings that up to now first."""
    seen_tenant(hall, caller, tenant)
    interval = _interval(hall, begin, to)
    await _bring_up_to_now(hall, fresh)
    sums = await hall.books.read(lambda ledger: _sums(ledger, interval))
    shown: defaultdict[tuple[str, str, str], int] = defaultdict(int)
    for (owner, project, resource), quantity in sums.items():
        mine = caller.sees(owner, hall.live.rules)
        if tenant in {"", owner} or not mine:
            shown[(owner, project, resource) if mine else (OTHERS, "", resource)] += quantity
    rows = [_usage_row(*key, quantity) for key, quantity in sorted(shown.items())]
    watermark = to_wire(hall.live.metering().watermark)
    return UsageAnswer(
        begin=to_wire(interval.start), to=to_wire(interval.end), timezone=hall.live.rules.timezone,
        watermark=watermark, rows=rows,
    )  # fmt: skip


@router.get("/bills/{month}")
async def bill(
    month: Annotated[str, Path(max_length=16, description="YYYY-MM, in the room's time zone.")],
    hall: Serving, caller: Person, tenant: Line = "", fresh: bool = True,
) -> dict[str, Any]:  # fmt: skip
    """A month's bill as it stands; a tenant's own statement, of the others a sum."""
    seen_tenant(hall, caller, tenant)
    await _bring_up_to_now(hall, fresh)
    try:
        made = await hall.books.read(lambda ledger: ledger.bill(month))
    except ValueError as error:
        raise bad_input(f"{month!r} is no month", "write for example 2026-11") from error
    if caller.is_room_admin and not tenant:
        return bill_json(made)
    rules = hall.live.rules
    return bill_json(made, lambda owner: caller.sees(owner, rules) and tenant in {"", owner})


async def _bring_up_to_now(hall: Hall, fresh: bool) -> None:
    """Unless the ledger is but a moment behind."""
    if fresh and hall.live.now() - hall.live.metering().watermark > SECOND:
        await hall.loop.ask(lambda: settle(hall.live))


def _interval(hall: Hall, begin: str | None, to: str | None) -> Interval:
    timezone, now = hall.live.rules.timezone, hall.live.now()
    try:
        end = now if to is None else from_wire(to, timezone)
        start = month_start(end, timezone) if begin is None else from_wire(begin, timezone)
    except ValueError as error:
        raise bad_input(str(error)) from error
    if end < start:
        first, last = begin or to_wire(start), to or f"now, {to_wire(end)}"
        raise bad_input(f"from ({first}) comes after to ({last})", "name the earlier time first")
    interval = Interval(start, end)
    if interval.length > _LONGEST_MS:
        raise bad_input("that is more than 400 days", "ask for a shorter time")
    return interval


def _sums(ledger: SqlLedger, interval: Interval) -> dict[tuple[str, str, str], int]:
    """(tenant, project, resource) -> amount x ms within the interval."""
    sums: defaultdict[tuple[str, str, str], int] = defaultdict(int)
    for piece in ledger.slices(interval) if interval.length else ():
        if piece.state is State.TENANT:
            sums[piece.tenant, piece.project, piece.resource] += piece.amount * _overlap(
                piece.start, piece.end, interval
            )
    return {key: quantity for key, quantity in sums.items() if quantity}


def _overlap(start: Instant, end: Instant, interval: Interval) -> int:
    return max(0, min(end, interval.end) - max(start, interval.start))


def _usage_row(tenant: str, project: str, resource: str, quantity: int) -> UsageRow:
    return UsageRow(
        tenant=tenant,
        project=project,
        resource=resource,
        quantity=decimal(quantity, unit_hour(resource)),
        unit=unit_name(resource),
    )
