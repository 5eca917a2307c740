"""Claims and starts while others vacate: beside entries of the calendar, and beside what tenants keep back."""

from dataclasses import replace

from dure.model.change import Ended, Evicting
from dure.model.instants import HOUR, MINUTE, SECOND, Interval
from dure.model.job import TaskGroup
from dure.model.plan import Eviction, Rule
from dure.model.resources import Quota
from dure.model.rules import CalendarEntry, Planning, WithinTenant
from tests.planning.scenes import Scene, gang
from tests.planning.small import job, node, tenant

TIMEOUT, START = 10 * MINUTE, 2 * HOUR


def entry(gpus: int, start: int) -> CalendarEntry:
    return CalendarEntry("demo", Interval(start, start + HOUR), ("club",), Quota.of({"gpu:a100": gpus}))


def before_the_demo(limit: int) -> Scene:
    """The lab is promised four devices, which others borrow; at START all are the club's."""
    scene = Scene(
        [node("n0", a100=4)], [tenant("lab", guarantee=4), tenant("others"), tenant("club")],
        Planning(memory=0.0, claim_timeout=TIMEOUT), (entry(4, START),),
    )  # fmt: skip
    assert scene.run(job("1", "others", 4, time_limit=None)) == ["1"]
    scene.now = SECOND
    scene.submit(job("2", "lab", 4, preemptible=False, time_limit=limit))
    return scene


def test_a_claim_is_judged_by_the_last_instant_at_which_it_may_start() -> None:
    """What may not be preempted claims where it ends before an entry even if its place is left at the last."""
    plan = before_the_demo(START - TIMEOUT - SECOND).carry_out()
    assert [claim.job for claim in plan.claims] == ["2"]
    late = before_the_demo(START - TIMEOUT).carry_out()
    assert (late.claims, late.evictions) == ((), ())
    assert [reservation.job for reservation in late.reservations] == []


def during_the_demo() -> Scene:
    """Four devices, two of which the club keeps; the lab may hold two, and its job of low priority does."""
    lab = tenant("lab", limit=2)
    scene = Scene(
        [node("n0", a100=4)], [lab, tenant("others"), tenant("club")],
        Planning(memory=0.0, within_tenant=WithinTenant.PRIORITY), (entry(2, 0),),
    )  # fmt: skip
    assert scene.run(job("low", "lab", 2, time_limit=None)) == ["low"]
    scene.now = SECOND
    return scene


def test_a_preemptor_starts_at_once_only_beside_its_victim_and_what_an_entry_keeps() -> None:
    """As many devices are free as it asks for, but while its victim vacates they are the entry's."""
    scene = during_the_demo()
    scene.submit(job("high", "lab", 1, priority=1))
    plan = scene.carry_out()
    assert ([one.job for one in plan.evictions], [claim.job for claim in plan.claims]) == (["low"], ["high"])
    assert plan.starts == ()
    again = scene.room.decide(scene.now)
    assert (again.starts, again.claims) == ((), plan.claims)
    scene.now += SECOND
    scene.room.apply(Ended(scene.now, "low", 1, succeeded=False))
    assert [(start.job, start.claimed) for start in scene.carry_out().starts] == [("high", True)]


def test_nobody_else_starts_on_it_meanwhile() -> None:
    """Who comes then claims what is left beside the entry, and starts when that is empty."""
    scene = during_the_demo()
    scene.submit(job("high", "lab", 1, priority=1))
    scene.carry_out()
    scene.submit(job("new", "others", 1))
    plan = scene.carry_out()
    assert (plan.starts, [claim.job for claim in plan.claims]) == ((), ["high", "new"])
    scene.room.apply(Ended(scene.now, "low", 1, succeeded=False))
    assert [start.job for start in scene.carry_out().starts] == ["high", "new"]


def test_an_empty_place_is_not_claimed() -> None:
    """What is free is kept back until more has been left: the job waits, and then starts there."""
    keeper = replace(tenant("keeper", guarantee=2), keep=Quota.of({"gpu:a100": 2}))
    scene = Scene([node("n0", a100=3), node("n1", a100=2)], [keeper, tenant("lab")])
    scene.run(job("1", "lab", 3, time_limit=None))
    scene.now = SECOND
    scene.room.apply(Evicting(scene.now, Eviction("1", 1, Rule.RECLAIM, "", 0)))
    scene.submit(job("2", "lab", 2))
    plan = scene.carry_out()
    assert (plan.starts, plan.claims) == ((), ())
    assert scene.room.decide(scene.now).starts == ()
    scene.room.apply(Ended(scene.now, "1", 1, succeeded=False))
    assert [start.job for start in scene.carry_out().starts] == ["2"]


def test_an_entry_that_begins_soon_does_not_move_to_where_somebody_still_leaves() -> None:
    """Who leaves for another job leaves too late for the entry: it stays where its devices are free."""
    scene = Scene(
        [node("n0", a100=4), node("n1", a100=4)],
        [tenant("lab", guarantee=2), tenant("staff", guarantee=2), tenant("others"), tenant("club")],
        Planning(memory=0.0, grace=10 * SECOND), (entry(2, START),),
    )  # fmt: skip
    scene.run(job("1", "others", 4, time_limit=None))
    scene.run(job("2", "staff", 2, time_limit=None))
    scene.now = START - 5 * SECOND
    scene.submit(job("3", "lab", 2, time_limit=None))
    plan = scene.carry_out()
    assert ([one.job for one in plan.evictions], [claim.job for claim in plan.claims]) == (["1"], ["3"])
    scene.submit(job("4", "others", 2, time_limit=None))
    plan = scene.carry_out()
    assert (plan.starts, [claim.job for claim in plan.claims]) == ((), ["3", "4"])


def test_nobody_leaves_for_an_entry_because_somebody_left_for_another_job() -> None:
    """Devices come free where cores are not: the entry stays on the node that has both."""
    demo = replace(entry(2, START), resources=Quota.of({"gpu:a100": 2, "cpu": 8}))
    scene = Scene(
        [node("n0", cpu=10, a100=2), node("n1", cpu=10, a100=2), node("n2", a100=1)],
        [tenant("lab", guarantee=1), tenant("others"), tenant("club")],
        Planning(memory=0.0, grace=10 * SECOND), (demo,),
    )  # fmt: skip
    scene.run(gang("1", "others", 3, time_limit=None))
    scene.run(job("2", "others", groups=(TaskGroup(1, 5, 0, 0),), time_limit=None))
    assert {p.node for run in scene.room.snapshot().running for p in run.placements} == {"n0", "n2"}
    scene.now = START - 10 * SECOND
    scene.submit(job("3", "lab", 1))
    assert [one.job for one in scene.carry_out().evictions] == ["1"]
    assert scene.room.decide(scene.now).evictions == ()


def test_no_hour_is_promised_that_has_passed() -> None:
    """Whoever claims a place that is left late ends late too: a reservation behind it is yet to come."""
    scene = Scene([node("n0", a100=2)], [tenant("lab", guarantee=2), tenant("others")], Planning(memory=0.0))
    scene.run(*(job(name, "others", 1, time_limit=None) for name in ("slow", "quick")))
    scene.now = SECOND
    scene.submit(job("first", "lab", 2, time_limit=SECOND))
    assert [claim.job for claim in scene.carry_out().claims] == ["first"]
    scene.room.apply(Ended(scene.now, "quick", 1, succeeded=False))
    scene.now = 5 * MINUTE
    scene.submit(job("second", "lab", 1, time_limit=SECOND))
    (reservation,) = scene.carry_out().reservations
    assert (reservation.job, reservation.at) == ("second", scene.now + SECOND)
