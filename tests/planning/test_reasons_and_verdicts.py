import pickle

import pytest

from dure.model.change import Ended, NodeSet, Submitted, TaskEnded, Withdrawn
from dure.model.instants import HOUR, SECOND, Interval
from dure.model.job import Job, JobClass, TaskGroup
from dure.model.plan import Code, End, EndCause, Reservation, Verdict
from dure.model.rules import Order
from dure.model.tenant import Tenant
from tests.planning.small import Small, job, node, tenant


def codes(room: Small, name: str) -> list[tuple[Code, str]]:
    """Every reason of a job with what it is about."""
    return [(reason.code, reason.subject) for reason in room.room.explain(name, room.now).reasons]


def test_a_blocked_job_is_told_what_is_short_and_when_it_starts_at_the_latest() -> None:
    """What it asks for, how much of it could be placed, what is free, and its reservation."""
    room = Small([node("n", a100=4)], [tenant("a")])
    room.run(job("1", "a", 3))
    room.submit(job("2", "a", 2))
    told = room.room.explain("2", 0)
    assert [reason.code for reason in told.reasons] == [Code.NO_PLACE, Code.HOLDS, Code.RESERVED]
    short = (("tasks", 1), ("gpu:a100", 2), ("placeable", 0), ("free:gpu:a100", 1))
    assert told.reasons[0].numbers == short
    assert told.reservation is not None
    assert (told.reservation.at, told.rank, told.ahead) == (HOUR, 1, 0)


def test_a_job_that_would_delay_a_reservation_is_told_whose() -> None:
    """It fits now, but would still run when the reserved job is to start."""
    room = Small([node("n", a100=4)], [tenant("a"), tenant("b")], Order.FIFO)
    room.run(job("1", "a", 3))
    room.submit(job("2", "a", 4), job("3", "b", 1, time_limit=2 * HOUR))
    changed = (Code.WOULD_START, "time-limit")
    assert codes(room, "3") == [(Code.RESERVED, "2"), (Code.AHEAD, ""), changed]
    told = room.room.explain("3", 0)
    assert (told.rank, told.ahead) == (2, 1)


def test_every_reason_is_said_and_the_deciding_one_first() -> None:
    """Over a limit and too large for what is free."""
    room = Small([node("n", a100=4)], [tenant("a", limit=4), tenant("b")])
    room.run(job("1", "a", 3))
    room.submit(job("2", "a", 2))
    assert codes(room, "2") == [(Code.OVER_LIMIT, "a"), (Code.NO_PLACE, ""), (Code.HOLDS, "1")]
    over = room.room.explain("2", 0).reasons[0]
    assert over.numbers == (("gpu:a100", 1), ("asks", 2), ("held", 3), ("limit", 4))


def test_a_running_job_is_told_since_and_until_when() -> None:
    """And where it runs."""
    room = Small([node("n", a100=4)], [tenant("a", guarantee=4)])
    room.run(job("1", "a", 1))
    told = room.room.explain("1", 5)
    assert told.reasons[0].code is Code.RUNNING
    assert told.reasons[0].numbers == (("since", 0), ("started", 0), ("until", HOUR))
    assert (told.guaranteed, told.rank, told.placements[0].node) == (True, None, "n")


def test_a_job_that_starts_now_is_told_where() -> None:
    """Explaining decides as the next plan will, and starts nothing."""
    room = Small([node("n", a100=4)], [tenant("a")])
    room.submit(job("1", "a", 1))
    told = room.room.explain("1", 0)
    assert (told.reasons[0].code, told.placements[0].node) == (Code.STARTS, "n")
    assert [start.job for start in room.room.decide(0).starts] == ["1"]


def test_an_unknown_job_is_no_job() -> None:
    """Explaining one that neither waits nor runs is the caller's mistake."""
    with pytest.raises(KeyError):
        Small([], []).room.explain("1", 0)


def test_jobs_wait_for_those_they_come_after() -> None:
    """Success lets them start; anything else gives them up."""
    room = Small([node("n", a100=4)], [tenant("a")])
    room.run(job("1", "a", 1))
    waiting = job("2", "a", 1, after=("1",))
    room.room.apply(_submitted(waiting))
    assert codes(room, "2") == [(Code.WAITING, "1")]
    assert room.run() == []
    room.room.apply(TaskEnded(1, "1", 1, 0))
    room.room.apply(Ended(1, "1", 1, succeeded=True))
    assert room.run() == ["2"]


def test_a_job_after_one_that_failed_is_given_up() -> None:
    """The plan withdraws it and says why; so too where the other was withdrawn."""
    room = Small([node("n", a100=1)], [tenant("a")])
    room.run(job("1", "a", 1))
    room.submit(job("3", "a", 1))
    room.room.apply(_submitted(job("2", "a", 1, after=("1",)), "1"))
    room.room.apply(_submitted(job("4", "a", 1, after=("3",)), "3"))
    room.room.apply(Ended(1, "1", 1, succeeded=False))
    room.room.apply(Withdrawn(1, "3"))
    plan = room.room.decide(1)
    assert plan.ends == (End("2", EndCause.DEPENDENCY_FAILED), End("4", EndCause.DEPENDENCY_FAILED))
    assert codes(room, "2") == [(Code.DEPENDENCY_FAILED, "1")]


def _submitted(one: Job, waiting_for: str = "1") -> Submitted:
    return Submitted(0, one, waiting_for=frozenset({waiting_for}))


def test_what_is_past_its_limit_is_to_be_ended() -> None:
    """From the instant on at which start + time limit lies; the plan says when to look again."""
    room = Small([node("n", a100=4)], [tenant("a")])
    room.run(job("1", "a", 1, time_limit=10 * SECOND))
    assert room.room.decide(0).wake_at == 10 * SECOND
    assert room.room.decide(10 * SECOND - 1).ends == ()
    assert room.room.decide(10 * SECOND).ends == (End("1", EndCause.TIME_LIMIT),)


def test_one_past_its_limit_counts_as_ending_next_second() -> None:
    """A reservation behind it moves with the clock."""
    room = Small([node("n", a100=4)], [tenant("a")])
    room.run(job("1", "a", 4, time_limit=10 * SECOND))
    room.submit(job("2", "a", 4))
    assert [r.at for r in room.room.decide(5).reservations] == [10 * SECOND]
    assert [r.at for r in room.room.decide(25 * SECOND).reservations] == [26 * SECOND]


def test_without_a_time_limit_nothing_is_promised() -> None:
    """A running job without one never ends for planning: who is blocked by it holds no reservation."""
    room = Small([node("n", a100=4)], [tenant("a")])
    room.run(job("1", "a", 4, time_limit=None))
    room.submit(job("2", "a", 4))
    assert room.room.decide(0).reservations == ()


def test_outside_its_tenancy_a_tenant_starts_nothing() -> None:
    """Not before it begins, which the plan waits for, and not after it ended."""
    guest = Tenant("a", term=Interval(10 * SECOND, 20 * SECOND))
    room = Small([node("n", a100=4)], [guest])
    room.submit(job("1", "a", 1))
    (verdict,) = room.room.decide(0).verdicts.values()
    assert (verdict.code, verdict.valid_until) == (Code.TERM, 10 * SECOND)
    assert room.room.decide(0).wake_at == 10 * SECOND
    assert room.room.decide(10 * SECOND).starts
    assert room.room.decide(20 * SECOND).starts == ()


def test_one_verdict_stands_for_all_identical_jobs() -> None:
    """It stays true to the plan that it came with, and travels as a plain mapping."""
    room = Small([node("n", a100=1)], [tenant("a")])
    room.run(*(job(str(n), "a", 1) for n in range(5)))
    plan = room.room.decide(0)
    group = (TaskGroup(1, 0, 0, 1, ("a100",)),)
    key = JobClass("a", "u", 0, preemptible=True, time_limit=HOUR, groups=group)
    told = {key: Verdict(Code.NO_PLACE, (("tasks", 1), ("gpu:a100", 1)), ("capacity",))}
    assert plan.verdicts == told
    room.submit(job("9", "a", 2))
    room.room.decide(0)
    assert plan.verdicts == told
    assert pickle.loads(pickle.dumps(plan)).verdicts == told


def test_a_new_flavor_comes_with_its_node() -> None:
    """A room meets flavors that no rule names."""
    room = Small([node("n", a100=1)], [tenant("a")])
    room.submit(job("1", "a", groups=(TaskGroup(1, 0, 0, 1, ("b300",)),)))
    assert codes(room, "1")[0][0] is Code.NEVER_FITS
    room.room.apply(NodeSet(0, node("m", b300=1)))
    assert room.run() == ["1"]


def test_the_first_blocked_job_in_the_order_holds_the_one_reservation() -> None:
    """Depth 1, over all tenants: whoever is blocked after it is backfill."""
    room = Small([node("n", a100=4)], [tenant("a"), tenant("b")], Order.FIFO)
    room.run(job("1", "a", 3))
    room.submit(job("2", "b", 2), job("3", "a", 4))
    (reservation,) = room.room.decide(0).reservations
    assert isinstance(reservation, Reservation)
    assert reservation.job == "2"
