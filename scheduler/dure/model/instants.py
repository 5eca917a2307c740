"""Time as integers: instants are milliseconds UTC since 1970, intervals are half-open."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

Instant: TypeAlias = int
"""Milliseconds UTC since 1970-01-01T00:00:00Z."""

Millis: TypeAlias = int
"""A length of time in milliseconds."""

SECOND: Millis = 1_000
MINUTE: Millis = 60 * SECOND
HOUR: Millis = 60 * MINUTE
DAY: Millis = 24 * HOUR


@dataclass(frozen=True, slots=True, order=True)
class Interval:
    """The instants from `start` up to, and without, `end`.

    Raises ValueError where `end` lies before `start`; an empty interval is allowed.
    """

    start: Instant
    end: Instant

    def __post_init__(self) -> None:
        if self.end < self.start:
            msg = f"interval ends ({self.end}) before it starts ({self.start})"
            raise ValueError(msg)

    @property
    def length(self) -> Millis:
        """Milliseconds between start and end."""
        return self.end - self.start

    def __contains__(self, instant: Instant) -> bool:
        return self.start <= instant < self.end

    def meet(self, other: Interval) -> Interval | None:
        """What both have in common, or None where that is empty."""
        start, end = max(self.start, other.start), min(self.end, other.end)
        return Interval(start, end) if start < end else None
