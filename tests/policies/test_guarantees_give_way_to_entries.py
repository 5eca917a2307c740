import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dure_policies import read_bundle
from tests.policies.small_bundle import CALENDAR, changed, refused, write

ROOM = (
    "room: r\npools: {p: {backend: local, nodes: {n1: {cpu: 20, memory: 1Gi}, n2: {cpu: 4, memory: 1Gi}}}}\n"
)


def calendar(amount: int, *more: str) -> str:
    return CALENDAR.replace("a100: 2", f"a100: {amount}") + "".join(more)


def test_an_entry_may_take_what_those_it_names_are_guaranteed(tmp_path: Path) -> None:
    """Six of eight devices are guaranteed, two of them to bob and its team: four are to be had if both yield."""
    yields = "    yields: [bob, team]\n"
    assert refused(write(tmp_path / "a", calendar=calendar(4, yields))) == []
    line = "the guarantees and the calendar add up to 11 gpu:a100 on 2026-12-10 13:00, the room has 8"
    right = "those who yield give 2; promise 1 less, or name more under yields"
    assert refused(write(tmp_path / "b", calendar=calendar(5, yields))) == [
        f"calendar.yaml:6:30: {line}, {right}"
    ]


def test_a_team_yields_its_own_part_of_the_companys(tmp_path: Path) -> None:
    """One device is carved out of bob's two for its team: either gives one, for the other is the other's."""
    for name in ("team", "bob"):
        yields = f"    yields: [{name}]\n"
        assert refused(write(tmp_path / f"{name}-a", calendar=calendar(3, yields))) == []
        assert len(refused(write(tmp_path / f"{name}-b", calendar=calendar(4, yields)))) == 1


def test_nobody_yields_the_same_twice(tmp_path: Path) -> None:
    """Two entries at the same time share what bob gives; one after the other each may have it."""
    second = "  Evening:\n    start: {}\n    end: 2026-12-11\n    tenants: [ada]\n    yields: [bob]\n"
    resources = "    resources: {gpus: {a100: 2}}\n"
    both = calendar(3, "    yields: [bob]\n", second.format("2026-12-10 17:00"), resources)
    [line] = refused(write(tmp_path / "a", calendar=both))
    assert line.startswith("calendar.yaml:13:30: the guarantees and the calendar add up to 11 gpu:a100")
    after = both.replace("17:00", "18:00")
    assert refused(write(tmp_path / "b", calendar=after)) == []


def test_who_is_no_longer_there_gives_nothing(tmp_path: Path) -> None:
    """Another tenant's term begins when bob's has ended: what bob would give is guaranteed to the other."""
    tenants = """\
tenants:
  ada: {guarantee: {gpus: {a100: 4}}}
  bob: {guarantee: {gpus: {a100: 4}}, term: {first_day: 2024-01-01, last_day: 2026-12-10}}
  eve: {guarantee: {gpus: {a100: 4}}, term: {first_day: 2026-12-11, last_day: 2027-12-10}}
"""
    entry = calendar(2, "    yields: [bob]\n")
    assert refused(write(tmp_path / "a", tenants=tenants, calendar=entry)) == []
    long = entry.replace("2026-12-10 18:00", "2026-12-11 18:00")
    [line] = refused(write(tmp_path / "b", tenants=tenants, calendar=long))
    assert line.startswith(
        "tenants.yaml:4:34: the guarantees and the calendar add up to 10 gpu:a100 on 2026-12-11"
    )


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(0, 8), min_size=3, max_size=3),
    st.integers(1, 20),
    st.lists(st.sampled_from(["t0", "t1", "t2"]), unique=True, max_size=2),
)
def test_one_entry_is_fine_if_what_is_too_much_is_given(
    guarantees: list[int], amount: int, yields: list[str]
) -> None:
    """Neither more nor less than the guarantees of those it names."""
    stated = ", ".join(f"t{number}: {{guarantee: {{cpu: {cpus}}}}}" for number, cpus in enumerate(guarantees))
    times = "start: 2026-12-10, end: 2026-12-11"
    entry = f"{{{times}, tenants: [other], resources: {{cpu: {amount}}}, yields: [{', '.join(yields)}]}}"
    too_much = max(0, sum(guarantees) + amount - 24)
    given_way = sum(guarantees[int(name[1])] for name in yields)
    fits = sum(guarantees) <= 24 and too_much <= min(amount, given_way)
    with tempfile.TemporaryDirectory() as folder:
        found = refused(write(
            Path(folder) / "b", room=ROOM, tenants=f"tenants: {{other: {{}}, {stated}}}\n",
            prices="prices: {}\n", calendar=f"calendar: {{x: {entry}}}\n",
        ))  # fmt: skip
    assert (found == []) == fits


def test_maintenance_refuses_nothing_and_warns_of_what_may_be_missing(tmp_path: Path) -> None:
    """Promises stand; the line says what the other nodes cannot hold while it lasts, the calendar included."""
    dust = "maintenance:\n  Dust:\n    start: {}\n    end: {}\n    nodes: [n1]\n"
    before = write(tmp_path / "a", calendar=CALENDAR + dust.format("2026-11-02", "2026-11-03"))
    during = write(tmp_path / "b", calendar=CALENDAR + dust.format("2026-12-10 17:00", "2026-12-11"))
    lines = [
        [line.removeprefix(f"{folder}/") for line in read_bundle(folder).warnings]
        for folder in (before, during)
    ]
    said = "gpu:a100 are promised, the room has 4"
    assert lines == [
        [f"calendar.yaml:11:12: during Dust 6 {said}; 2 may be missing"],
        [f"calendar.yaml:11:12: during Dust 8 {said}; 4 may be missing"],
    ]


STARVES = "without a reservation small jobs may keep a large one waiting for ever"
LATE = "whoever is displaced may take a grace of 1m, so nothing is back sooner; write 1m or more"
NO_STEP = "this budget takes no step; write a percent for warn, preemptible_only or hold"
NO_PRICE = "there are no prices, so no budget is ever used; write prices.yaml, or remove the budget"


@pytest.mark.parametrize(
    ("texts", "line"),
    [
        (
            changed("room", "order: fair", "depth: 0"),
            f"room.yaml:4:10: {STARVES}; write depth: 1 if that is not meant",
        ),
        (changed("room", "order: fair", "grace: 1m\n  reclaim_within: 30s"), f"room.yaml:5:19: {LATE}"),
        (
            changed("tenants", "weight: 2", "budget: {monthly: 1, warn: never}"),
            f"tenants.yaml:7:13: {NO_STEP}",
        ),
        (
            changed("tenants", "weight: 2", "budget: {monthly: 1}") | {"prices": "prices: {}\n"},
            f"tenants.yaml:7:13: {NO_PRICE}",
        ),
    ],
)
def test_what_is_probably_not_meant_is_a_warning(tmp_path: Path, texts: dict[str, str], line: str) -> None:
    """It is allowed, and said."""
    folder = write(tmp_path / "b", **texts)
    assert [one.removeprefix(f"{folder}/") for one in read_bundle(folder).warnings] == [line]
