"""RFC 3339 instants as the API server writes them, and our milliseconds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from dure.model.instants import SECOND, Instant

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def instant(text: str) -> Instant:
    """In ms since 1970; what is finer than a ms is cut off. Raises ValueError for what is no instant."""
    return (datetime.fromisoformat(text) - _EPOCH) // timedelta(milliseconds=1)


def maybe(text: str | None) -> Instant | None:
    """The instant, or None where there is none."""
    return instant(text) if text else None


def text(at: Instant) -> str:
    """As the API server writes it, to the second (cut off)."""
    return f"{_EPOCH + timedelta(seconds=at // SECOND):%Y-%m-%dT%H:%M:%SZ}"
