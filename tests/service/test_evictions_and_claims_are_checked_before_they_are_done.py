from dataclasses import replace

import pytest

from dure.model.change import Ended, Evicting, NodeSet, Promised, Starting, Submitted, TaskEnded, TaskStarted
from dure.model.job import Job, Placement, TaskGroup
from dure.model.node import Node, NodeState
from dure.model.plan import Claim, Eviction, Plan, Reservation, Rule, Start
from dure.model.resources import Resources
from dure.service.observed import Observed
from dure.service.verify import faults

PLACE = (Placement(0, "n1"),)
WHOLE = (TaskGroup(1, 2000, 64),)
HALF = (TaskGroup(1, 1000, 64),)


def job(name: str, groups: tuple[TaskGroup, ...] = WHOLE, **fields: bool) -> Job:
    return Job(name, "t", "kim", 1, groups, ("true",), **fields)  # type: ignore[arg-type]  # only flags are given


def evict(name: str, attempt: int = 1, rule: Rule = Rule.RECLAIM) -> Eviction:
    return Eviction(name, attempt, rule, "owner")


def claim(name: str = "owner", *places: Placement) -> Claim:
    return Claim(name, 5, places or PLACE, guaranteed=True)


def start(name: str, *places: Placement) -> Start:
    return Start(name, 1, places or PLACE, guaranteed=True)


@pytest.fixture
def seen() -> Observed:
    """A borrower holds all of n1 since 2; `owner` and `small` wait; n2 is free."""
    room = Observed()
    for name in ("n1", "n2"):
        room.apply(NodeSet(0, Node(name, "main", Resources.of(2000, 512))))
    for each in (job("borrower"), job("owner"), job("small", HALF)):
        room.apply(Submitted(1, each))
    room.apply(Starting(2, "borrower", 1, PLACE))
    return room


def said(plan: Plan, seen: Observed) -> str:
    return "; ".join(faults(plan, seen))


def test_an_eviction_with_its_claim_is_sound(seen: Observed) -> None:
    """The victim vacates, the claim takes its place in thought, and others may start elsewhere."""
    plan = Plan(5, (start("small", Placement(0, "n2")),), evictions=(evict("borrower"),), claims=(claim(),))
    assert said(plan, seen) == ""


@pytest.mark.parametrize(
    ("evictions", "why"),
    [
        ((evict("nobody"),), "it does not run"),
        ((evict("owner"),), "it does not run"),
        ((evict("borrower", attempt=2),), "it does not run"),
        ((evict("borrower"), evict("borrower")), "evicted twice"),
    ],
)
def test_only_what_runs_is_evicted_and_once(
    seen: Observed, evictions: tuple[Eviction, ...], why: str
) -> None:
    """Not a pending job, not an attempt that is over, not one job for two reasons."""
    assert why in said(Plan(5, evictions=evictions), seen)


def test_what_may_not_be_preempted_stays(seen: Observed) -> None:
    """Nor is one told to leave again that leaves already."""
    seen.apply(Submitted(3, job("fixed", HALF, preemptible=False)))
    seen.apply(Starting(3, "fixed", 1, (Placement(0, "n2"),)))
    assert "not preemptible" in said(Plan(5, evictions=(evict("fixed"),)), seen)
    seen.apply(Evicting(4, evict("borrower")))
    assert "leaves already" in said(Plan(5, evictions=(evict("borrower"),)), seen)


def test_nothing_starts_on_what_is_still_held_by_one_that_leaves(seen: Observed) -> None:
    """Not in the plan that evicts it, and not while it has not left."""
    both = Plan(5, (start("owner"),), evictions=(evict("borrower"),))
    assert "n1 would be over its capacity" in said(both, seen)
    seen.apply(Evicting(5, evict("borrower")))
    assert "n1 would be over its capacity" in said(Plan(6, (start("owner"),)), seen)
    seen.apply(TaskStarted(2, "borrower", 1, 0))
    seen.apply(TaskEnded(7, "borrower", 1, 0))
    assert said(Plan(7, (start("owner"),)), seen) == ""


def test_nothing_starts_on_what_others_claim(seen: Observed) -> None:
    """Empty and claimed is not free; the one who claimed it may have it."""
    seen.apply(Promised(3, (claim("owner", Placement(0, "n2")),)))
    stolen = Plan(5, (start("small", Placement(0, "n2")),), claims=seen.claims)
    assert "n2 would not have what is claimed on it" in said(stolen, seen)
    assert said(Plan(5, (start("owner", Placement(0, "n2")),)), seen) == ""


def test_a_new_claim_must_fit_once_all_who_leave_are_gone(seen: Observed) -> None:
    """On top of a job that stays there is no claim, nor on a node that takes no jobs."""
    assert "n1 would not have what is claimed" in said(Plan(5, claims=(claim(),)), seen)
    seen.apply(NodeSet(4, replace(seen.nodes["n2"], state=NodeState.DRAINING)))
    assert "n2 is not up" in said(Plan(5, claims=(claim("owner", Placement(0, "n2")),)), seen)


def test_a_claim_is_of_one_pending_job_and_whole(seen: Observed) -> None:
    """Not of one that runs or starts in the same plan, not twice, and of all its tasks."""
    free = Placement(0, "n2")
    assert "not pending" in said(Plan(5, claims=(claim("borrower", free),)), seen)
    assert "not pending" in said(Plan(5, (start("owner", free),), claims=(claim("owner", free),)), seen)
    assert "two claims" in said(Plan(5, claims=(claim("owner", free), claim("owner", free))), seen)
    wide = Placement(0, "n2", tasks=2)
    assert "not placed whole" in said(Plan(5, claims=(claim("small", wide),)), seen)


def test_a_claim_that_stood_is_not_judged_by_a_node_that_shrank(seen: Observed) -> None:
    """The room goes on; it is the planner's to let go of that claim."""
    seen.apply(Promised(3, (claim("owner", Placement(0, "n2")),)))
    seen.apply(NodeSet(4, Node("n2", "main", Resources.of(1000, 512))))
    assert said(Plan(5, claims=seen.claims), seen) == ""
    assert "n2 would not have" in said(
        Plan(5, (start("small", Placement(0, "n2")),), claims=seen.claims), seen
    )


def test_the_mirror_keeps_what_a_new_planner_begins_from(seen: Observed) -> None:
    """What vacates, what was checkpointed and promised, and how often a borrower was evicted by borrowers."""
    kept = Reservation("small", 9, (Placement(0, "n1"),))
    gone = evict("borrower", rule=Rule.BETWEEN_BORROWERS)
    for change in (Evicting(5, gone), Evicting(6, evict("borrower")), Promised(5, (claim(),), (kept,))):
        seen.apply(change)
    snapshot = seen.snapshot(0, (), (), ())
    assert (snapshot.claims, snapshot.reservations) == ((claim(),), (kept,))
    assert [(run.vacating, run.vacating_since, run.evictions) for run in snapshot.running] == [(gone, 5, 0)]
    seen.apply(Ended(7, "borrower", 1, succeeded=False, requeue=True))
    waits = {one.job.id: one for one in seen.snapshot(0, (), (), ()).pending}
    assert (waits["borrower"].attempts, waits["borrower"].evictions) == (1, 1)
