"""Tiny random rooms in any state whatever: what the reference planner and the planner are both asked about."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from random import Random
from typing import TypeAlias

from dure.model.instants import SECOND
from dure.model.job import Job, Placement, TaskGroup, held_by
from dure.model.node import GpuFlavor, Node, NodeState
from dure.model.plan import Claim, Eviction, Reservation, Rule
from dure.model.resources import Quota, Resources
from dure.model.rules import BetweenBorrowers, Order, Planning, Rules, WithinTenant
from dure.model.snapshot import Pending, Running, Snapshot, TaskTimes
from dure.model.tenant import Tenant

Case: TypeAlias = tuple[Snapshot, Rules, int]

NOW = 1_000 * SECOND
FLAVORS = (GpuFlavor("a", 1000), GpuFlavor("b", 400))
LIMITS = (None, 5 * SECOND, 20 * SECOND, 20 * SECOND, 60 * SECOND, 300 * SECOND)


@dataclass
class Maker:
    """Makes one room; everything comes from the generator it is given."""

    random: Random
    taken: dict[str, Resources] = field(default_factory=dict)

    def case(self) -> Case:
        """A snapshot, its rules, and the instant of the decision."""
        rules, nodes = self.rules(), self.nodes()
        running = self.running(rules, nodes)
        pending = [self.pending(rules, f"p{n}") for n in range(self.random.randint(1, 5))]
        claims = self.claims(nodes, pending)
        reservations = self.reservations(nodes, pending, claims)
        paused = (self.random.choice(rules.tenants).id,) if self.chance(0.05) else ()
        snapshot = Snapshot(
            at=NOW, watermark=NOW, nodes=nodes, pending=tuple(pending), running=running, paused=paused,
            claims=claims, reservations=reservations,
        )  # fmt: skip
        return snapshot, rules, NOW

    def chance(self, often: float) -> bool:
        """True so often."""
        return self.random.random() < often

    # Rules

    def rules(self) -> Rules:
        """Policies of every kind."""
        pick = self.random.choice
        planning = Planning(
            order=pick([Order.FAIR, Order.FAIR, Order.FAIR, Order.FIFO]),
            depth=pick([0, 1, 1, 2, 3, None]),
            memory=pick([0.0, 0.5]),
            between_borrowers=pick([BetweenBorrowers.NEVER, BetweenBorrowers.FAIR, BetweenBorrowers.FAIR]),
            within_tenant=pick([WithinTenant.NEVER, WithinTenant.PRIORITY]),
            reclaim_within=pick([0, 0, 30 * SECOND]),
            claim_timeout=pick([30 * SECOND, 600 * SECOND]),
            min_runtime=pick([0, 0, 15 * SECOND]),
            eviction_budget=pick([None, None, 1]),
            backfill=pick([True] * 7 + [False]),
        )
        return Rules("tiny", planning=planning, flavors=FLAVORS, tenants=self.tenants())

    def tenants(self) -> tuple[Tenant, ...]:
        """A tree of up to six, three levels deep."""
        made: list[Tenant] = []
        for number in range(self.random.randint(1, 6)):
            parent = self.random.choice([None, None, *(t.id for t in made[:3] if self.depth(made, t) < 2)])
            guarantee = self.quota() if self.chance(0.55) else Quota()
            limit = self.limit(guarantee) if self.chance(0.2) else Quota()
            weight = self.random.choice([1, 1, 2, 3])
            made.append(Tenant(f"t{number}", parent, weight=weight, guarantee=guarantee, limit=limit))
        return tuple(made)

    def depth(self, made: list[Tenant], tenant: Tenant) -> int:
        """How many are above it."""
        parents = {one.id: one.parent for one in made}
        count, above = 0, tenant.parent
        while above is not None:
            count, above = count + 1, parents[above]
        return count

    def quota(self) -> Quota:
        """Something stated for some resources."""
        stated = {"gpu:a": self.random.choice([0, 1, 2, 2, 4])}
        if self.chance(0.3):
            stated["cpu"] = self.random.randint(0, 6)
        if self.chance(0.2):
            stated["gpu:b"] = self.random.randint(0, 2)
        if self.chance(0.1):
            del stated["gpu:a"]
        return Quota.of(stated)

    def limit(self, guarantee: Quota) -> Quota:
        """At least what is guaranteed."""
        name = self.random.choice(["gpu:a", "gpu:a", "cpu"])
        return Quota.of({name: (guarantee.get(name) or 0) + self.random.randint(1, 3)})

    # Nodes and jobs

    def nodes(self) -> tuple[Node, ...]:
        """One to four, small."""
        return tuple(self.node(f"n{number}") for number in range(self.random.randint(1, 4)))

    def node(self, name: str) -> Node:
        """A node that is mostly up."""
        gpus = {"a": self.random.choice([0, 1, 2, 2, 4])}
        if self.chance(0.3):
            gpus["b"] = self.random.randint(1, 2)
        state = self.random.choice([NodeState.UP] * 9 + [NodeState.DRAINING])
        return Node(name, "pool", Resources.of(self.random.randint(2, 8), 100, gpus), state)

    def group(self) -> TaskGroup:
        """A task group that mostly asks for GPUs."""
        flavors = self.random.choice([("a",)] * 5 + [("a", "b"), ("b", "a"), (), ()])
        gpus = self.random.choice([1, 1, 1, 2]) if flavors else 0
        cpu = self.random.choice([0, 1, 1, 2]) if flavors else self.random.choice([1, 2, 3])
        count = self.random.choice([1, 1, 1, 2, 3])
        return TaskGroup(count, cpu, 0, gpus, flavors)

    def job(self, rules: Rules, name: str) -> Job:
        """A job of a tenant without tenants below it."""
        above = {tenant.parent for tenant in rules.tenants}
        leaves = [tenant.id for tenant in rules.tenants if tenant.id not in above]
        groups = tuple(self.group() for _ in range(self.random.choice([1] * 7 + [2])))
        limit = self.random.choice(LIMITS)
        limits = (("b", 40 * SECOND),) if self.chance(0.1) else ()
        return Job(
            id=name, tenant=self.random.choice(leaves), user=self.random.choice("uv"),
            submitted=NOW - self.random.choice([0, 1, 5]) * SECOND, groups=groups,
            priority=self.random.choice([0, 0, 1, 2]), preemptible=self.chance(0.75), time_limit=limit,
            time_limits=limits, checkpoint_interval=self.random.choice([None, None, 7 * SECOND]),
        )  # fmt: skip

    def running(self, rules: Rules, nodes: tuple[Node, ...]) -> tuple[Running, ...]:
        """Jobs placed anyhow, up to what nodes have."""
        found = []
        for number in range(self.random.choice([0, 3, 6, 9, 12])):
            job = self.job(rules, f"r{number}")
            placements = self.anyhow(job, nodes)
            if placements is not None:
                found.append(self.run(job, placements, rules))
        return tuple(found)

    def run(self, job: Job, placements: tuple[Placement, ...], rules: Rules) -> Running:
        """An attempt, begun some time ago, some of them vacating."""
        since = NOW - self.random.choice([0, 1, 2, 10, 20, 30]) * SECOND
        seen = rules.planning.memory == 0.0 and self.chance(0.7)
        times = TaskTimes(min(NOW, since + self.random.choice([0, 1]) * SECOND)) if seen else TaskTimes()
        tasks = [times] * job.tasks
        if seen and job.tasks > 1 and self.chance(0.2):
            tasks[self.random.randrange(job.tasks)] = TaskTimes(times.started, NOW)
        run = Running(job, 1, since, placements, tuple(tasks), evictions=self.random.choice([0, 0, 1]))
        if self.chance(0.1):
            run = replace(run, checkpoint=max(since, NOW - 3 * SECOND))
        if self.chance(0.15):
            rule = self.random.choice([Rule.RECLAIM, Rule.WITHIN_TENANT])
            run = replace(run, vacating=Eviction(job.id, 1, rule, "p0"), vacating_since=NOW - SECOND)
        return run

    def anyhow(self, job: Job, nodes: tuple[Node, ...]) -> tuple[Placement, ...] | None:
        """Some places where nothing stands in the way, task by task; None where that fails."""
        placements: list[Placement] = []
        before = dict(self.taken)
        for number, group in enumerate(job.groups):
            flavor = self.random.choice(group.flavors) if group.gpus else ""
            for _ in range(group.count):
                placement = self.somewhere(job, number, flavor, nodes)
                if placement is None:
                    self.taken = before
                    return None
                placements.append(placement)
        return joined(placements)

    def somewhere(self, job: Job, group: int, flavor: str, nodes: tuple[Node, ...]) -> Placement | None:
        """One task's place on a random node that has room."""
        for node in self.random.sample(nodes, len(nodes)):
            placement = Placement(group, node.id, flavor)
            held = self.taken.get(node.id, Resources()) + held_by(job, placement)
            if held.fits(node.capacity):
                self.taken[node.id] = held
                return placement
        return None

    def pending(self, rules: Rules, name: str) -> Pending:
        """A queued job; some are held."""
        return Pending(self.job(rules, name), held=self.chance(0.05), attempts=self.random.choice([0, 0, 1]))

    def claims(self, nodes: tuple[Node, ...], pending: list[Pending]) -> tuple[Claim, ...]:
        """Claims on what is free or held by nobody that stays."""
        found = []
        for one in pending[:2]:
            if self.chance(0.15):
                placements = self.anyhow(one.job, nodes)
                if placements is not None:
                    since = NOW - self.random.choice([1, 10, 40]) * SECOND
                    found.append(Claim(one.job.id, since, placements, self.chance(0.5)))
        return tuple(found)

    def reservations(
        self, nodes: tuple[Node, ...], pending: list[Pending], claims: tuple[Claim, ...]
    ) -> tuple[Reservation, ...]:
        """Reservations that stood before, anywhere."""
        claimed = {claim.job for claim in claims}
        return tuple(
            Reservation(one.job.id, NOW + SECOND, on_one(one.job, nodes[0].id), self.chance(0.3))
            for one in self.random.sample(pending, len(pending))
            if one.job.id not in claimed and self.chance(0.15)
        )


def on_one(job: Job, node: str) -> tuple[Placement, ...]:
    """The whole gang on one node, whatever it has: a place from another time."""
    wanted = ((n, group, group.flavors[0] if group.gpus else "") for n, group in enumerate(job.groups))
    return tuple(Placement(number, node, flavor, group.count) for number, group, flavor in wanted)


def joined(placements: list[Placement]) -> tuple[Placement, ...]:
    """Tasks of one group on one node as one placement."""
    counts: dict[tuple[int, str, str], int] = {}
    for placement in placements:
        key = (placement.group, placement.node, placement.flavor)
        counts[key] = counts.get(key, 0) + placement.tasks
    return tuple(Placement(*key, tasks) for key, tasks in counts.items())


def any_case(seed: int) -> Case:
    """The room of a seed."""
    return Maker(Random(seed)).case()
