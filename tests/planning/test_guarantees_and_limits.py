from dataclasses import replace

from dure.model.instants import HOUR
from dure.model.job import TaskGroup
from dure.model.plan import Code
from dure.model.resources import Quota
from tests.planning.small import Small, job, node, tenant


def guaranteed(room: Small) -> dict[str, bool]:
    """What the next plan starts, and whether within guarantee."""
    return {start.job: start.guaranteed for start in room.carry_out().starts}


def test_use_up_to_the_guarantee_is_guaranteed_and_more_is_borrowed() -> None:
    """The third device of two guaranteed ones is borrowed."""
    room = Small([node("n", a100=4)], [tenant("a", guarantee=2)])
    room.submit(*(job(str(n), "a", 1) for n in range(3)))
    assert guaranteed(room) == {"0": True, "1": True, "2": False}


def test_a_job_that_is_larger_than_what_is_left_borrows_whole() -> None:
    """Borrowed use is whole jobs."""
    room = Small([node("n", a100=4)], [tenant("a", guarantee=3)])
    room.submit(job("1", "a", 2), job("2", "a", 2))
    assert guaranteed(room) == {"1": True, "2": False}


def test_what_a_company_uses_beyond_its_own_counts_against_its_programme() -> None:
    """Three stated for the programme, one of them for a: the other two are whoever's comes first."""
    room = Small(
        [node("n", a100=8)], [tenant("p", guarantee=3), tenant("a", "p", guarantee=1), tenant("b", "p")]
    )
    room.submit(job("1", "b", 1), job("2", "b", 1), job("3", "b", 1))
    assert guaranteed(room) == {"1": True, "2": True, "3": False}
    room.submit(job("4", "a", 1), job("5", "a", 1))
    assert guaranteed(room) == {"4": True, "5": False}


def test_where_no_guarantee_is_stated_jobs_borrow() -> None:
    """Ungoverned means no guarantee."""
    room = Small([node("n", cpu=4, a100=8)], [tenant("a", guarantee=2)])
    room.submit(job("1", "a"))
    assert guaranteed(room) == {"1": False}


def test_jobs_within_guarantee_come_before_borrowers() -> None:
    """However old the borrower and low its score."""
    room = Small([node("n", a100=2)], [tenant("a"), tenant("b", guarantee=2)])
    assert room.run(job("1", "a", 2), job("2", "b", 2)) == ["2"]


def test_the_lowest_part_of_a_guarantee_in_use_comes_first() -> None:
    """One of four used is less than one of two."""
    room = Small([node("n", a100=3)], [tenant("a", guarantee=2), tenant("b", guarantee=4)])
    assert room.run(job("1", "a", 1), job("2", "b", 1)) == ["1", "2"]
    assert room.run(job("3", "a", 1), job("4", "b", 1)) == ["4"]


def test_limits_hold_at_every_level() -> None:
    """A company may not pass its programme's limit either."""
    room = Small([node("n", a100=8)], [tenant("p", limit=3), tenant("a", "p"), tenant("b", "p", limit=1)])
    assert room.run(*(job(str(n), "b", 1) for n in range(2))) == ["0"]
    assert room.run(*(job(str(n), "a", 1) for n in range(2, 6))) == ["2", "3"]
    told = {key.tenant: verdict.code for key, verdict in room.room.decide(0).verdicts.items()}
    assert told == {"a": Code.OVER_LIMIT, "b": Code.OVER_LIMIT}


def test_a_limit_keeps_nobody_else_waiting() -> None:
    """A job over its limit takes no reservation: later ones of others start."""
    room = Small([node("n", a100=4)], [tenant("a", limit=1), tenant("b")])
    assert room.run(job("1", "a", 1), job("2", "a", 2), job("3", "b", 3)) == ["1", "3"]
    assert room.room.decide(0).reservations == ()


def test_a_job_that_may_not_be_preempted_borrows_only_what_guarantees_leave_over() -> None:
    """Six of eight are promised to b: a borrows two of them for good, more only preemptibly."""
    room = Small([node("n", a100=8)], [tenant("a"), tenant("b", guarantee=6)])
    firm = [job(str(n), "a", 1, preemptible=False) for n in range(3)]
    assert room.run(*firm) == ["0", "1"]
    (verdict,) = room.room.decide(0).verdicts.values()
    assert verdict.code is Code.NOT_PREEMPTIBLE
    assert room.run(job("3", "a", 4)) == ["3"]


def test_flavors_are_governed_one_by_one() -> None:
    """Where the guarantee of one flavor is used up a job may be within that of another."""
    quota = Quota.of({"gpu:a100": 0, "gpu:t4": 2})
    room = Small([node("n", a100=2, t4=2)], [replace(tenant("a"), guarantee=quota)])
    both = (TaskGroup(1, 0, 0, 1, ("a100", "t4")),)
    room.submit(job("1", "a", groups=both))
    (start,) = room.carry_out().starts
    assert (start.guaranteed, start.placements[0].flavor) == (True, "t4")


def test_a_guaranteed_job_that_finds_no_place_holds_the_reservation() -> None:
    """It comes before any borrower, who may still be backfill, and reserves the time after it."""
    room = Small([node("n", a100=4)], [tenant("a"), tenant("b", guarantee=4)])
    assert room.run(job("1", "a", 2, time_limit=HOUR)) == ["1"]
    room.submit(job("2", "b", 4), job("3", "a", 2, time_limit=2 * HOUR), job("4", "a", 2, time_limit=HOUR))
    plan = room.carry_out()
    assert [start.job for start in plan.starts] == ["4"]
    assert [(reservation.job, reservation.at) for reservation in plan.reservations] == [
        ("2", HOUR),
        ("3", 2 * HOUR),
    ]
