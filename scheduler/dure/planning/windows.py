"""Which quotas hold when: windows of the week (nights, weekends), tenancies, entries of the calendar.

A window is in force from the first instant at which the clocks of its day show `start` or later to the first at
which they show `end` or later, so that an hour which clocks skip or show twice neither loses nor doubles an edge.
Outside its own tenancy, or that of a tenant above it, a tenant is promised nothing. While an entry of the calendar
is open the guarantees that it lets yield do (see yielding). An edge works like a policy
version at its instant; it follows from the rules, so no snapshot carries it.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Final, TypeAlias
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from dure.model.instants import Instant
from dure.model.job import TenantId
from dure.model.resources import Quota
from dure.model.rules import CalendarEntry, QuotaChange, Rules, Window
from dure.model.tenant import Tenant
from dure.planning.yielding import yielding

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)
_DAY: Final = timedelta(days=1)
_WEEK: Final = 7

_Active: TypeAlias = tuple[tuple[bool, ...], frozenset[TenantId], tuple[CalendarEntry, ...]]
"""(which windows hold, whose own tenancy does not, which entries that let guarantees yield are open)."""


class Timetable:
    """What of a bundle is in force when. Raises ValueError for an unknown time zone."""

    __slots__ = ("_known", "_last", "_terms", "_zone", "rules")

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self._zone = _zone(rules.timezone) if rules.windows else UTC
        self._terms = [(tenant.id, tenant.term) for tenant in rules.tenants if tenant.term]
        self._known: dict[_Active, Rules] = {}
        self._last: tuple[Instant, Instant | None, Rules] | None = None

    def in_force(self, at: Instant) -> Rules:
        """The rules as they hold at `at`: the same object for the same windows, tenancies and entries."""
        if not (self.rules.windows or self._terms or self.rules.calendar):
            return self.rules
        if self._last is not None:
            since, edge, rules = self._last
            if since <= at and (edge is None or at < edge):
                return rules
        self._last = (at, self.next_edge(at), self._at(at))
        return self._last[2]

    def next_edge(self, at: Instant) -> Instant | None:
        """The first instant after `at` at which a window, tenancy or entry begins or ends; None for none."""
        return min((edge for edge in (*self._fixed_edges(), *self._around(at)) if edge > at), default=None)

    def last_edge(self, at: Instant) -> Instant | None:
        """The last instant up to and with `at` at which a window, tenancy or entry began or ended."""
        return max((edge for edge in (*self._fixed_edges(), *self._around(at)) if edge <= at), default=None)

    def open_at(self, at: Instant) -> tuple[CalendarEntry, ...]:
        """The entries of the calendar that are in force at `at`, in the order in which they are written."""
        return tuple(entry for entry in self.rules.calendar if at in entry.interval)

    def edges(self, after: Instant, until: Instant) -> Iterator[Instant]:
        """Every edge over (after, until], in order, each once."""
        edge = self.next_edge(after)
        while edge is not None and edge <= until:
            yield edge
            edge = self.next_edge(edge)

    def _at(self, at: Instant) -> Rules:
        active = tuple(self._holds(window, at) for window in self.rules.windows)
        over = frozenset(tenant for tenant, term in self._terms if at not in term)
        yields = self.open_at(at) if any(entry.yields for entry in self.open_at(at)) else ()
        if not any(active) and not over and not yields:
            return self.rules
        if (active, over, yields) not in self._known:
            held = (w for w, is_active in zip(self.rules.windows, active, strict=True) if is_active)
            self._known[active, over, yields] = yielding(_changed(self.rules, held, over), yields)
        return self._known[active, over, yields]

    def _fixed_edges(self) -> Iterator[Instant]:
        spans = (*(term for _, term in self._terms), *(entry.interval for entry in self.rules.calendar))
        return (edge for span in spans for edge in (span.start, span.end))

    def _around(self, at: Instant) -> Iterator[Instant]:
        """Edges of windows near `at`: each window comes round within a week, and ends at most a day later."""
        first = self._today(at) - timedelta(days=_WEEK + 1)
        return self._edges_from(first, 2 * _WEEK + 3)

    def _edges_from(self, first: date, days: int) -> Iterator[Instant]:
        for window in self.rules.windows:
            for number in range(days):
                day = first + number * _DAY
                if day.weekday() in window.days:
                    yield from self._bounds(window, day)

    def _holds(self, window: Window, at: Instant) -> bool:
        today = self._today(at)
        for day in (today - _DAY, today):
            if day.weekday() in window.days:
                start, end = self._bounds(window, day)
                if start <= at < end:
                    return True
        return False

    def _bounds(self, window: Window, day: date) -> tuple[Instant, Instant]:
        ends_on = day if window.end > window.start else day + _DAY
        return self._first_showing(day, window.start), self._first_showing(ends_on, window.end)

    def _today(self, at: Instant) -> date:
        return (_EPOCH + timedelta(milliseconds=at)).astimezone(self._zone).date()

    def _first_showing(self, day: date, minute: int) -> Instant:
        """The first instant at which clocks show this minute of this day, or later."""
        wall = datetime(day.year, day.month, day.day) + timedelta(minutes=minute)  # noqa: DTZ001  # a clock's face
        early, late = (self._instant(wall, fold) for fold in (0, 1))
        if early <= late:
            return early  # shown once, or twice: then the first of both
        # Skipped: clocks jump over it somewhere between the two readings of it.
        span = range(late, early + 1)
        return span[bisect_left(span, True, key=lambda at: self._shown(at) >= wall)]

    def _instant(self, wall: datetime, fold: int) -> Instant:
        return (wall.replace(tzinfo=self._zone, fold=fold) - _EPOCH) // _MILLISECOND

    def _shown(self, at: Instant) -> datetime:
        return (_EPOCH + timedelta(milliseconds=at)).astimezone(self._zone).replace(tzinfo=None)


def in_force(rules: Rules, at: Instant) -> Rules:
    """The rules as they hold at `at`; the very same where nothing of them differs then.

    Raises ValueError for an unknown time zone.
    """
    return Timetable(rules).in_force(at)


def next_edge(rules: Rules, at: Instant) -> Instant | None:
    """The first instant after `at` at which a window, tenancy or entry begins or ends.

    Raises ValueError for an unknown time zone.
    """
    return Timetable(rules).next_edge(at)


def edges(rules: Rules, after: Instant, until: Instant) -> tuple[Instant, ...]:
    """Every instant over (after, until] at which a window, tenancy or entry begins or ends, in order.

    Raises ValueError for an unknown time zone.
    """
    return tuple(Timetable(rules).edges(after, until))


def _zone(timezone: str) -> ZoneInfo:
    try:
        return ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(f"{timezone!r} is no time zone; write for example Asia/Seoul") from error


def _changed(rules: Rules, windows: Iterable[Window], over: Collection[TenantId]) -> Rules:
    """The windows' statements in place of the tenants' own, a later window's in place of an earlier one's."""
    tenants = {tenant.id: tenant for tenant in rules.tenants}
    for window in windows:
        for change in window.changes:
            if change.tenant in tenants:
                tenants[change.tenant] = _with(tenants[change.tenant], change)
    outside = set(over)
    for tenant in rules.tenants:
        if tenant.id in outside or tenant.parent in outside:
            outside.add(tenant.id)
            tenants[tenant.id] = replace(tenants[tenant.id], guarantee=Quota(), keep=Quota())
    return replace(rules, tenants=tuple(tenants.values()))


def _with(tenant: Tenant, change: QuotaChange) -> Tenant:
    return replace(
        tenant,
        guarantee=tenant.guarantee if change.guarantee is None else change.guarantee,
        limit=tenant.limit if change.limit is None else change.limit,
        weight=tenant.weight if change.weight is None else change.weight,
    )
