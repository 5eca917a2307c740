"""Values as a bundle writes them: lengths of time, moments, won."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from dure.model.instants import DAY, HOUR, MINUTE, SECOND, Instant, Millis
from dure.model.money import MICRO, Money


def length(time: Millis) -> str:
    """`2h30m`."""
    parts = []
    for unit, size in (("d", DAY), ("h", HOUR), ("m", MINUTE), ("s", SECOND), ("ms", 1)):
        count, time = divmod(time, size)
        parts += [f"{count}{unit}"] if count else []
    return "".join(parts) or "0s"


def moment(instant: Instant, zone: str) -> str:
    """`2026-12-10 13:00` there; a midnight is a day alone."""
    shown = f"{datetime.fromtimestamp(instant / 1000, UTC).astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M}"
    return shown.removesuffix(" 00:00")


def won(money: Money) -> str:
    """`1_900` or `0.5`."""
    whole, rest = divmod(money.micro, MICRO)
    return f"{whole:_}" + (f".{rest:06d}".rstrip("0") if rest else "")
