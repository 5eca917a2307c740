"""Local days and hours of a time zone as instants."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from dure.model.instants import Instant

EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001  # a moment as written: the room's time zone is not part of it


def zone(name: str) -> ZoneInfo | None:
    """The IANA time zone of that name, or None."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return None


def instant(moment: datetime, where: ZoneInfo) -> Instant:
    """The instant at which clocks there show `moment`; the first one where they show it twice.

    Raises ValueError where clocks skip it.
    """
    there = moment.replace(tzinfo=where)
    if there.astimezone(UTC).astimezone(where).replace(tzinfo=None) != moment:
        msg = f"clocks in {where.key} skip {moment:%Y-%m-%d %H:%M}; write an hour later"
        raise ValueError(msg)
    return _milliseconds(there)


def midnight(day: date, where: ZoneInfo) -> Instant:
    """When the day begins there; where clocks skip midnight, the first instant after."""
    return _milliseconds(datetime(day.year, day.month, day.day, tzinfo=where))


def next_midnight(day: date, where: ZoneInfo) -> Instant:
    """When the day is over there."""
    return midnight(day + timedelta(days=1), where)


def _milliseconds(moment: datetime) -> Instant:
    return int((moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1))


def months_later(day: date, months: int) -> date:
    """The same day that many months later, or the last of that month where it is shorter."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    following = date(year + (month + 1) // 12, (month + 1) % 12 + 1, 1)
    return min(date(year, month + 1, 1) + timedelta(days=day.day - 1), following - timedelta(days=1))
