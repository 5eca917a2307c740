import tempfile
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dure.model.instants import HOUR
from dure.model.rules import Rules
from dure.planning.windows import Timetable
from dure_policies import read_bundle
from dure_policies.hours import DAYS
from tests.policies.small_bundle import CALENDAR, FULL, WINDOWS, refused, write

MONDAY = 1_765_119_600_000  # 2025-12-08 00:00 in Seoul
SEOUL = ZoneInfo("Asia/Seoul")
NO_CALENDAR = "calendar: {}\n"


def night(old: str = "", new: str = "") -> str:
    assert old in WINDOWS
    return WINDOWS.replace(old, new)


def test_the_bundle_with_something_of_everything_is_fine(tmp_path: Path) -> None:
    """Else the tests that change it would show nothing."""
    assert refused(write(tmp_path / "b", **FULL)) == []


def test_a_window_may_promise_what_the_room_has_left(tmp_path: Path) -> None:
    """Six of eight devices by night beside two others; not seven, and the line stands in the window."""
    assert refused(write(tmp_path / "a", calendar=WINDOWS)) == []
    line = "the guarantees add up to 9 gpu:a100 while Night is open, the room has 8; promise 1 less"
    too_much = night("a100: 6", "a100: 7")
    assert refused(write(tmp_path / "b", calendar=too_much)) == [f"calendar.yaml:7:46: {line}"]


def test_what_a_window_does_not_name_is_not_guaranteed_in_it(tmp_path: Path) -> None:
    """It states the whole guarantee: a child's promise then passes on to the room."""
    text = night("bob: {limit: {gpus: {a100: 8}}, weight: 3}", "bob: {guarantee: {cpu: 1}}")
    assert refused(write(tmp_path / "a", calendar=text)) == []
    fuller = text.replace("a100: 6", "a100: 8")
    line = "the guarantees add up to 9 gpu:a100 while Night is open, the room has 8; promise 1 less"
    assert refused(write(tmp_path / "b", calendar=fuller)) == [f"calendar.yaml:7:46: {line}"]


def test_a_parent_that_has_less_by_night_is_told_so_there(tmp_path: Path) -> None:
    """Children keep their promise; the parent's is what has to change."""
    text = night("bob: {limit: {gpus: {a100: 8}}, weight: 3}", "bob: {guarantee: {gpus: {a100: 0}}}")
    line = "the guarantees below bob add up to 1 gpu:a100 while Night is open, bob is guaranteed 0"
    right = "promise 1 more here, or as much less below"
    assert refused(write(tmp_path / "b", calendar=text)) == [f"calendar.yaml:8:38: {line}; {right}"]


def test_what_a_tenant_keeps_and_may_hold_agrees_with_the_window(tmp_path: Path) -> None:
    """A limit, a keep or a cohort stated once holds by night as well."""
    tenants = FULL["tenants"]
    change = "bob: {limit: {gpus: {a100: 8}}, weight: 3}"
    for number, (text, line) in enumerate([
        (night(change, "bob: {guarantee: {gpus: {a100: 7}}}").replace("a100: 6", "a100: 0"),
         "8:38: the guarantee of 7 gpu:a100 is above bob's limit; write 6 or less, or a limit beside it"),
        (night(change, "team: {guarantee: {}}\n      bob: {guarantee: {gpus: {a100: 0}}}"),
         "9:38: 1 gpu:a100 are kept, and 0 are guaranteed here; write 1 or more"),
        (night(change, "team: {guarantee: {}}\n      bob: {guarantee: {cpu: 1}}"),
         "9:24: 1 gpu:a100 are kept, and 0 are guaranteed here; write 1 or more"),
    ]):  # fmt: skip
        assert refused(write(tmp_path / f"{number}", tenants=tenants, calendar=text)) == [
            f"calendar.yaml:{line}"
        ]


def test_a_quota_that_cannot_be_read_says_only_that(tmp_path: Path) -> None:
    """What it leaves open in sums and beside other quotas is no second finding."""
    text = night("bob: {limit: {gpus: {a100: 8}}, weight: 3}", "bob: {guarantee: {gpus: {a100: two}}}")
    line = "calendar.yaml:8:38: 'two' is not a whole number; write for example 12 or 1_200_000"
    assert refused(write(tmp_path / "b", tenants=FULL["tenants"], calendar=text)) == [line]


def test_windows_that_are_open_at_once_are_added_up(tmp_path: Path) -> None:
    """Each fits by itself; where both are open, from Saturday's midnight on, they do not."""
    weekend = '  Weekend:\n    days: [sat]\n    start: "00:00"\n    end: "24:00"\n    tenants:\n'
    text = WINDOWS + weekend + "      bob: {guarantee: {gpus: {a100: 3}}, limit: {}}\n"
    [line] = refused(write(tmp_path / "a", calendar=text))
    assert line.startswith(
        "calendar.yaml:14:38: the guarantees add up to 9 gpu:a100 while Night, Weekend are"
    )
    sunday = text.replace("days: [sat]", "days: [sun]")
    assert refused(write(tmp_path / "b", calendar=sunday)) == []
    later = text.replace('start: "00:00"', 'start: "08:00"')
    assert refused(write(tmp_path / "c", calendar=later)) == []


def test_the_later_of_two_windows_holds(tmp_path: Path) -> None:
    """What the earlier one promises too much does not count while the later one takes it back."""
    days = "  Day:\n    days: [mon, tue, wed, thu, fri]\n"
    text = night("a100: 6", "a100: 9") + days + '    start: "22:00"\n    end: "08:00"\n    tenants:\n'
    assert refused(write(tmp_path / "a", calendar=text + "      ada: {guarantee: {}}\n")) == []
    assert refused(write(tmp_path / "b", calendar=text + "      ada: {weight: 2}\n")) != []


def test_an_entry_meets_only_the_windows_that_open_meanwhile(tmp_path: Path) -> None:
    """Two more devices on a Thursday afternoon fit; into the night they do not."""
    assert refused(write(tmp_path / "a", calendar=CALENDAR + WINDOWS)) == []
    late = CALENDAR.replace("18:00", "22:01") + WINDOWS
    line = "the guarantees and the calendar add up to 10 gpu:a100 after 2026-12-10 13:00 while Night is open"
    right = "the room has 8; promise 2 less, or name under yields whose guarantee gives way"
    assert refused(write(tmp_path / "b", calendar=late)) == [f"calendar.yaml:6:30: {line}, {right}"]
    week = CALENDAR.replace("2026-12-10 18:00", "2027-12-10 18:00") + WINDOWS
    assert len(refused(write(tmp_path / "c", calendar=week))) == 1


def test_a_week_has_room_for_thirty_windows(tmp_path: Path) -> None:
    """More are a mistake, and would only make checking slow."""
    one = '{days: [mon], start: "00:00", end: "01:00", tenants: {ada: {weight: 2}}}'
    for count, lines in ((30, 0), (31, 1)):
        text = "windows:\n" + "".join(f"  w{number}: {one}\n" for number in range(count))
        assert len(refused(write(tmp_path / str(count), calendar=text))) == lines


# Against a plain walk through the week, hour by hour


@st.composite
def window_texts(draw: st.DrawFn) -> tuple[str, tuple[set[int], int, int, dict[str, int]]]:
    days = draw(st.sets(st.integers(0, 6), min_size=1))
    start, end = draw(st.integers(0, 23)), draw(st.integers(0, 23))
    gives = draw(st.dictionaries(st.sampled_from(["a", "b"]), st.integers(0, 8), min_size=1))
    tenants = ", ".join(f"{name}: {{guarantee: {{cpu: {amount}}}}}" for name, amount in gives.items())
    listed = ", ".join(DAYS[day] for day in sorted(days))
    text = f'{{days: [{listed}], start: "{start:02}:00", end: "{end:02}:00", tenants: {{{tenants}}}}}'
    return text, (days, start, end, gives)


def guaranteed(windows: list[tuple[set[int], int, int, dict[str, int]]], hour: int) -> int:
    """What a and b are guaranteed together in an hour of the week."""
    found = {"a": 3, "b": 3}
    for days, start, end, gives in windows:
        length = end - start if end > start else end - start + 24
        if any((hour - day * 24 - start) % 168 < length for day in days):
            found |= gives
    return sum(found.values())


@settings(max_examples=40, deadline=None)
@given(
    st.lists(window_texts(), max_size=4),
    st.integers(0, 200),
    st.integers(1, 200),
    st.integers(0, 4),
)
def test_exactly_what_is_too_much_at_some_hour_is_refused(
    windows: list[tuple[str, tuple[set[int], int, int, dict[str, int]]]], start: int, length: int, extra: int
) -> None:
    """Ten cpus; the guarantees of every hour of the week, and an entry on top of them while it lasts."""
    stated = [window for _, window in windows]
    fits = all(guaranteed(stated, hour) <= 10 for hour in range(168)) and all(
        guaranteed(stated, hour % 168) + extra <= 10 for hour in range(start, start + length) if extra
    )
    edges = [f"{_shown(MONDAY + hour * HOUR)}" for hour in (start, start + length)]
    calendar = (
        f"calendar:\n  x: {{start: {edges[0]}, end: {edges[1]}, tenants: [a], resources: {{cpu: {extra}}}}}\n"
    )
    texts = {
        "room": "room: r\npools: {p: {backend: local, nodes: {n1: {cpu: 10, memory: 1Gi}}}}\n",
        "tenants": "tenants: {a: {guarantee: {cpu: 3}}, b: {guarantee: {cpu: 3}}}\n",
        "calendar": (calendar if extra else NO_CALENDAR)
        + ("windows:\n" if windows else "")
        + "".join(f"  w{number}: {text}\n" for number, (text, _) in enumerate(windows)),
        "prices": "prices: {}\n",
    }
    with tempfile.TemporaryDirectory() as folder:
        bundle = write(Path(folder) / "b", **texts)
        assert (refused(bundle) == []) == fits
        held = planned(read_bundle(bundle).rules) if fits else []
    assert held == ([guaranteed(stated, hour) for hour in range(168)] if fits else [])


def planned(found: Rules) -> list[int]:
    """What a and b are guaranteed together in each hour of the week, as the planner has it."""
    timetable = Timetable(found)
    weeks = (timetable.in_force(MONDAY + hour * HOUR).tenants for hour in range(168))
    return [sum(one.guarantee.get("cpu") or 0 for one in tenants) // 1_000 for tenants in weeks]


def _shown(instant: int) -> str:
    return f"{datetime.fromtimestamp(instant / 1000, UTC).astimezone(SEOUL):%Y-%m-%d %H:%M}"


def test_midnight_ends_a_day_by_either_name(tmp_path: Path) -> None:
    """24:00 of a day and 00:00 of the next are one instant; from midnight to midnight is a whole day."""
    found = []
    for number, end in enumerate(("24:00", "00:00")):
        text = WINDOWS.replace('"22:00"', '"00:00"').replace('"08:00"', f'"{end}"')
        found.append(read_bundle(write(tmp_path / str(number), calendar=text)).rules.windows)
    assert found[0] == found[1]
    assert (found[0][0].start, found[0][0].end) == (0, 0)


@pytest.mark.parametrize(("first", "second"), [("Night", "Day"), ("Day", "Night")])
def test_windows_keep_the_order_of_the_file(tmp_path: Path, first: str, second: str) -> None:
    """The later one holds where both are open, so the order is part of what is read."""
    one = '{days: [mon], start: "00:00", end: "01:00", tenants: {ada: {weight: 2}}}'
    folder = write(tmp_path / "b", calendar=f"windows:\n  {first}: {one}\n  {second}: {one}\n")
    assert [window.name for window in read_bundle(folder).rules.windows] == [first, second]
