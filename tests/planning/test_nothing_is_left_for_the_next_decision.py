from dataclasses import replace

from dure.model.change import Promised
from dure.model.instants import SECOND
from dure.model.job import Job, Placement, TaskGroup
from dure.model.plan import Claim
from dure.model.resources import Quota
from dure.model.tenant import Tenant
from dure.planning.room import plan
from tests.planning.rooms import canonical
from tests.planning.scenes import Scene
from tests.planning.small import job, node


def cpus(name: str, of: str, cpu: int, gpus: int = 0) -> Job:
    """A job of one task with cpus, with devices or without."""
    return job(name, of, groups=(TaskGroup(1, cpu, 0, gpus, ("a100",) if gpus else ()),))


def test_a_job_finds_its_hour_at_the_end_of_what_starts_after_it() -> None:
    """Nothing that runs ends; b's job leaves too little of what a keeps back, until the one after it has ended."""
    keeps = Tenant("a", guarantee=Quota.of({"cpu": 2}), keep=Quota.of({"cpu": 2}))
    room = Scene([node("n", cpu=4)], [keeps, Tenant("b")])
    room.submit(cpus("large", "b", 3), replace(cpus("small", "b", 1), submitted=1, time_limit=60 * SECOND))
    decided = room.carry_out()
    assert [start.job for start in decided.starts] == ["small"]
    assert [(one.job, one.at) for one in decided.reservations] == [("large", 60 * SECOND)]
    assert room.room.decide(room.now).reservations == decided.reservations


def test_whom_quota_refused_has_another_turn_once_somebody_has_left() -> None:
    """Beyond its guarantee until its tenant's other job is reclaimed, it still comes before whoever comes later."""
    room = two_tenants()
    room.submit(cpus("refused", "a", 2, gpus=1))
    room.submit(cpus("first", "b", 3), replace(cpus("later", "b", 2), submitted=1))
    decided = room.room.decide(room.now)
    assert [eviction.job for eviction in decided.evictions] == ["borrowed"]
    assert [(claim.job, claim.guaranteed) for claim in decided.claims] == [("first", True), ("refused", True)]


def test_it_has_so_whether_or_not_it_was_refused_in_a_decision_before() -> None:
    """A room that knows already whom quota refuses decides as a new room of its snapshot does."""
    room = two_tenants()
    room.submit(cpus("refused", "a", 2, gpus=1))
    room.room.decide(room.now)
    room.submit(cpus("first", "b", 3), replace(cpus("later", "b", 2), submitted=1))
    decided = room.room.decide(room.now)
    assert canonical(decided) == canonical(plan(room.room.snapshot(), room.rules, room.now))


def two_tenants() -> Scene:
    """Tenant a has borrowed most of the room; b, whose turn comes after a's, is guaranteed cpus."""
    of_a = Tenant("a", guarantee=Quota.of({"gpu:a100": 1}))
    of_b = Tenant("b", guarantee=Quota.of({"cpu": 10, "gpu:a100": 0}))
    room = Scene([node("n", cpu=5, a100=3)], [of_a, of_b])
    room.submit(cpus("borrowed", "a", 4, gpus=2), cpus("other", "b", 0, gpus=1))
    room.carry_out()
    room.now = 10 * SECOND
    return room


def test_a_decision_that_is_not_carried_out_changes_no_order() -> None:
    """Two claims whose places are empty start in the order in which they were made, however often that is asked."""
    room = Scene([node("n", cpu=2)], [Tenant("a")])
    first, second = cpus("first", "a", 1), cpus("second", "a", 1)
    room.submit(first, second)
    here = (Placement(0, "n", tasks=1),)
    claims = (Claim("second", 0, here, guaranteed=False), Claim("first", 0, here, guaranteed=False))
    room.room.apply(Promised(0, claims, ()))
    starts = [[start.job for start in room.room.decide(0).starts] for _ in range(2)]
    assert starts == [["second", "first"]] * 2
