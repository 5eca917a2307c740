"""Long random histories of a room, quicker than hypothesis draws them: a seed decides everything."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from random import Random

from dure.model.instants import SECOND, Interval
from dure.model.job import Job, TaskGroup
from dure.model.node import Node, NodeState
from dure.model.resources import Quota, Resources
from dure.model.rules import BetweenBorrowers, Order, Planning, Rules, WithinTenant
from dure.model.tenant import BudgetState, Tenant
from dure.planning.room import Room
from tests.planning.rooms import ENOUGH, FLAVORS, World, canonical


def quota(random: Random, often: float, scale: int) -> Quota:
    """Something stated for some resources, or nothing."""
    if random.random() > often:
        return Quota()
    return Quota.of(
        {name: random.randint(0, ENOUGH[name] * scale) for name in ENOUGH if random.random() < 0.6}
    )


def any_rules(random: Random) -> Rules:
    """Rules with trees, quotas and terms of every sort."""
    tenants: list[Tenant] = []
    for number in range(random.randint(1, 6)):
        parent = random.choice([None, *(t.id for t in tenants[:2])])
        term = Interval(random.randint(0, 150) * SECOND, random.randint(150, 600) * SECOND)
        tenants.append(
            Tenant(
                f"t{number}",
                parent,
                weight=random.randint(1, 3),
                guarantee=quota(random, 0.5, 1),
                keep=quota(random, 0.1, 1),
                cohort=random.random() < 0.1,
                max_running_jobs=random.choice([None, None, None, 2]),
                user_max_running_jobs=random.choice([None, None, None, 2]),
                user_limit=quota(random, 0.1, 1),
                limit=quota(random, 0.3, 2),
                term=term if random.random() < 0.2 else None,
            )
        )
    planning = Planning(
        order=random.choice([Order.FAIR, Order.FAIR, Order.FIFO]),
        memory=random.choice([0.0, 0.5, 0.9]),
        half_life=random.choice([10, 3600]) * SECOND,
        depth=random.choice([0, 1, 1, 1, 2, None]),
        between_borrowers=random.choice(list(BetweenBorrowers)),
        within_tenant=random.choice(list(WithinTenant)),
        reclaim_within=random.choice([0, 0, 5]) * SECOND,
        claim_timeout=random.choice([20, 600]) * SECOND,
        min_runtime=random.choice([0, 0, 5]) * SECOND,
        eviction_budget=random.choice([None, None, 1]),
        backfill=random.random() < 0.9,
    )
    return Rules("room", planning=planning, flavors=FLAVORS, tenants=tuple(tenants))


def any_node(random: Random, name: str) -> Node:
    """A small node in some state."""
    gpus = {flavor.name: random.randint(1, 4) for flavor in FLAVORS if random.random() < 0.6}
    state = random.choice([NodeState.UP] * 6 + [NodeState.DRAINING, NodeState.DOWN])
    return Node(name, "pool", Resources.of(random.randint(2, 16), random.randint(2, 16), gpus), state)


def any_group(random: Random) -> TaskGroup:
    """A task group, with GPUs or without."""
    flavors = random.choice([(), (), ("a100",), ("t4", "a100"), ("a100", "t4")])
    gpus = random.randint(1, 2) if flavors else 0
    return TaskGroup(
        random.choice([1, 1, 2, 3, 5]), random.randint(0, 4), random.randint(0, 3), gpus, flavors
    )


def any_job(random: Random, world: World) -> Job:
    """A job of some tenant, from a few shapes so that classes have several members."""
    shapes = Random(random.randint(0, 12))
    groups = tuple(any_group(shapes) for _ in range(shapes.choice([1, 1, 1, 2])))
    return Job(
        id=str(world.count),
        tenant=random.choice([tenant.id for tenant in world.rules.tenants] * 3 + ["gone"]),
        user=random.choice("uv"),
        submitted=world.now - random.choice([0, 0, 0, 5 * SECOND]),
        groups=groups,
        priority=random.choice([0, 0, 0, 1]),
        preemptible=random.random() < 0.7,
        time_limit=random.choice([None, 0, 2 * SECOND, 10 * SECOND, 10 * SECOND, 60 * SECOND]),
    )


def plain(rules: Rules) -> Rules:
    """The same room with limits and guarantees only: what is free, and allowed, then starts."""
    tenants = tuple(
        Tenant(t.id, t.parent, weight=t.weight, guarantee=t.guarantee, limit=t.limit, term=t.term)
        for t in rules.tenants
    )
    kept = rules.planning
    planning = Planning(order=kept.order, memory=kept.memory, half_life=kept.half_life)
    return replace(rules, planning=planning, tenants=tenants)


class Wanderer:
    """Does one thing after another to a world."""

    def __init__(self, seed: int, adapted: Callable[[Rules], Rules] = lambda rules: rules) -> None:
        self.random = Random(seed)
        self.world = World.of(adapted(any_rules(self.random)))
        for number in range(self.random.randint(1, 4)):
            self.world.node(any_node(self.random, f"n{number}"), 0)
        self._things: list[tuple[float, Callable[[], None]]] = [
            (8, self.submit),
            (8, self.decide),
            (5, self.pass_time),
            (5, self.task),
            (5, self.end),
            (2, self.change_mind),
            (1, self.node),
            (1, self.pause),
            (1, self.checkpoint),
            (0.3, self.budget),
            (1, self.settle),
        ]

    def step(self) -> None:
        """One thing happens."""
        weights, things = zip(*self._things, strict=True)
        self.random.choices(things, weights)[0]()

    def ago(self) -> int:
        """How late a change is told."""
        return self.random.choice([0, 0, 0, 1, SECOND, 5 * SECOND])

    def submit(self) -> None:
        world, random = self.world, self.random
        world.count += 1
        job = any_job(random, world)
        known = sorted({*world.pending, *world.running})
        after = {random.choice(known)} if known and random.random() < 0.15 else set()
        for n in range(random.choice([1, 1, 3])):
            world.submit(replace(job, id=f"{world.count}{n}"), random.random() < 0.1, after)

    def decide(self) -> None:
        plan = self.world.room.decide(self.world.now)
        starts = plan.starts
        take = len(starts) if self.random.random() < 0.8 else self.random.randint(0, len(starts))
        if self.random.random() < 0.9:
            self.world.promise(plan)
        for eviction in plan.evictions:
            if self.random.random() < 0.9:
                self.world.evict(eviction)
        for start in starts[:take]:
            self.world.start(start)
            if self.random.random() < 0.7:
                for task in range(self.world.jobs[start.job].tasks):
                    self.world.task_started(start.job, task, 0)

    def pass_time(self) -> None:
        self.world.now += self.random.choice([1, 500, SECOND, 2 * SECOND, 10 * SECOND, 60 * SECOND])

    def task(self) -> None:
        if self.world.running:
            job = self.random.choice(sorted(self.world.running))
            task = self.random.randrange(self.world.jobs[job].tasks)
            tell = self.random.choice([self.world.task_started, self.world.task_ended])
            tell(job, task, self.ago())

    def end(self) -> None:
        if self.world.running:
            job = self.random.choice(sorted(self.world.running))
            how = self.random.choice(["well", "well", "well", "badly", "again", "refused"])
            if how == "refused":
                self.world.refuse(job)
            else:
                self.world.end(job, how == "well", how == "again", self.ago())

    def checkpoint(self) -> None:
        if self.world.running:
            self.world.checkpoint(self.random.choice(sorted(self.world.running)))

    def budget(self) -> None:
        tenant = self.random.choice(self.world.rules.tenants).id
        self.world.budget(tenant, self.random.choice([BudgetState.FINE, *BudgetState]))

    def change_mind(self) -> None:
        if self.world.pending:
            job = self.random.choice(sorted(self.world.pending))
            how = self.random.choice(["hold", "release", "release", "withdraw"])
            if how == "withdraw":
                self.world.withdraw(job)
            else:
                self.world.hold(job, how == "hold")

    def node(self) -> None:
        name = f"n{self.random.randint(0, 3)}"
        if self.random.random() < 0.2:
            self.world.lose(name)
        else:
            self.world.node(any_node(self.random, name), self.ago())

    def pause(self) -> None:
        tenant = self.random.choice([None, "t0", "t1", "t2"])
        self.world.pause(tenant, self.random.random() < 0.3)

    def settle(self) -> None:
        self.world.settle(self.random.choice([0, 1, 10 * SECOND]))


def goes_on_the_same(wanderer: Wanderer) -> None:
    """A room taken up from its snapshot half way takes what comes after as the room itself does."""
    world = wanderer.world
    for _ in range(40):
        wanderer.step()
    told, copy = len(world.told), Room.of(world.room.snapshot(), world.rules)
    for _ in range(40):
        wanderer.step()
    for change in world.told[told:]:
        copy.apply(change)
    assert copy.snapshot() == world.room.snapshot()
    assert canonical(copy.decide(world.now)) == canonical(world.room.decide(world.now))
