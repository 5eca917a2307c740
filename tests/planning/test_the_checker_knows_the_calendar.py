"""Broken plans of rooms with a calendar are found, and what the calendar keeps is not taken for a fault."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dure.model.instants import HOUR, SECOND, Interval
from dure.model.job import Placement
from dure.model.plan import Claim, Code, Plan, Reservation, Start
from dure.model.resources import Quota
from dure.model.rules import CalendarEntry, Maintenance, Rules
from dure.planning.check import Invariant, check
from dure.planning.check.kept import tasks_lost
from dure.planning.room import plan
from tests.planning.reference_small import NOW, Scene, scene, tenant

OPEN = Interval(NOW - HOUR, NOW + HOUR)
LATER = Interval(NOW + HOUR // 2, NOW + 2 * HOUR)


def entry(devices: int, interval: Interval = OPEN, *tenants: str) -> CalendarEntry:
    return CalendarEntry("demo", interval, tenants or ("z",), Quota.of({"gpu:a": devices}))


def rules(room: Scene, *entries: CalendarEntry, out: tuple[Maintenance, ...] = ()) -> Rules:
    return replace(room.rules, calendar=entries, maintenance=out)


def decided(room: Scene, under: Rules) -> Plan:
    """The room's plan, which has nothing wrong with it."""
    made = plan(room.snapshot, under, NOW)
    assert check(room.snapshot, under, made, thorough=True) == ()
    return made


def found(room: Scene, under: Rules, wrong: Plan, thorough: bool = False) -> set[Invariant]:
    return {finding.invariant for finding in check(room.snapshot, under, wrong, thorough=thorough)}


def waiting(room: Scene, under: Rules) -> Plan:
    """A plan that starts nothing and says that there is no place."""
    made = plan(room.snapshot, under, NOW)
    verdicts = {key: replace(verdict, code=Code.NO_PLACE) for key, verdict in made.verdicts.items()}
    return replace(made, starts=(), reservations=(), verdicts=verdicts)


@pytest.mark.parametrize(
    ("kept", "tasks", "idle"),
    [(2, 1, True), (3, 1, True), (4, 1, False), (2, 2, True), (3, 2, False)],
)
def test_what_an_entry_keeps_is_no_idle_place(kept: int, tasks: int, idle: bool) -> None:
    """Of four free devices so many are the entry's: only what is left to everybody else idles."""
    room = scene((2, 2), tenant("x"), tenant("z")).waits("j", "x", 1, count=tasks)
    under = rules(room, entry(kept))
    assert (found(room, under, waiting(room, under)) == {Invariant.IDLE}) is idle
    assert bool(decided(room, under).starts) is idle


def test_what_an_entry_uses_already_is_not_kept_twice() -> None:
    """Two of the three kept are in use under it: one is still kept, and one more is free for everybody."""
    room = scene((4,), tenant("x"), tenant("z")).runs_job("r", "z", "n0", 2).waits("j", "x")
    room.runs[0] = replace(room.runs[0], under="demo")
    under = rules(room, entry(3))
    assert found(room, under, waiting(room, under)) == {Invariant.IDLE}


def test_before_an_entry_what_it_will_keep_may_be_used() -> None:
    """Until grace before it whoever may be preempted starts; and a calendar that is over says nothing."""
    room = scene((1,), tenant("x"), tenant("z")).waits("j", "x")
    for interval in (LATER, Interval(0, NOW)):
        under = rules(room, entry(1, interval))
        assert found(room, under, waiting(room, under)) == {Invariant.IDLE}
        assert decided(room, under).starts


def test_a_node_in_maintenance_does_not_idle() -> None:
    """Nor does one that is emptied within grace; another does."""
    room = scene((1, 1), tenant("x")).waits("j", "x")
    soon = Interval(NOW + SECOND, NOW + HOUR)
    both = rules(room, out=(Maintenance("fans", OPEN, ("n0",)), Maintenance("disks", soon, ("n1",))))
    assert found(room, both, waiting(room, both)) == set()
    one = rules(room, out=(Maintenance("fans", OPEN, ("n0",)),))
    assert found(room, one, waiting(room, one)) == {Invariant.IDLE}


def test_a_node_that_is_emptied_is_given_to_nobody() -> None:
    """No start, claim or reservation on it; nor before it for one that may not be preempted and runs into it."""
    place = (Placement(0, "n0", "a"),)
    start, claim = Start("j", 1, place, False), Claim("j", NOW, place, False)
    room = scene((1, 1), tenant("x")).waits("j", "x", preemptible=False)
    now, later = (rules(room, out=(Maintenance("fans", at, ("n0",)),)) for at in (OPEN, LATER))
    assert decided(room, now).starts[0].placements == (Placement(0, "n1", "a"),)
    for under in (now, later):
        made = replace(decided(room, under), starts=())
        for wrong in (replace(made, starts=(start,)), replace(made, claims=(claim,))):
            assert found(room, under, wrong) == {Invariant.CALENDAR}
        booked = replace(made, reservations=(Reservation("j", LATER.start, place),))
        assert found(room, under, booked) == {Invariant.CALENDAR}
    movable = scene((1, 1), tenant("x")).waits("j", "x")
    assert found(movable, later, replace(decided(movable, later), starts=(start,))) == set()


def test_only_its_tenants_start_under_an_open_entry() -> None:
    """Not others', not before it opens, and nobody who may not be preempted and outlasts it."""
    room = scene((1,), tenant("x"), tenant("z"), tenant("team", "z")).waits("j", "team").waits("k", "x")
    room.waits("l", "team", preemptible=False, limit=2 * HOUR)
    under = rules(room, entry(1))
    made = decided(room, under)
    assert [(one.job, one.under) for one in made.starts] == [("j", "demo")]
    for job in ("k", "l"):
        wrong = replace(made, starts=(replace(made.starts[0], job=job),))
        assert Invariant.CALENDAR in found(room, under, wrong)
    assert Invariant.CALENDAR in found(room, rules(room, entry(1, LATER)), made)
    assert Invariant.CALENDAR in found(room, rules(room), made)


def test_a_start_on_what_an_entry_keeps() -> None:
    """Of two devices one is the entry's, from grace before it on: the second start of somebody else takes it."""
    soon = Interval(NOW + SECOND, NOW + HOUR)
    for interval in (OPEN, soon):
        room = scene((1, 1), tenant("x"), tenant("z")).waits("j", "x").waits("k", "x")
        under = rules(room, entry(1, interval))
        made = decided(room, under)
        (start,) = made.starts
        other = {"n0": "n1", "n1": "n0"}[start.placements[0].node]
        second = Start("k", 1, (Placement(0, other, "a"),), False)
        both = replace(made, starts=(start, second), reservations=())
        assert found(room, under, both) == {Invariant.CALENDAR}


def test_a_promise_is_moved_beyond_the_calendar_and_not_taken() -> None:
    """Whom an entry or a maintenance keeps out meanwhile holds a reservation for when it is over, and must."""
    room = scene((1,), tenant("x", g=1), tenant("z")).waits("j", "x", preemptible=False)
    for under in (rules(room, entry(1)), rules(room, out=(Maintenance("fans", OPEN, ("n0",)),))):
        made = decided(room, under)
        assert [(one.job, one.at) for one in made.reservations] == [("j", OPEN.end)]
        wrong = replace(made, reservations=())
        assert Invariant.PROMISE in found(room, under, wrong, thorough=True)


def test_a_guarantee_that_yields_is_no_promise_meanwhile() -> None:
    """What a tenant is not promised while the day lasts it need not be given."""
    room = scene((1,), tenant("x", g=1), tenant("y"), tenant("z"))
    room.runs_job("r", "y", "n0", preemptible=False).waits("j", "x")
    far = replace(entry(1), interval=Interval(NOW, NOW + HOUR))
    kept, yields = rules(room, far), rules(room, replace(far, yields=("x",)))
    bare = replace(plan(room.snapshot, kept, NOW), reservations=())
    assert Invariant.PROMISE in found(room, kept, bare, thorough=True)
    bare = replace(plan(room.snapshot, yields, NOW), reservations=())
    assert Invariant.PROMISE not in found(room, yields, bare, thorough=True)


amounts = st.integers(0, 6)


@settings(max_examples=300)
@given(
    st.lists(st.tuples(amounts, amounts), min_size=1, max_size=4),
    st.integers(1, 3),
    st.integers(0, 3),
    amounts,
    amounts,
)
def test_no_way_of_keeping_takes_more_places_than_that(
    nodes: list[tuple[int, int]], devices: int, cores: int, kept: int, more: int
) -> None:
    """Against every way in which an entry could lie on the nodes."""
    one = {"gpu:a": devices, **({"cpu": cores} if cores else {})}
    free = {f"n{n}": {"gpu:a": has, "cpu": cpu} for n, (has, cpu) in enumerate(nodes)}
    room = {node: min(there[name] // asked for name, asked in one.items()) for node, there in free.items()}
    worst = sum(room.values()) - least(one, list(free.values()), kept, more)
    assert tasks_lost(one, room, free, {"gpu:a": kept, "cpu": more}) >= worst


def least(one: dict[str, int], nodes: list[dict[str, int]], kept: int, more: int) -> int:
    """The fewest tasks that fit, however so many devices and cores are kept on the nodes."""
    if not nodes:
        return 0
    first, rest = nodes[0], nodes[1:]
    return min(
        min(
            (first["gpu:a"] - mine) // one["gpu:a"],
            (first["cpu"] - cpu) // one.get("cpu", 1) if "cpu" in one else 99,
        )
        + least(one, rest, kept - mine, more - cpu)
        for mine in range(min(kept, first["gpu:a"]) + 1)
        for cpu in (range(min(more, first["cpu"]) + 1) if "cpu" in one else [0])
    )
