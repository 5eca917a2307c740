from dure.model.job import Placement, TaskGroup
from dure.model.node import NodeState
from dure.model.plan import Code
from tests.planning.small import Small, job, node, tenant


def placed(room: Small, groups: tuple[TaskGroup, ...]) -> tuple[Placement, ...]:
    """Where a job of these groups goes."""
    room.submit(job("1", "a", groups=groups))
    starts = room.carry_out().starts
    return starts[0].placements if starts else ()


def test_best_fit_takes_the_node_with_the_least_value_free() -> None:
    """A small job leaves the big node whole."""
    room = Small([node("big", a100=8), node("small", a100=2)], [tenant("a")])
    assert placed(room, groups=(TaskGroup(1, 0, 0, 2, ("a100",)),)) == (Placement(0, "small", "a100", 1),)


def test_jobs_without_gpus_stay_off_gpu_nodes_while_they_can() -> None:
    """Cpu on a GPU node is worth more than on another."""
    room = Small([node("a", cpu=4, a100=8), node("b", cpu=64)], [tenant("a")])
    assert placed(room, groups=(TaskGroup(1, 4),)) == (Placement(0, "b"),)


def test_a_gang_that_one_node_holds_is_not_spread() -> None:
    """Eight tasks go to the node with eight free, not to two halves."""
    room = Small([node("a", a100=4), node("b", a100=4), node("c", a100=8)], [tenant("a")])
    assert placed(room, groups=(TaskGroup(8, 0, 0, 1, ("a100",)),)) == (Placement(0, "c", "a100", 8),)


def test_a_gang_that_no_node_holds_spreads_over_few() -> None:
    """The fullest parts first, the rest where it fits tightest."""
    room = Small([node("a", a100=2), node("b", a100=4), node("c", a100=8)], [tenant("a")])
    where = placed(room, groups=(TaskGroup(10, 0, 0, 1, ("a100",)),))
    assert where == (Placement(0, "c", "a100", 8), Placement(0, "a", "a100", 2))


def test_flavors_are_tried_in_the_order_of_preference() -> None:
    """The second best is taken where the best has no place for the whole group."""
    room = Small([node("n", a100=1, t4=8)], [tenant("a")])
    liked = (TaskGroup(2, 0, 0, 1, ("a100", "t4")),)
    assert placed(room, groups=liked) == (Placement(0, "n", "t4", 2),)


def test_groups_of_a_gang_start_together() -> None:
    """Workers on GPUs and their server beside them, or nothing."""
    groups = (TaskGroup(1, 2), TaskGroup(2, 1, 0, 2, ("a100",)))
    room = Small([node("a", cpu=2, a100=4), node("b", cpu=2)], [tenant("a")])
    assert placed(room, groups=groups) == (Placement(0, "b"), Placement(1, "a", "a100", 2))
    room = Small([node("a", cpu=2, a100=4)], [tenant("a")])
    assert placed(room, groups=groups) == ()


def test_nodes_that_drain_or_are_down_take_nothing() -> None:
    """What they hold does not count as free, nor as never to be had."""
    nodes = [node("a", a100=4, state=NodeState.DRAINING), node("b", a100=4, state=NodeState.DOWN)]
    room = Small(nodes, [tenant("a")])
    assert room.run(job("1", "a", 1)) == []
    (verdict,) = room.room.decide(0).verdicts.values()
    assert verdict.code is Code.NO_PLACE


def test_what_no_node_can_hold_never_fits() -> None:
    """Five devices on one node where nodes have four; twice five over all."""
    room = Small([node("a", a100=4), node("b", a100=4)], [tenant("a")])
    assert room.run(job("1", "a", 5)) == []
    (verdict,) = room.room.decide(0).verdicts.values()
    assert (verdict.code, verdict.numbers) == (Code.NEVER_FITS, (("tasks", 1), ("gpu:a100", 5)))
