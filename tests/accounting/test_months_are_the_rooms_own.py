from datetime import datetime
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dure.accounting.months import (
    edges,
    local,
    month_interval,
    month_of,
    months_of,
    price_segments,
    split_at,
)
from dure.model.instants import DAY, HOUR, Interval
from dure.model.rules import PriceVersion

ZONES = st.sampled_from(
    ["Asia/Seoul", "UTC", "Europe/Berlin", "America/Sao_Paulo", "Pacific/Apia", "Asia/Kathmandu"]
)
instants = st.integers(0, 4_000_000_000_000)
YEAR = 365 * DAY


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp() * 1000)


def test_a_month_in_seoul_begins_nine_hours_before_utc() -> None:
    """November 2026 in Seoul is from 15:00 UTC on 31 October to 15:00 UTC on 30 November."""
    november = Interval(at("2026-10-31T15:00:00+00:00"), at("2026-11-30T15:00:00+00:00"))
    assert month_interval("2026-11", "Asia/Seoul") == november
    assert month_interval("2026-12", "Asia/Seoul").start == november.end


def test_a_month_with_a_clock_change_has_its_true_length() -> None:
    """March in Berlin has an hour less than 31 days, October one more."""
    assert month_interval("2026-03", "Europe/Berlin").length == 31 * DAY - HOUR
    assert month_interval("2026-10", "Europe/Berlin").length == 31 * DAY + HOUR


@given(instants, ZONES)
def test_every_instant_is_in_its_own_month(instant: int, zone: str) -> None:
    """The month of an instant holds it, and abuts the next month."""
    month = month_of(instant, zone)
    interval = month_interval(month, zone)
    assert instant in interval
    assert f"{local(instant, zone):%Y-%m}" == month
    assert month_of(interval.end, zone) != month
    assert month_interval(month_of(interval.end, zone), zone).start == interval.end


@given(instants, st.integers(0, YEAR), ZONES, st.lists(instants, max_size=4))
def test_cutting_at_edges_keeps_every_millisecond(
    start: int, length: int, zone: str, begins: list[int]
) -> None:
    """Pieces abut, add up, and lie each in one month and under one price version."""
    interval = Interval(start, start + length)
    prices = [PriceVersion(str(number), begin) for number, begin in enumerate(begins)]
    pieces = split_at(interval, edges(interval, zone, prices))
    assert (pieces[0].start, pieces[-1].end) == (interval.start, interval.end)
    assert all(one.end == other.start for one, other in pairwise(pieces))
    for piece in pieces if length else ():
        assert len(months_of(piece, zone)) == 1
        assert not any(piece.start < begin < piece.end for begin in begins)


@given(st.lists(st.integers(0, 100), max_size=5), st.integers(0, 100), st.integers(0, 100))
def test_each_piece_has_the_version_in_force(begins: list[int], start: int, length: int) -> None:
    """A price version holds from its start to the next one's; before the first there is none."""
    prices = [PriceVersion(str(number), begin) for number, begin in enumerate(begins)]
    for piece, version in price_segments(prices, Interval(start, start + length)):
        begun = [begin for begin in begins if begin <= piece.start]
        assert (version.start if version else None) == max(begun, default=None)


@pytest.mark.parametrize(
    "month", ["2026-13", "2026-00", "26-11", "2026-1", "2026-11-01", "", "9999-01", "1968-12", "٢٠٢٦-11"]
)
def test_what_is_no_month_is_refused(month: str) -> None:
    """A month is four digits, a hyphen and two digits."""
    with pytest.raises(ValueError, match="no month"):
        month_interval(month, "Asia/Seoul")


@pytest.mark.parametrize("zone", ["Asia/Soul", "", "../etc/passwd", "/etc/localtime", "Asia"])
def test_what_is_no_time_zone_is_refused(zone: str) -> None:
    """A time zone is a name of the tz database, never a path."""
    with pytest.raises(ValueError, match="no time zone"):
        month_interval("2026-11", zone)
    with pytest.raises(ValueError, match="no time zone"):
        month_of(0, zone)


def test_an_empty_interval_meets_no_month() -> None:
    """Nothing lies in no month."""
    assert months_of(Interval(5, 5), "UTC") == ()
