"""What time it is at the API server, from the Date header of its answers."""

from __future__ import annotations

from email.utils import parsedate_to_datetime

from dure.model.instants import SECOND, Instant, Millis


class ServerTime:
    """How far the server's clock is ahead of ours, in ms, between two bounds that each answer narrows.

    A Date of second D in an answer to what was sent at `sent` and came at `came` (by our clock) says that the
    server's clock showed some instant of [D, D + 1 s) between the two. Answers that contradict what was known
    say that one of the clocks was set: then only the newest counts.
    """

    def __init__(self) -> None:
        self._lowest: Millis = 0
        self._highest: Millis = 0
        self.known = False

    def heard(self, date: str | None, sent: Instant, came: Instant) -> None:
        """Take in one answer; one without a Date that can be read says nothing."""
        try:
            second = int(parsedate_to_datetime(date or "").timestamp()) * SECOND
        except (TypeError, ValueError):
            return
        lowest, highest = second - came, second + SECOND - sent
        if self.known and max(lowest, self._lowest) <= min(highest, self._highest):
            self._lowest, self._highest = max(lowest, self._lowest), min(highest, self._highest)
        else:
            self._lowest, self._highest, self.known = lowest, highest, True

    @property
    def ahead(self) -> Millis:
        """How far the server's clock is ahead of ours: the middle of what it may be."""
        return (self._lowest + self._highest) // 2

    @property
    def doubt(self) -> Millis:
        """By how much `ahead` may be wrong, either way."""
        return (self._highest - self._lowest + 1) // 2

    def at(self, ours: Instant) -> Instant:
        """The server's time at an instant of our clock."""
        return ours + self.ahead
