"""The week: which windows are open at once, and whether that can be so at some time of a stretch of days.

Minutes of the week count from Monday's midnight by the clocks of the room.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Final, TypeAlias
from zoneinfo import ZoneInfo

from dure.model.instants import DAY, MINUTE, Instant
from dure_policies.hours import DAY_MINUTES, DAYS
from dure_policies.reading import Entry

WEEK: Final = 7 * DAY_MINUTES
Span: TypeAlias = tuple[int, int]
"""Minutes of the week from the first to the second, which is not part of it."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Times:
    """Times of the week, in order, no two of which meet."""

    spans: tuple[Span, ...]

    def some_in(self, start: Instant, end: Instant | None, zone: ZoneInfo) -> bool:
        """Whether clocks there show one of these times between two instants (None: there is no end)."""
        if end is None or end - start >= 7 * DAY:
            return bool(self.spans)
        first = _EPOCH + timedelta(milliseconds=start)
        last = _EPOCH + timedelta(milliseconds=end)
        began = first.astimezone(zone)
        shown = last.astimezone(zone).replace(tzinfo=None) - began.replace(tzinfo=None)
        # Where clocks go back, more passes than they show.
        length = -(-max(shown, last - first) // timedelta(milliseconds=MINUTE))
        minute = began.weekday() * DAY_MINUTES + began.hour * 60 + began.minute
        return self._meets(minute, minute + length) or self._meets(minute - WEEK, minute + length - WEEK)

    def _meets(self, start: int, end: int) -> bool:
        after = bisect_right(self.spans, (start, WEEK + 1))
        lasts = after > 0 and self.spans[after - 1][1] > start
        return lasts or (after < len(self.spans) and self.spans[after][0] < end)


ALWAYS: Final = Times(((0, WEEK),))


def open_at_once(windows: Entry) -> dict[tuple[str, ...], Times]:
    """Every set of windows that are open together at some time of the week, with those times.

    Names come in the order of the file; the empty set is there where at some time none is open.
    """
    spans = [(name, span) for name, window in windows.entries() for span in _spans(window)]
    edges = sorted({0, WEEK, *(edge for _, span in spans for edge in span)})
    found: dict[tuple[str, ...], list[Span]] = {}
    for start, end in pairwise(edges):
        names = dict.fromkeys(name for name, (first, last) in spans if first <= start and end <= last)
        found.setdefault(tuple(names), []).append((start, end))
    return {names: Times(tuple(times)) for names, times in found.items()}


def joined(several: Iterable[Times]) -> Times:
    """All of these times."""
    return Times(tuple(sorted(span for times in several for span in times.spans)))


def _spans(window: Entry) -> list[Span]:
    """When it is open; over the end of the week in two parts. Nothing where its hours could not be read."""
    if not {"days", "start", "end"} <= set(window.reads):
        return []
    start, end = window.get("start", 0), window.get("end", 0)
    length = end - start if end > start else end - start + DAY_MINUTES
    found = []
    for read in window.listed("days"):
        first = DAYS.index(str(read.value)) * DAY_MINUTES + start
        found.append((first, min(first + length, WEEK)))
        if first + length > WEEK:
            found.append((0, first + length - WEEK))
    return found
