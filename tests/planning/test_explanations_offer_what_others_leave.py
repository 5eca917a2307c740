"""Changes that help because others leave: reclaim, other borrowers, the own tenant's lesser jobs; and how many."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from dure.model.plan import Code
from dure.model.resources import Quota
from dure.model.rules import BetweenBorrowers, Planning, WithinTenant
from dure.model.tenant import Tenant
from tests.planning.lives import Life
from tests.planning.scenes import Scene, gang
from tests.planning.small import job, node, tenant
from tests.planning.test_explanations_hold import LAST, carried_out

FAIR = Planning(memory=0.0, between_borrowers=BetweenBorrowers.FAIR)
PRIORITY = Planning(memory=0.0, within_tenant=WithinTenant.PRIORITY)


def borrowed(room: Scene, of: str, jobs: int, **other: object) -> None:
    """So many jobs of a device each run, from a second ago."""
    room.run(*(job(f"{of}{number}", of, 1, **other) for number in range(jobs)))
    room.now += 1_000


def test_a_gang_within_guarantee_takes_its_places_back() -> None:
    """Six devices are beyond what is guaranteed, and none is free; four would be given back by four jobs."""
    room = Scene([node("n", a100=8)], [tenant("a", guarantee=4), tenant("b")])
    borrowed(room, "b", 8)
    room.submit(gang("1", "a", 6))
    assert room.about("1", Code.WOULD_START, "tasks") == {"tasks": 4, "leaving": 4}


def test_beside_it_stands_the_gang_that_needs_nobodys_place() -> None:
    """Two devices are free: two tasks start now, four once two others have left."""
    room = Scene([node("n", a100=8)], [tenant("a", guarantee=4), tenant("b")])
    borrowed(room, "b", 6)
    room.submit(gang("1", "a", 6))
    told = [
        numbers for code, subject, numbers in room.told("1") if (code, subject) == ("would-start", "tasks")
    ]
    assert told == [{"tasks": 2}, {"tasks": 4, "leaving": 2}]


def test_under_a_higher_limit_other_borrowers_make_room() -> None:
    """Only its limit keeps it from taking two of the eight devices that another tenant borrows."""
    room = Scene([node("n", a100=8)], [tenant("a", limit=1), tenant("b")], FAIR)
    borrowed(room, "b", 8)
    room.submit(job("1", "a", 2))
    assert room.about("1", Code.WOULD_START, "quota:a") == {"gpu:a100": 2, "leaving": 2}


def test_on_a_flavor_that_is_guaranteed_others_leave() -> None:
    """On a100 it borrows and nothing is free; of t4 two are its own, and others have them."""
    owner = Tenant("a", guarantee=Quota.of({"gpu:t4": 2}))
    room = Scene([node("n", a100=2, t4=2)], [owner, tenant("b")])
    room.run(*(gang(f"b{n}", "b", 1, flavor=flavor) for n, flavor in enumerate(("a100", "a100", "t4", "t4"))))
    room.now += 1_000
    room.submit(job("1", "a", 2))
    assert room.about("1", Code.WOULD_START, "flavor:t4") == {"gpu:t4": 2, "each": 2, "leaving": 2}


def test_as_a_preemptible_job_it_may_take_from_other_borrowers() -> None:
    """Guarantees leave nothing over for one that stays; as a borrower like others it takes its part."""
    room = Scene([node("n", a100=4)], [tenant("a"), tenant("b"), tenant("c", guarantee=4)], FAIR)
    borrowed(room, "b", 4)
    room.submit(job("1", "a", 1, preemptible=False))
    assert room.about("1", Code.WOULD_START, "preemptible") == {"leaving": 1}


def test_lesser_jobs_of_its_own_tenant_make_room() -> None:
    """Three tasks find no place whoever leaves; two do where both lesser jobs of the tenant were."""
    room = Scene([node("n", a100=4)], [tenant("a"), tenant("b")], PRIORITY)
    room.run(job("b1", "b", 2))
    borrowed(room, "a", 2)
    room.submit(gang("1", "a", 3, priority=1))
    assert room.about("1", Code.WOULD_START, "tasks") == {"tasks": 2, "leaving": 2, "own": 2}


def test_where_nobody_may_be_told_to_leave_nothing_is_offered() -> None:
    """What runs may not be preempted: the four devices that are free are all that there is."""
    room = Scene([node("n", a100=8)], [tenant("a", guarantee=4), tenant("b")])
    borrowed(room, "b", 8, preemptible=False)
    room.submit(gang("1", "a", 6))
    assert room.about("1", Code.WOULD_START, "tasks") == {"tasks": 4}


@settings(max_examples=6)
@given(st.integers(0, 2**32))
def test_as_many_leave_as_are_told(seed: int) -> None:
    """Through lives of rooms that preempt: the change made, the plan starts it or evicts just so many for it."""
    life = Life(seed)
    for before, _ in life.decisions(8):
        for pending in before.pending:
            for reason in life.room.explain(pending.job.id, life.now).reasons:
                if reason.code is Code.WOULD_START:
                    leaving = dict(reason.numbers).get("leaving", 0)
                    made = carried_out(life, life.room.snapshot(), pending.job.id, reason)
                    names = {pending.job.id, LAST}
                    given = {one.job for one in made.starts} | {one.job for one in made.claims if leaving}
                    assert names & given, reason
                    assert sum(one.by in names for one in made.evictions) == leaving, reason
