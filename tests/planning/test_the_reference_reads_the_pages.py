from dataclasses import replace

from dure.model.instants import SECOND
from dure.model.node import NodeState
from dure.model.rules import Order
from tests.planning.reference import Said, reference
from tests.planning.reference_places import Part, finds_a_place, place
from tests.planning.reference_room import Book, Use
from tests.planning.reference_small import FAIR, NOW, PRIORITY, Scene, scene, tenant


def said(room: Scene) -> Said:
    """What the reference decides."""
    return reference(room.snapshot, room.rules, NOW)


def starts(room: Scene) -> list[str]:
    """Who starts, in order."""
    return [start.job for start in said(room).starts]


def evicted(room: Scene) -> list[tuple[str, str]]:
    """Who leaves, for whom."""
    return [(eviction.job, eviction.by) for eviction in said(room).evictions]


def book(room: Scene) -> Book:
    """The room's books before anything is decided."""
    return Book(room.snapshot, room.rules, NOW)


# Quota


def test_what_overflows_counts_against_the_rest_of_the_parent() -> None:
    """A parent's guarantee of 4 carves 1 out for x: y's use counts against the other 3."""
    room = scene((8,), tenant("p", g=4), tenant("x", "p", g=1), tenant("y", "p"))
    uses = [Use("x", "u", {"gpu:a": 2}), Use("y", "u", {"gpu:a": 3})]
    books = book(room)
    assert books.overflow(uses, "x", "gpu:a") == 1
    assert books.overflow(uses, "y", "gpu:a") == 3
    assert books.overflow(uses, "p", "gpu:a") == 1


def test_within_guarantee_is_judged_at_the_highest_that_states_one() -> None:
    """Beyond its own part a tenant is still within guarantee while the rest of its branch has room."""
    books = book(scene((8,), tenant("p", g=4), tenant("x", "p", g=1), tenant("y", "p")))
    assert books.within([Use("x", "u", {"gpu:a": 1})], "x", {"gpu:a": 3})
    assert not books.within([Use("x", "u", {"gpu:a": 1})], "x", {"gpu:a": 4})
    assert not books.within([], "x", {"cpu": 1})


# Scores and order


def test_a_score_is_use_above_guarantee_by_capacity_and_weight() -> None:
    """3 of 8 devices with a guarantee of 1 and weight 2: (2 / 8) / 2."""
    room = scene((8,), tenant("x", g=1, weight=2)).runs_job("r", "x", "n0", 3)
    assert said(room).scores["x"] == (0.25, 0.125)


def test_memory_halves_what_is_held_now_without_a_history() -> None:
    """Without one, e = memory x 0 + (1 - memory) x a."""
    room = scene((8,), tenant("x"), memory=0.5).runs_job("r", "x", "n0", 4)
    assert said(room).scores["x"] == (0.25, 0.25)


def test_borrowers_go_by_score_and_jobs_within_guarantee_before_them() -> None:
    """One holds most; another less; a third is within guarantee."""
    room = scene((8,), tenant("x"), tenant("y"), tenant("z", g=1))
    room.runs_job("r", "x", "n0", 3).runs_job("s", "y", "n0", 1)
    room.waits("jx", "x").waits("jy", "y").waits("jz", "z")
    assert starts(room) == ["jz", "jy", "jx"]


def test_fifo_is_by_age_over_all_tenants() -> None:
    """Older first, whoever is behind."""
    room = scene((4,), tenant("x"), tenant("y"), order=Order.FIFO).runs_job("r", "x", "n0", 2)
    room.waits("jy", "y", age=1).waits("jx", "x", age=2)
    assert starts(room) == ["jx", "jy"]


# Places


def test_the_tightest_node_is_taken() -> None:
    """Big nodes are kept whole."""
    room = scene((4, 2), tenant("x")).waits("j", "x", 1)
    assert [p.node for p in said(room).starts[0].placements] == ["n1"]


def test_a_gang_takes_the_node_that_holds_most_then_the_tightest() -> None:
    """Five tasks on nodes of 4, 3 and 1: four and one."""
    room = scene((4, 3, 1), tenant("x")).waits("j", "x", 1, count=5)
    assert {(p.node, p.tasks) for p in said(room).starts[0].placements} == {("n0", 4), ("n2", 1)}


def test_best_fit_of_one_group_finds_a_place_where_any_assignment_does() -> None:
    """Greedy is exact for equal tasks."""
    books = book(scene((3, 3), tenant("x")))
    view = {"n0": {"gpu:a": 3}, "n1": {"gpu:a": 3}}
    for count, found in ((2, True), (3, False)):
        parts = [Part(0, count, "a", {"gpu:a": 2})]
        assert finds_a_place(parts, view) is found
        assert (place(books, parts, view) is not None) is found


# Claims


def test_a_claim_starts_where_its_place_is_free() -> None:
    """Its victim has left."""
    room = scene((2,), tenant("x", g=2)).waits("j", "x", 2).claims("j", "n0")
    (start,) = said(room).starts
    assert (start.job, start.claimed, start.guaranteed) == ("j", True, True)


def test_a_claim_waits_while_its_place_is_held() -> None:
    """A vacating job is still there."""
    room = scene((2,), tenant("x", g=2), tenant("y")).waits("j", "x", 2).claims("j", "n0")
    room.runs_job("r", "y", "n0", 1, vacating=True)
    assert not starts(room)
    assert [claim.job for claim in said(room).claims] == ["j"]


def test_a_claim_keeps_its_place_from_others() -> None:
    """One device is free, and claimed."""
    room = scene((2,), tenant("x", g=2), tenant("y"), depth=0).waits("j", "x", 2).claims("j", "n0")
    room.runs_job("r", "y", "n0", 1, vacating=True).waits("k", "y", 1)
    assert not starts(room)


def test_what_vacates_beyond_a_claim_is_claimed_without_an_eviction() -> None:
    """One of two vacating devices belongs to nobody."""
    room = scene((2,), tenant("x", g=1), tenant("y")).waits("j", "x", 1).claims("j", "n0")
    room.runs_job("r", "y", "n0", 2, vacating=True).waits("k", "y", 1)
    assert not starts(room)
    assert [(claim.job, claim.since) for claim in said(room).claims] == [("j", NOW - 5 * SECOND), ("k", NOW)]


def test_a_claim_ends_by_its_timeout() -> None:
    """Its job takes its turn again."""
    room = scene((2,), tenant("x", g=2), tenant("y"), claim_timeout=4 * SECOND).waits("j", "x", 2)
    room.claims("j", "n0").runs_job("r", "y", "n0", 1, vacating=True)
    assert [claim.since for claim in said(room).claims] == [NOW]


def test_a_claim_of_a_job_that_may_not_start_ends() -> None:
    """It was put on hold."""
    room = scene((2,), tenant("x", g=2)).waits("j", "x", 2, held=True).claims("j", "n0")
    assert not said(room).claims
    assert not starts(room)


def test_a_claim_on_a_node_that_takes_no_jobs_ends() -> None:
    """The node drains."""
    room = scene((2,), tenant("x", g=2)).waits("j", "x", 2).claims("j", "n0")
    (node,) = room.snapshot.nodes
    drained = replace(room.snapshot, nodes=(replace(node, state=NodeState.DRAINING),))
    decided = reference(drained, room.rules, NOW)
    assert (decided.claims, decided.starts) == ((), ())


# Reclaim


def test_a_job_within_guarantee_evicts_a_borrower_and_claims_its_place() -> None:
    """It starts nothing on what it frees."""
    room = scene((2,), tenant("x", g=1), tenant("y")).runs_job("r", "y", "n0", 2).waits("j", "x", 1)
    decided = said(room)
    assert evicted(room) == [("r", "j")]
    assert not decided.starts
    assert [(claim.job, claim.guaranteed) for claim in decided.claims] == [("j", True)]


def test_who_is_not_above_guarantee_is_no_victim() -> None:
    """Y holds what it is promised; x waits with a reservation, whatever the depth."""
    room = scene((2,), tenant("x", g=1), tenant("y", g=2), depth=0)
    room.runs_job("r", "y", "n0", 2).waits("j", "x", 1)
    assert not evicted(room)
    assert [(job, at) for job, at, *_ in said(room).reservations] == [("j", NOW + 3540 * SECOND)]


def test_who_may_not_be_preempted_or_was_just_started_is_no_victim() -> None:
    """Nor is one that vacates already."""
    for other in ({"preemptible": False}, {"ago": 0}):
        room = scene((1,), tenant("x", g=1), tenant("y")).waits("j", "x", 1)
        assert not evicted(room.runs_job("r", "y", "n0", 1, **other))


def test_soft_victims_come_before_harder_ones() -> None:
    """Taking the big job would put y below its guarantee; z's can go without."""
    room = scene((4,), tenant("x", g=1), tenant("y", g=2), tenant("z"))
    room.runs_job("big", "y", "n0", 3).runs_job("small", "z", "n0", 1).waits("j", "x", 1)
    assert evicted(room) == [("small", "j")]


def test_below_guarantee_only_if_no_other_set_exists() -> None:
    """The only job above guarantee is the big one."""
    room = scene((3,), tenant("x", g=1), tenant("y", g=2)).runs_job("big", "y", "n0", 3).waits("j", "x", 1)
    assert evicted(room) == [("big", "j")]


def test_what_an_ancestor_promises_is_not_borrowed() -> None:
    """What s holds is covered by the rest of p's guarantee, so another branch has to give."""
    room = scene((4,), tenant("p", g=2), tenant("x", "p", g=1), tenant("s", "p"), tenant("far"))
    room.runs_job("near", "s", "n0", 1).runs_job("away", "far", "n0", 3).waits("j", "x", 1)
    assert evicted(room) == [("away", "j")]


def test_the_own_branch_comes_before_others() -> None:
    """A sibling gives before another branch does, though the other is further ahead."""
    room = scene((5,), tenant("p", g=2), tenant("x", "p", g=1), tenant("s", "p"), tenant("far"))
    room.runs_job("near", "s", "n0", 2).runs_job("away", "far", "n0", 3).waits("j", "x", 1)
    assert evicted(room) == [("near", "j")]


def test_the_highest_score_then_the_least_work_lost_goes() -> None:
    """Z is ahead of y; of z's jobs the one with a checkpoint loses least."""
    room = scene((4,), tenant("x", g=1), tenant("y"), tenant("z"))
    room.runs_job("a", "y", "n0", 1, ago=1).runs_job("b", "z", "n0", 1, ago=90)
    room.runs_job("c", "z", "n0", 1, ago=90, checkpoint=5).runs_job("d", "z", "n0", 1, ago=60)
    assert evicted(room.waits("j", "x", 1)) == [("c", "j")]


def test_ties_go_to_the_latest_start_then_to_the_largest_id() -> None:
    """Equal work lost: all checkpointed now."""
    room = scene((3,), tenant("x", g=1), tenant("y"))
    for name, ago in (("a", 50), ("b", 40), ("c", 40)):
        room.runs_job(name, "y", "n0", 1, ago=ago, checkpoint=0)
    assert evicted(room.waits("j", "x", 1)) == [("c", "j")]


def test_a_victim_that_the_place_can_do_without_stays() -> None:
    """The walk takes both; only the one on the node with enough is needed."""
    room = scene((2, 1), tenant("x", g=2), tenant("y"))
    room.runs_job("big", "y", "n0", 2, ago=60).runs_job("small", "y", "n1", 1, ago=10).waits("j", "x", 2)
    assert evicted(room) == [("big", "j")]


def test_victims_hold_something_that_is_lacking() -> None:
    """A job without devices frees none."""
    room = scene((1,), tenant("x", g=1), tenant("y"), tenant("z"))
    room.runs_job("cpu", "z", "n0", 0, ago=1).runs_job("gpu", "y", "n0", 1).waits("j", "x", 1)
    assert evicted(room) == [("gpu", "j")]


# Within a tenant


def test_a_higher_priority_preempts_inside_its_tenant_where_policy_says_so() -> None:
    """Lowest priority first; without the policy nobody goes."""
    for policy, gone in ((PRIORITY, [("low", "j")]), (None, [])):
        room = scene((2,), tenant("x"), **({"within_tenant": policy} if policy else {}))
        room.runs_job("low", "x", "n0", 1, priority=0).runs_job("mid", "x", "n0", 1, priority=1)
        assert evicted(room.waits("j", "x", 1, priority=2)) == gone


def test_the_tenants_own_limit_is_a_reason_to_preempt_inside() -> None:
    """There is place, and no quota."""
    room = scene((4,), tenant("x", limit=1), within_tenant=PRIORITY).runs_job("low", "x", "n0", 1)
    assert evicted(room.waits("j", "x", 1, priority=1)) == [("low", "j")]


def test_equal_priorities_do_not_preempt() -> None:
    """Strictly lower only."""
    room = scene((1,), tenant("x"), within_tenant=PRIORITY).runs_job("low", "x", "n0", 1)
    assert evicted(room.waits("j", "x", 1)) == []


# Reservations


def test_depth_says_how_many_borrowers_hold_a_reservation() -> None:
    """None: all."""
    for depth, count in ((0, 0), (1, 1), (2, 2), (None, 3)):
        room = scene((1,), tenant("x"), depth=depth).runs_job("r", "x", "n0", 1, ago=0, limit=10 * SECOND)
        for name in ("j", "k", "l"):
            room.waits(name, "x", 1, limit=10 * SECOND)
        at = [(job, at - NOW) for job, at, *_ in said(room).reservations]
        assert at == [("j", 10 * SECOND), ("k", 20 * SECOND), ("l", 30 * SECOND)][:count]


def test_backfill_delays_no_reservation() -> None:
    """What ends in time starts; what would not, waits."""
    for limit, started in ((5, ["k"]), (10, ["k"]), (11, [])):
        room = scene((2,), tenant("x")).runs_job("r", "x", "n0", 1, ago=0, limit=10 * SECOND)
        room.waits("j", "x", 2, age=1).waits("k", "x", 1, limit=limit * SECOND)
        assert starts(room) == started


def test_a_sticky_reservation_counts_towards_depth_and_keeps_its_turn() -> None:
    """K held one before; j, though first in order, takes none beside it."""
    room = scene((1,), tenant("x"), depth=1).runs_job("r", "x", "n0", 1, ago=0, limit=10 * SECOND)
    room.waits("j", "x", 1, age=1).waits("k", "x", 1).holds("k", "n0", 99)
    assert [(job, at - NOW) for job, at, *_ in said(room).reservations] == [("k", 10 * SECOND)]


def test_what_time_does_not_free_gives_no_reservation() -> None:
    """The running job has no limit."""
    room = scene((1,), tenant("x")).runs_job("r", "x", "n0", 1, limit=None).waits("j", "x", 1)
    assert said(room).reservations == ()


def test_a_job_past_its_limit_ends_a_second_from_now() -> None:
    """The reservation moves with the clock."""
    room = scene((1,), tenant("x")).runs_job("r", "x", "n0", 1, limit=10 * SECOND).waits("j", "x", 1)
    assert [at - NOW for _, at, *_ in said(room).reservations] == [SECOND]


# Jobs that may not be preempted


def test_beyond_guarantee_they_hold_what_guarantees_leave_over() -> None:
    """Four devices, three promised: one is left over."""
    room = scene((4,), tenant("x", g=3), tenant("y")).waits("j", "y", 1, preemptible=False)
    assert starts(room.waits("k", "y", 1, preemptible=False)) == ["j"]


def test_what_ends_within_reclaim_within_is_not_refused() -> None:
    """Nothing idles for want of a checkpoint."""
    room = scene((4,), tenant("x", g=4), tenant("y"), reclaim_within=60 * SECOND)
    room.waits("j", "y", 1, preemptible=False, limit=60 * SECOND)
    assert starts(room.waits("k", "y", 1, preemptible=False, limit=61 * SECOND)) == ["j"]


# Between borrowers


def test_a_borrower_that_is_behind_preempts_one_that_is_ahead() -> None:
    """Afterwards 1 against 2: strictly behind."""
    room = scene((3,), tenant("x"), tenant("y"), between_borrowers=FAIR, depth=0)
    for name in "abc":
        room.runs_job(name, "y", "n0", 1, ago=60)
    assert evicted(room.waits("j", "x", 1)) == [("c", "j")]


def test_equal_scores_afterwards_are_no_reason() -> None:
    """It would be 1 against 1."""
    room = scene((2,), tenant("x"), tenant("y"), between_borrowers=FAIR, depth=0)
    room.runs_job("a", "y", "n0", 1).runs_job("b", "y", "n0", 1)
    assert evicted(room.waits("j", "x", 1)) == []


def test_scores_are_taken_after_all_evictions() -> None:
    """A gang of 2 against 3 single jobs: it would be 2 against 1."""
    room = scene((3,), tenant("x"), tenant("y"), between_borrowers=FAIR, depth=0)
    for name in "abc":
        room.runs_job(name, "y", "n0", 1)
    assert evicted(room.waits("j", "x", 2)) == []


def test_nobody_is_taken_below_guarantee_between_borrowers() -> None:
    """Y holds four with a guarantee of three, in jobs of two."""
    room = scene((4,), tenant("x"), tenant("y", g=3), between_borrowers=FAIR, depth=0)
    room.runs_job("a", "y", "n0", 2).runs_job("b", "y", "n0", 2)
    assert evicted(room.waits("j", "x", 1)) == []


def test_only_between_borrowers_runtimes_and_evictions_bind() -> None:
    """Each spares one of the three."""
    room = scene((3,), tenant("x"), tenant("y"), between_borrowers=FAIR, depth=0, min_runtime=30 * SECOND,
                 eviction_budget=1)  # fmt: skip
    room.runs_job("a", "y", "n0", 1, ago=90).runs_job("b", "y", "n0", 1, ago=10)
    room.runs_job("c", "y", "n0", 1, ago=60, evictions=1)
    assert evicted(room.waits("j", "x", 1)) == [("a", "j")]


def test_between_borrowers_is_judged_below_the_common_ancestor() -> None:
    """P as a whole is behind q, though x alone would be ahead of y."""
    room = scene((6,), tenant("p", weight=4), tenant("x", "p"), tenant("q"), tenant("y", "q"),
                 between_borrowers=FAIR, depth=0)  # fmt: skip
    room.runs_job("a", "x", "n0", 3)
    for name in "bcd":
        room.runs_job(name, "y", "n0", 1)
    assert evicted(room.waits("j", "x", 1)) == [("d", "j")]
