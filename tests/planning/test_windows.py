from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dure.model.instants import DAY, HOUR, MINUTE, Interval
from dure.model.resources import Quota
from dure.model.rules import QuotaChange, Rules, Window
from dure.model.tenant import Tenant
from dure.planning.windows import Timetable, edges, in_force, next_edge

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# In each zone a day near which clocks are turned (Sao Paulo at midnight, Lord Howe by half an hour), or not.
TURNS = [
    ("Asia/Seoul", date(2026, 11, 22)),
    ("America/New_York", date(2026, 3, 8)),
    ("America/New_York", date(2026, 11, 1)),
    ("Europe/London", date(2026, 10, 25)),
    ("Australia/Lord_Howe", date(2026, 4, 5)),
    ("Australia/Lord_Howe", date(2026, 10, 4)),
    ("America/Sao_Paulo", date(2018, 11, 4)),
    ("America/Sao_Paulo", date(2018, 2, 18)),
]
GPU = "gpu:a100"


def instant(moment: datetime) -> int:
    return (moment - EPOCH) // timedelta(milliseconds=1)


def shown(at: int, zone: str) -> datetime:
    return (EPOCH + timedelta(milliseconds=at)).astimezone(ZoneInfo(zone)).replace(tzinfo=None)


@cache
def first_showing(day: date, minute: int, zone: str) -> int:
    """Minute by minute: when clocks first show this minute of this day, or later."""
    wanted = datetime(day.year, day.month, day.day) + timedelta(minutes=minute)  # noqa: DTZ001  # a clock's face
    at = instant(datetime(day.year, day.month, day.day, tzinfo=UTC)) - DAY
    while shown(at, zone) < wanted:
        at += MINUTE
    return at


def holds(window: Window, at: int, zone: str) -> bool:
    """The definition, day by day around an instant."""
    for back in range(-1, 3):
        day = shown(at, zone).date() - timedelta(days=back)
        until = day if window.end > window.start else day + timedelta(days=1)
        if day.weekday() in window.days and (
            first_showing(day, window.start, zone) <= at < first_showing(until, window.end, zone)
        ):
            return True
    return False


MINUTES = st.sampled_from([0, 30, 60, 90, 120, 121, 150, 180, 540, 1080, 1320, 1439])
DAYS = st.sets(st.integers(0, 6), min_size=1).map(lambda days: tuple(sorted(days)))


@st.composite
def timetables(draw: st.DrawFn) -> tuple[Rules, date]:
    zone, day = draw(st.sampled_from(TURNS))
    windows = tuple(
        Window(
            f"w{number}", draw(DAYS), draw(MINUTES), draw(MINUTES),
            (QuotaChange("t", Quota.of({GPU: number}), weight=draw(st.sampled_from([None, number + 2]))),),
        )
        for number in range(draw(st.integers(1, 3)))
    )  # fmt: skip
    return Rules("room", timezone=zone, tenants=(Tenant("t", weight=9),), windows=windows), day


def expected(rules: Rules, at: int) -> Tenant:
    """Window after window changes what it states."""
    guarantee, weight = rules.tenants[0].guarantee, 9
    for window in rules.windows:
        if holds(window, at, rules.timezone):
            change = window.changes[0]
            guarantee = guarantee if change.guarantee is None else change.guarantee
            weight = change.weight or weight
    return Tenant("t", weight=weight, guarantee=guarantee)


@settings(max_examples=60, deadline=None)
@given(timetables(), st.integers(-36 * 60, 60 * 60), st.sampled_from([0, 1, MINUTE - 1]))
def test_windows_hold_as_the_clocks_of_the_room_show(
    table: tuple[Rules, date], minutes: int, more: int
) -> None:
    """At any instant around a day on which clocks are turned, the quotas are those of the naive definition."""
    rules, day = table
    at = instant(datetime(day.year, day.month, day.day, tzinfo=UTC)) + minutes * MINUTE + more
    assert in_force(rules, at).tenants == (expected(rules, at),)


@settings(max_examples=8, deadline=None)
@given(timetables())
def test_between_two_edges_nothing_changes(table: tuple[Rules, date]) -> None:
    """Minute by minute over three days, whatever holds changes at edges only, and every change is an edge."""
    rules, day = table
    start = instant(datetime(day.year, day.month, day.day, tzinfo=UTC)) - DAY
    timetable = Timetable(rules)
    found = set(timetable.edges(start, start + 3 * DAY))
    before = timetable.in_force(start)
    for at in range(start + MINUTE, start + 3 * DAY + 1, MINUTE):
        now = timetable.in_force(at)
        assert now is before or at in found
        before = now
    assert found == set(edges(rules, start, start + 3 * DAY))
    for edge in found:
        assert timetable.last_edge(edge) == edge == timetable.next_edge(edge - 1)


def test_without_windows_the_rules_are_the_very_same() -> None:
    """A room without windows has one set of rules, no edge, and asks for no time zone."""
    rules = Rules("room", timezone="No/Where", tenants=(Tenant("t"),))
    assert in_force(rules, 5) is rules
    assert next_edge(rules, 5) is None
    assert Timetable(rules).last_edge(5) is None
    assert edges(rules, 0, DAY) == ()


def test_a_night_ends_on_the_next_day() -> None:
    """A window from 22:00 to 06:00 on Fridays holds on Saturday morning, not on Friday morning."""
    change = QuotaChange("t", limit=Quota.of({GPU: 3}))
    rules = Rules("r", tenants=(Tenant("t"),), windows=(Window("night", (4,), 22 * 60, 6 * 60, (change,)),))
    friday = instant(datetime(2026, 11, 20, tzinfo=ZoneInfo("Asia/Seoul")))
    for hour, holding in ((5, False), (21, False), (22, True), (29, True), (30, False)):
        assert (in_force(rules, friday + hour * HOUR) is not rules) is holding
    assert next_edge(rules, friday) == friday + 22 * HOUR
    assert next_edge(rules, friday + 22 * HOUR) == friday + 30 * HOUR


def test_an_unknown_time_zone_is_named() -> None:
    """A zone that does not exist is an error that says what to write."""
    rules = Rules("r", timezone="Mars/Base", windows=(Window("w", (0,), 0, 60, ()),))
    with pytest.raises(ValueError, match="Mars/Base"):
        in_force(rules, 0)


def test_outside_its_tenancy_a_tenant_is_promised_nothing() -> None:
    """Neither it nor those below it: their guarantees, and what they keep back, hold during the term only."""
    quota = Quota.of({GPU: 2})
    above = Tenant("p", guarantee=quota, keep=quota, term=Interval(10, 20), limit=quota)
    rules = Rules("r", tenants=(above, Tenant("c", "p", guarantee=quota), Tenant("o", guarantee=quota)))
    assert in_force(rules, 10) is rules
    assert in_force(rules, 19) is rules
    for at in (9, 20):
        held = {one.id: (one.guarantee, one.keep) for one in in_force(rules, at).tenants}
        assert held == {"p": (Quota(), Quota()), "c": (Quota(), Quota()), "o": (quota, Quota())}
        assert in_force(rules, at).tenants[0].limit == quota
    assert edges(rules, 0, 100) == (10, 20)
