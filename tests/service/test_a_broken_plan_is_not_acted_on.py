import random
from dataclasses import replace

import pytest

from dure.model.change import NodeSet, Starting, Submitted
from dure.model.job import Job, Placement, TaskGroup
from dure.model.node import GpuFlavor, Node, NodeState
from dure.model.plan import Plan, Start
from dure.model.resources import Resources
from dure.model.rules import Rules
from dure.model.tenant import Tenant
from dure.planning.room import Room
from dure.service.observed import Observed
from dure.service.verify import faults

RULES = Rules(
    room="r", flavors=(GpuFlavor("a"), GpuFlavor("b")), tenants=(Tenant("t"), Tenant("u", weight=2))
)
PAIR = Job("pair", "t", "kim", 1, (TaskGroup(2, 1000, 64, 1, ("a",)),), ("true",))


@pytest.fixture
def seen() -> Observed:
    room = Observed()
    for name in ("n1", "n2"):
        room.apply(NodeSet(0, Node(name, "main", Resources.of(2000, 512, {"a": 1, "b": 1}))))
    room.apply(Submitted(1, PAIR))
    return room


def plan_of(*places: tuple[str, str, int], job: str = "pair") -> Plan:
    placements = tuple(Placement(0, node, flavor, tasks) for node, flavor, tasks in places)
    return Plan(2, starts=(Start(job, 1, placements, guaranteed=False),))


def test_a_sound_plan_has_no_fault(seen: Observed) -> None:
    """A whole gang on nodes that have the room passes."""
    assert faults(plan_of(("n1", "a", 1), ("n2", "a", 1)), seen) == ()


@pytest.mark.parametrize(
    ("plan", "said"),
    [
        (plan_of(("n1", "a", 1)), "not placed whole"),
        (plan_of(("n1", "a", 2)), "over its capacity"),
        (plan_of(("n1", "a", 1), ("n3", "a", 1)), "n3 is not up"),
        (plan_of(("n1", "b", 1), ("n2", "b", 1)), "flavor"),
        (plan_of(("n1", "a", 1), ("n2", "a", 1), job="other"), "not pending"),
        (Plan(2, starts=plan_of(("n1", "a", 1), ("n2", "a", 1)).starts * 2), "not pending"),
    ],
)
def test_a_plan_that_does_not_fit_what_was_seen_is_named(seen: Observed, plan: Plan, said: str) -> None:
    """Part of a gang, too much on a node, a node or a job that is not there: each is a fault."""
    assert said in "; ".join(faults(plan, seen))


def test_what_is_held_already_counts(seen: Observed) -> None:
    """A running job's places are not free, nor is a node that is down."""
    seen.apply(Starting(2, "pair", 1, (Placement(0, "n1", "a", 1), Placement(0, "n2", "a", 1))))
    seen.apply(Submitted(3, replace(PAIR, id="next")))
    found = "; ".join(faults(plan_of(("n1", "a", 1), ("n2", "a", 1), job="next"), seen))
    assert "n1 would be over" in found
    assert "n2 would be over" in found
    seen.apply(NodeSet(4, replace(seen.nodes["n1"], state=NodeState.DOWN)))
    assert "n1 is not up" in "; ".join(faults(plan_of(("n1", "a", 1), ("n2", "a", 1), job="next"), seen))


@pytest.mark.parametrize("seed", range(12))
def test_the_planners_own_plans_pass_and_the_mirror_decides_the_same(seed: int) -> None:
    """Over random days, plans have no fault, and a Room built from what was seen decides as the live one does."""
    dice, seen = random.Random(seed), Observed()
    room = Room.of(seen.snapshot(0, (), (), ()), RULES)
    now = 1_000
    for number in range(60):
        now += dice.randrange(0, 5_000)
        for change in _something(dice, seen, number, now):
            seen.apply(change)
            room.apply(change)
        plan = room.decide(now)
        assert faults(plan, seen) == ()
        assert Room.of(seen.snapshot(0, (), (), ()), RULES).decide(now).starts == plan.starts
        for start in plan.starts:
            starting = Starting(now, start.job, start.attempt, start.placements)
            seen.apply(starting)
            room.apply(starting)


def _something(dice: random.Random, seen: Observed, number: int, now: int) -> list[NodeSet | Submitted]:
    if dice.random() < 0.2 or not seen.nodes:
        gpus = {"a": dice.randrange(3), "b": dice.randrange(3)}
        capacity = Resources.of(dice.randrange(1, 5) * 1000, dice.randrange(1, 5) * 512, gpus)
        state = dice.choice([NodeState.UP, NodeState.UP, NodeState.DRAINING, NodeState.DOWN])
        fresh = f"n{number}"  # nodes with tasks on them keep their size
        return [NodeSet(now, Node(fresh, "main", capacity, state))]
    gpus_asked = dice.randrange(2)
    flavors = tuple(dice.sample(["a", "b"], dice.randrange(1, 3))) if gpus_asked else ()
    group = TaskGroup(
        dice.randrange(1, 4), dice.randrange(3) * 500, dice.randrange(4) * 128, gpus_asked, flavors
    )
    job = Job(f"j{number}", dice.choice("tu"), "kim", now, (group,), ("true",), priority=dice.randrange(2))
    return [Submitted(now, job, held=dice.random() < 0.1)]
