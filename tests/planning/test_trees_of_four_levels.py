"""Guarantees, borrowing and order in trees of up to four levels, against the plain reading of DESIGN 3."""

from collections.abc import Iterator, Mapping
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from dure.model.change import Starting, Submitted, TaskStarted
from dure.model.job import Job, Placement, TaskGroup
from dure.model.node import Node
from dure.model.resources import Quota, Resources
from dure.model.rules import Planning, Rules
from dure.model.snapshot import Snapshot
from dure.model.tenant import Tenant
from dure.planning.axes import Axes
from dure.planning.quota import Quotas
from dure.planning.room import Room
from dure.planning.tree import Tree

NAMES = ("cpu", "memory")
AXES = Axes([])
SEEDS = st.integers(0, 2**32)


class Plain:
    """A random tree, what each tenant's own jobs hold, and every rule as DESIGN words it."""

    def __init__(self, seed: int) -> None:
        random = Random(seed)
        self.tenants: dict[str, Tenant] = {}
        depth: dict[str | None, int] = {None: 0}
        for number in range(random.randint(1, 12)):
            parents = [None, *(name for name in self.tenants if depth[name] < 4)]
            parent = random.choice(parents[:4])
            name = f"t{number}"
            depth[name] = depth[parent] + 1
            stated = {one: random.randint(0, 12) for one in NAMES if random.random() < 0.6}
            self.tenants[name] = Tenant(name, parent, weight=random.randint(1, 3), guarantee=Quota.of(stated))
        names = sorted(self.tenants)
        self.own: dict[tuple[str, str], int] = {}
        for tenant in names:
            for name in NAMES:
                self.own[tenant, name] = random.randint(0, 3) if name == "cpu" or random.random() < 0.2 else 0
        self.asking = random.sample(names, random.randint(1, len(names)))

    def children(self, parent: str | None) -> list[str]:
        return [name for name, tenant in self.tenants.items() if tenant.parent == parent]

    def promised(self, tenant: str, name: str) -> int:
        own = self.tenants[tenant].guarantee.get(name)
        return sum(self.promised(child, name) for child in self.children(tenant)) if own is None else own

    def held(self, tenant: str, name: str) -> int:
        return self.own[tenant, name] + sum(self.held(child, name) for child in self.children(tenant))

    def overflow(self, tenant: str, name: str) -> int:
        """Use counts against the tenant's own part first; what overflows counts against the rest above."""
        into = self.own[tenant, name] + sum(self.overflow(child, name) for child in self.children(tenant))
        guarantee = self.tenants[tenant].guarantee.get(name)
        if guarantee is None:
            return into
        below = sum(self.promised(child, name) for child in self.children(tenant))
        return max(0, into - max(0, guarantee - below))

    def path(self, tenant: str | None) -> Iterator[str]:
        while tenant is not None:
            yield tenant
            tenant = self.tenants[tenant].parent

    def within(self, tenant: str, amounts: Mapping[str, int]) -> bool:
        """A guarantee is stated for one that is asked for, and nothing stated overflows more at its highest."""
        governed = False
        for name, amount in amounts.items():
            stating = [one for one in self.path(tenant) if self.tenants[one].guarantee.get(name) is not None]
            if amount and stating:
                governed = True
                before = self.overflow(stating[-1], name)
                self.own[tenant, name] += amount
                after = self.overflow(stating[-1], name)
                self.own[tenant, name] -= amount
                if after > before:
                    return False
        return governed

    def score(self, tenant: str, whole: Mapping[str, int]) -> float:
        above = (
            max(0, self.held(tenant, name) - self.promised(tenant, name)) / whole[name]
            if whole[name]
            else 0.0
            for name in NAMES
        )
        return max(above) / self.tenants[tenant].weight

    def rank(self, tenant: str, guaranteed: bool, whole: Mapping[str, int]) -> tuple[int, float, str]:
        """Held/guarantee, the largest ratio; who states none by its score, after those who do; ties by id."""
        stated = self.tenants[tenant].guarantee.stated
        if not guaranteed or not stated:
            return (1, self.score(tenant, whole), tenant)
        ratios = [
            self.held(tenant, name) / most if most else float("inf") if self.held(tenant, name) else 0.0
            for name, most in stated
        ]
        return (0, max(ratios), tenant)

    def next(self, waiting: set[str], guaranteed: bool, whole: Mapping[str, int]) -> str | None:
        """Descending the tree: the best of the siblings that have anybody waiting; a tenant's own jobs first."""
        level: str | None = None
        while True:
            level = min(
                (one for one in self.children(level) if any(one in self.path(tenant) for tenant in waiting)),
                key=lambda one: self.rank(one, guaranteed, whole),
                default=None,
            )
            if level is None or level in waiting:
                return level


def quotas(plain: Plain) -> Quotas:
    made = Quotas(Tree(Rules("room", tenants=tuple(plain.tenants.values())), AXES))
    for (tenant, name), amount in plain.own.items():
        made.hold(made.account(tenant), "u", ((AXES.index[name], amount),))
    return made


@settings(max_examples=300)
@given(SEEDS, st.integers(0, 4), st.integers(0, 4))
def test_who_is_within_guarantee_follows_the_definition(seed: int, cpu: int, memory: int) -> None:
    """At every level and for every stated resource, whatever is carved out below."""
    plain = Plain(seed)
    made = quotas(plain)
    for tenant in plain.tenants:
        amounts = tuple((n, amount) for n, amount in enumerate((cpu, memory)) if amount)
        found = made.promises.within(made.account(tenant).branch, amounts)
        assert found is plain.within(tenant, {"cpu": cpu, "memory": memory})
        assert made.account(tenant).held == [plain.held(tenant, name) for name in NAMES]


@settings(max_examples=150)
@given(SEEDS)
def test_taking_back_what_was_given_leaves_guarantees_as_they_were(seed: int) -> None:
    """Whatever was held and given back, and in whatever order, only what is held counts."""
    plain, random = Plain(seed), Random(seed)
    made = quotas(plain)
    given_out = [(random.choice(sorted(plain.tenants)), random.randint(1, 5)) for _ in range(6)]
    for tenant, amount in given_out:
        made.hold(made.account(tenant), "u", ((0, amount),))
    for tenant, amount in random.sample(given_out, len(given_out)):
        made.hold(made.account(tenant), "u", ((0, amount),), -1)
    for tenant in plain.tenants:
        for amount in (1, 3):
            assert made.promises.within(made.account(tenant).branch, ((0, amount),)) is plain.within(
                tenant, {"cpu": amount}
            )


@settings(max_examples=150)
@given(SEEDS)
def test_starts_come_in_the_order_of_the_tree(seed: int) -> None:
    """One small job of each of some tenants: first those within guarantee, in order, then borrowers by score."""
    plain = Plain(seed)
    whole = {name: sum(plain.own[tenant, name] for tenant in plain.tenants) + 50 for name in NAMES}
    room = Room.of(
        Snapshot(nodes=(Node("n", "pool", Resources(whole["cpu"], whole["memory"])),)),
        Rules("room", planning=Planning(memory=0.0), tenants=tuple(plain.tenants.values())),
    )
    for tenant in sorted(plain.tenants):
        group = TaskGroup(1, plain.own[tenant, "cpu"], plain.own[tenant, "memory"])
        room.apply(Submitted(0, Job(f"r{tenant}", tenant, "u", 0, (group,))))
        room.apply(Starting(0, f"r{tenant}", 1, (Placement(0, "n"),)))
        room.apply(TaskStarted(0, f"r{tenant}", 1, 0))
    for tenant in plain.asking:
        room.apply(Submitted(0, Job(tenant, tenant, "u", 0, (TaskGroup(1, 1, 0),))))
    found = [(start.job, start.guaranteed) for start in room.decide(1).starts]
    assert found == list(expected(plain, whole))


def expected(plain: Plain, whole: Mapping[str, int]) -> Iterator[tuple[str, bool]]:
    """Every asking tenant's job starts: there is room for all."""
    waiting = set(plain.asking)
    for guaranteed in (True, False):
        while waiting:
            able = {one for one in waiting if not guaranteed or plain.within(one, {"cpu": 1})}
            tenant = plain.next(able, guaranteed, whole)
            if tenant is None:
                break
            waiting.discard(tenant)
            plain.own[tenant, "cpu"] += 1
            yield tenant, guaranteed
