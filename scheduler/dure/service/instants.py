"""Instants as the wire has them (ISO 8601 UTC with milliseconds) and as people of the room read them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from dure.accounting.bill_form import instant_text as to_wire
from dure.model.instants import Instant

__all__ = ["from_wire", "in_room", "month_start", "to_wire"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST: Instant = 4_102_444_800_000  # 2100-01-01: anything later is a typing error
_WIRE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:\d\d)", re.ASCII)
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


def from_wire(text: str, timezone: str) -> Instant:
    """The instant of an ISO 8601 time with its offset, or of a date's midnight in the room's time zone.

    Raises ValueError saying what would be right.
    """
    try:
        if _DATE.fullmatch(text):
            moment = datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(timezone))
        elif _WIRE.fullmatch(text):
            moment = datetime.fromisoformat(text)
        else:
            raise ValueError(text)
        instant = (moment - _EPOCH) // timedelta(milliseconds=1)
    except (ValueError, OverflowError):
        raise _not_an_instant(text) from None
    if not 0 <= instant <= _LATEST:
        raise _not_an_instant(text)
    return instant


def _not_an_instant(text: str) -> ValueError:
    return ValueError(
        f"{text[:40]!r} is not an instant; write for example 2026-11-22T08:00:00Z or 2026-11-22"
    )


def in_room(instant: Instant, timezone: str) -> str:
    """`2026-11-22 17:00:05 KST`, as people of the room read it."""
    moment = (_EPOCH + timedelta(milliseconds=instant)).astimezone(ZoneInfo(timezone))
    return moment.strftime("%Y-%m-%d %H:%M:%S %Z")


def month_start(instant: Instant, timezone: str) -> Instant:
    """When the month of this instant began in the room."""
    moment = (_EPOCH + timedelta(milliseconds=instant)).astimezone(ZoneInfo(timezone))
    first = moment.replace(day=1, hour=0, minute=0, second=0, microsecond=0, fold=0)
    return (first - _EPOCH) // timedelta(milliseconds=1)
