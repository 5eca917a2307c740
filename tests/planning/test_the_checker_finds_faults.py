from dataclasses import replace

import pytest

from dure.model.instants import HOUR, SECOND
from dure.model.job import Placement
from dure.model.plan import Claim, Eviction, Plan, Reservation, Rule, Start
from dure.model.rules import BetweenBorrowers
from dure.planning.check import Invariant, check
from dure.planning.room import plan
from tests.planning.reference_small import FAIR, NOW, PRIORITY, Scene, scene, tenant


def decided(room: Scene) -> Plan:
    """The room's plan, which has nothing wrong with it."""
    made = plan(room.snapshot, room.rules, NOW)
    assert check(room.snapshot, room.rules, made, thorough=True) == ()
    return made


def found(room: Scene, wrong: Plan) -> set[Invariant]:
    """What the checker says is broken by a plan; no dear rule is needed."""
    return {finding.invariant for finding in check(room.snapshot, room.rules, wrong)}


def start(job: str, node: str = "n0", tasks: int = 1, flavor: str = "a") -> Start:
    """A start of one group."""
    return Start(job, 1, (Placement(0, node, flavor, tasks),), False)


def evicts(job: str, by: str, rule: Rule = Rule.RECLAIM) -> Eviction:
    """An eviction of a first attempt."""
    return Eviction(job, 1, rule, by)


def claims(job: str, node: str = "n0", guaranteed: bool = True) -> Claim:
    """A claim made now."""
    return Claim(job, NOW, (Placement(0, node, "a"),), guaranteed)


def test_a_node_over_capacity() -> None:
    """Two starts on one device; a start beside what still vacates."""
    room = scene((1,), tenant("x")).waits("j", "x").waits("k", "x")
    both = replace(decided(room), starts=(start("j"), start("k")), reservations=())
    assert Invariant.CAPACITY in found(room, both)
    leaving = scene((1,), tenant("x")).runs_job("r", "x", "n0", vacating=True).waits("j", "x")
    early = replace(decided(leaving), starts=(start("j"),), claims=())
    assert found(leaving, early) == {Invariant.CAPACITY}


def test_a_start_on_a_claimed_place() -> None:
    """What is claimed is kept."""
    room = scene((2,), tenant("x", g=2), tenant("y"), depth=0).waits("j", "x", 2).waits("k", "y", 1)
    room.claims("j", "n0").runs_job("r", "y", "n0", 1, vacating=True)
    assert Invariant.CLAIM in found(room, replace(decided(room), starts=(start("k"),)))


@pytest.mark.parametrize(
    "broken", [start("j", tasks=1), start("j", tasks=2, flavor="b"), start("j", "n9", tasks=2)]
)
def test_a_broken_gang(broken: Start) -> None:
    """Half of it, on a flavor that it does not name, on a node that is not there."""
    room = scene((4,), tenant("x")).waits("j", "x", 1, count=2)
    assert found(room, replace(decided(room), starts=(broken,))) & {Invariant.GANG, Invariant.CAPACITY}


def test_a_job_twice_or_unknown_or_held() -> None:
    """Only a pending job that may start, and once."""
    room = scene((4,), tenant("x")).waits("j", "x").waits("h", "x", held=True)
    made = decided(room)
    twice = replace(made, starts=made.starts * 2)
    assert Invariant.ONCE in found(room, twice)
    assert Invariant.ONCE in found(room, replace(made, starts=(start("nobody"),)))
    assert Invariant.MAY_START in found(room, replace(made, starts=(*made.starts, start("h"))))


def test_a_tenant_over_its_limit() -> None:
    """Place is there, quota is not."""
    room = scene((4,), tenant("x", limit=1)).runs_job("r", "x", "n0").waits("j", "x")
    assert found(room, replace(decided(room), starts=(start("j"),))) == {Invariant.LIMIT}


def test_a_victim_that_may_not_be_one() -> None:
    """Not preemptible; just started; unknown; for a job that gets no place."""
    firm = scene((1,), tenant("x", g=1), tenant("y")).runs_job("r", "y", "n0", preemptible=False)
    new = scene((1,), tenant("x", g=1), tenant("y")).runs_job("r", "y", "n0", ago=0)
    for room in (firm, new):
        room.waits("j", "x")
        wrong = replace(decided(room), evictions=(evicts("r", "j"),), claims=(claims("j"),), reservations=())
        assert found(room, wrong) == {Invariant.VICTIM}
    room = scene((1,), tenant("x", g=1), tenant("y")).runs_job("r", "y", "n0").waits("j", "x")
    assert Invariant.VICTIM in found(room, replace(decided(room), evictions=(evicts("z", "j"),)))
    assert Invariant.VICTIM in found(room, replace(decided(room), claims=()))


def test_a_rule_that_policy_does_not_allow() -> None:
    """Between borrowers, though policy says never; within a tenant by a job of no higher priority."""
    room = scene((3,), tenant("x"), tenant("y"), between_borrowers=FAIR, depth=0)
    for name in "abc":
        room.runs_job(name, "y", "n0", ago=60)
    made = decided(room.waits("j", "x"))
    assert made.evictions
    room.planning = replace(room.planning, between_borrowers=BetweenBorrowers.NEVER)
    assert found(room, made) == {Invariant.VICTIM}
    same = (
        scene((1,), tenant("x"), within_tenant=PRIORITY).runs_job("r", "x", "n0", priority=1).waits("j", "x")
    )
    wrong = replace(
        decided(same),
        evictions=(evicts("r", "j", Rule.WITHIN_TENANT),),
        claims=(claims("j"),),
        reservations=(),
    )
    assert found(same, wrong) == {Invariant.VICTIM}


def test_a_victim_within_its_guarantee() -> None:
    """Y holds no more than it is promised."""
    room = scene((1,), tenant("x", g=1), tenant("y", g=1)).runs_job("r", "y", "n0").waits("j", "x")
    wrong = replace(decided(room), evictions=(evicts("r", "j"),), claims=(claims("j"),), reservations=())
    assert found(room, wrong) == {Invariant.VICTIM}


def test_a_victim_too_many() -> None:
    """One device is asked for, two are taken."""
    room = scene((2,), tenant("x", g=1), tenant("y")).runs_job("r", "y", "n0").runs_job("s", "y", "n0")
    made = decided(room.waits("j", "x"))
    both = replace(made, evictions=(evicts("r", "j"), evicts("s", "j")))
    assert found(room, both) == {Invariant.MINIMAL}


def test_something_idle() -> None:
    """A device is free, and nothing started."""
    room = scene((1,), tenant("x")).waits("j", "x")
    waiting = plan(
        scene((0,), tenant("x")).runs_job("r", "x", "n0", 0).waits("j", "x").snapshot, room.rules, NOW
    )
    full = scene((1,), tenant("x")).runs_job("r", "x", "n0").waits("j", "x")
    verdicts = decided(full).verdicts
    assert found(room, replace(waiting, starts=(), verdicts=verdicts, reservations=())) == {Invariant.IDLE}


def test_a_reservation_that_cannot_be_met() -> None:
    """The running job's limit ends an hour after it began."""
    room = scene((1,), tenant("x")).runs_job("r", "x", "n0", 1, ago=0).waits("j", "x")
    made = decided(room)
    assert [one.at for one in made.reservations] == [NOW + HOUR]
    early = Reservation("j", NOW + HOUR - SECOND, (Placement(0, "n0", "a"),))
    wrong = check(room.snapshot, room.rules, replace(made, reservations=(early,)), thorough=True)
    assert Invariant.RESERVATION in {finding.invariant for finding in wrong}


def test_a_promise_forgotten() -> None:
    """A job within guarantee has neither place nor reservation."""
    room = scene((1,), tenant("x", g=1), tenant("y", g=1)).runs_job("r", "y", "n0").waits("j", "x")
    wrong = check(room.snapshot, room.rules, replace(decided(room), reservations=()), thorough=True)
    assert Invariant.PROMISE in {finding.invariant for finding in wrong}


def test_another_plan_and_one_that_goes_on() -> None:
    """A plan that leaves out a start is not the room's, and its room has something left to start."""
    room = scene((2,), tenant("x")).waits("j", "x").waits("k", "x")
    made = decided(room)
    wrong = check(room.snapshot, room.rules, replace(made, starts=made.starts[:1]), thorough=True)
    assert {finding.invariant for finding in wrong} >= {Invariant.DETERMINISTIC, Invariant.FIXED_POINT}
    assert "start" in str(wrong[-1])
