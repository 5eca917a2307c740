"""Random days with guarantees: what the planner decides is sound to the mirror, which would decide the same."""

import random
from collections.abc import Iterator

import pytest

from dure.model.change import (
    Change,
    Checkpointed,
    Ended,
    Evicting,
    NodeSet,
    Promised,
    Starting,
    Submitted,
    TaskEnded,
    TaskStarted,
)
from dure.model.job import Job, TaskGroup, task_placements
from dure.model.node import GpuFlavor, Node
from dure.model.plan import Plan
from dure.model.resources import Quota, Resources
from dure.model.rules import BetweenBorrowers, Planning, Rules
from dure.model.snapshot import Running
from dure.model.tenant import Tenant
from dure.planning.room import Room
from dure.service.observed import Observed
from dure.service.verify import faults

RULES = Rules(
    room="r",
    planning=Planning(memory=0.0, depth=2, between_borrowers=BetweenBorrowers.FAIR, claim_timeout=40_000),
    flavors=(GpuFlavor("a"),),
    tenants=(
        Tenant("owner", guarantee=Quota.of({"cpu": 4_000, "gpu:a": 3})),
        Tenant("guest"),
        Tenant("other", weight=3),
    ),
)  # fmt: skip


class Day:
    """A room and its mirror, told the same; `steps` counts what was decided."""

    def __init__(self, seed: int) -> None:
        self.dice, self.seen, self.now = random.Random(seed), Observed(), 1_000
        self.room = Room.of(self.seen.snapshot(0, (), (), ()), RULES)
        self.evicted = self.claimed = 0

    def tell(self, *changes: Change) -> None:
        for change in changes:
            self.seen.apply(change)
            self.room.apply(change)

    def decide(self) -> None:
        """What is decided is sound, and decided the same from the mirror; then it is done."""
        plan = self.room.decide(self.now)
        assert faults(plan, self.seen) == ()
        again = Room.of(self.seen.snapshot(0, (), (), ()), RULES).decide(self.now)
        assert again == plan
        self.evicted += len(plan.evictions)
        self.claimed += sum(start.claimed for start in plan.starts)
        self.tell(*_done(plan))

    def running(self) -> list[Running]:
        return list(self.seen.snapshot(0, (), (), ()).running)

    def goes_on(self, number: int) -> None:
        """A job comes, or one ends, or says that it saved its work."""
        self.now += self.dice.randrange(1, 9_000)
        running = self.running()
        leaving = [one for one in running if one.vacating]
        if leaving and self.dice.random() < 0.5:
            self.tell(*_over(self.dice.choice(leaving), self.now, requeue=True))
        elif running and self.dice.random() < 0.3:
            one = self.dice.choice(running)
            self.tell(*_over(one, self.now, requeue=one.vacating is not None))
        elif running and self.dice.random() < 0.2:
            one = self.dice.choice(running)
            self.tell(Checkpointed(self.now, one.job.id, one.attempt))
        else:
            self.tell(Submitted(self.now, self._job(number)))

    def _job(self, number: int) -> Job:
        dice = self.dice
        gpus = dice.randrange(2)
        group = TaskGroup(dice.randrange(1, 4), dice.randrange(1, 3) * 500, 64, gpus, ("a",) if gpus else ())
        tenant = dice.choice(("owner", "guest", "guest", "other"))
        return Job(
            f"j{number}", tenant, "kim", self.now, (group,), ("true",), preemptible=dice.random() < 0.9
        )


def _done(plan: Plan) -> Iterator[Change]:
    yield Promised(plan.at, plan.claims, plan.reservations)
    yield from (Evicting(plan.at, eviction) for eviction in plan.evictions)
    for start in plan.starts:
        yield Starting(plan.at, start.job, start.attempt, start.placements, start.under)
        for number, _ in enumerate(task_placements(start.placements)):
            yield TaskStarted(plan.at, start.job, start.attempt, number)


def _over(one: Running, at: int, *, requeue: bool) -> Iterator[Change]:
    for number, times in enumerate(one.tasks):
        if times.ended is None:
            yield TaskEnded(at, one.job.id, one.attempt, number)
    yield Ended(at, one.job.id, one.attempt, succeeded=not requeue, requeue=requeue)


@pytest.mark.parametrize("seed", range(10))
def test_plans_with_evictions_are_sound_and_the_mirror_decides_the_same(seed: int) -> None:
    """At every instant, whoever vacates, claims, was checkpointed or evicted before."""
    day = Day(seed)
    for name in ("n1", "n2"):
        day.tell(NodeSet(0, Node(name, "main", Resources.of(4_000, 4_096, {"a": 2}))))
    for number in range(60):
        day.goes_on(number)
        day.decide()
    assert day.evicted
    assert day.claimed
