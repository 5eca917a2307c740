"""Months and price edges as instants: a month is a calendar month of the room's time zone.

The time zone rules come from the system's tz database, or from the `tzdata` package where there is none.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from dure.model.instants import Instant, Interval
from dure.model.rules import PriceVersion

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_MONTH = re.compile(r"([1-9][0-9]{3})-(0[1-9]|1[0-2])")


def _zone(timezone: str) -> ZoneInfo:
    try:
        return ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(f"{timezone!r} is no time zone; write for example Asia/Seoul") from error


def _first_of(year: int, month: int, zone: ZoneInfo) -> Instant:
    return (datetime(year, month, 1, tzinfo=zone).astimezone(UTC) - _EPOCH) // _MILLISECOND


def month_interval(month: str, timezone: str) -> Interval:
    """All instants of a month such as `2026-11` in an IANA time zone.

    Raises ValueError for what is no month (1969-01 to 9998-12) or no time zone.
    """
    match = _MONTH.fullmatch(month)
    if not match or not 1969 <= int(match[1]) <= 9998:
        raise ValueError(f"{month[:40]!r} is no month; write for example 2026-11")
    year, number = int(match[1]), int(match[2])
    zone = _zone(timezone)
    following = (year, number + 1) if number < 12 else (year + 1, 1)
    return Interval(_first_of(year, number, zone), _first_of(*following, zone))


def local(instant: Instant, timezone: str) -> datetime:
    """The instant on the clocks of a time zone. Raises ValueError for an unknown zone."""
    return (_EPOCH + timedelta(milliseconds=instant)).astimezone(_zone(timezone))


def month_of(instant: Instant, timezone: str) -> str:
    """The month, such as `2026-11`, that an instant lies in. Raises ValueError for an unknown zone."""
    return f"{local(instant, timezone):%Y-%m}"


def months_of(interval: Interval, timezone: str) -> tuple[str, ...]:
    """Every month that an interval meets, in order; none where it is empty."""
    months: list[str] = []
    at = interval.start
    while at < interval.end:
        months.append(month_of(at, timezone))
        at = month_interval(months[-1], timezone).end
    return tuple(months)


def edges(interval: Interval, timezone: str, prices: Iterable[PriceVersion] = ()) -> tuple[Instant, ...]:
    """The instants strictly inside an interval at which a month or a price version begins, in order."""
    starts = {month_interval(month, timezone).start for month in months_of(interval, timezone)}
    starts |= {version.start for version in prices}
    return tuple(sorted(at for at in starts if interval.start < at < interval.end))


def split_at(interval: Interval, instants: Iterable[Instant]) -> tuple[Interval, ...]:
    """The interval cut at those instants that lie inside it; an empty one stays one piece."""
    cuts = sorted({at for at in instants if interval.start < at < interval.end})
    bounds = [interval.start, *cuts, interval.end]
    return tuple(Interval(start, end) for start, end in pairwise(bounds))


def price_segments(
    prices: Sequence[PriceVersion], interval: Interval
) -> tuple[tuple[Interval, PriceVersion | None], ...]:
    """The interval cut at price edges, each piece with the version in force; None before the first.

    Of versions that begin at the same instant the last named holds.
    """
    pieces = split_at(interval, [version.start for version in prices])
    ordered = sorted(prices, key=lambda version: version.start)
    return tuple((piece, _in_force(ordered, piece.start)) for piece in pieces)


def _in_force(ordered: Sequence[PriceVersion], at: Instant) -> PriceVersion | None:
    begun = [version for version in ordered if version.start <= at]
    return begun[-1] if begun else None
