from collections.abc import Iterator

from hypothesis import given, settings
from hypothesis import strategies as st

from dure.model.change import Evicting
from dure.model.job import Job, Placement, held_by, task_placements
from dure.model.node import NodeState
from dure.model.plan import Plan
from dure.model.resources import Resources
from dure.model.rules import Rules
from dure.model.snapshot import Snapshot
from dure.planning.room import Room
from tests.planning.rooms import canonical
from tests.planning.wander import Wanderer

SEEDS = st.integers(0, 2**32)
THOROUGHLY = settings(max_examples=40)


def decisions(seed: int, steps: int = 60) -> Iterator[tuple[Wanderer, Snapshot, Plan]]:
    """What a room decided on its way, with the snapshot before."""
    wanderer = Wanderer(seed)
    for _ in range(steps):
        wanderer.step()
        snapshot = wanderer.world.room.snapshot()
        yield wanderer, snapshot, wanderer.world.room.decide(wanderer.world.now)


def held_on(snapshot: Snapshot) -> dict[str, Resources]:
    """What runs on every node, task by task."""
    held: dict[str, Resources] = {}
    for running in snapshot.running:
        for times, placement in zip(running.tasks, task_placements(running.placements), strict=True):
            if times.ended is None:
                here = held.get(placement.node, Resources())
                held[placement.node] = here + held_by(running.job, placement)
    return held


def started(snapshot: Snapshot, plan: Plan) -> Iterator[tuple[Job, Placement]]:
    """Every placement of the plan's starts."""
    jobs = {pending.job.id: pending.job for pending in snapshot.pending}
    return ((jobs[start.job], placement) for start in plan.starts for placement in start.placements)


@THOROUGHLY
@given(SEEDS)
def test_no_start_takes_more_than_a_node_has(seed: int) -> None:
    """Starts go to nodes that are up, and fit beside what runs there."""
    for _, snapshot, plan in decisions(seed):
        nodes = {node.id: node for node in snapshot.nodes}
        held = held_on(snapshot)
        for job, placement in started(snapshot, plan):
            assert nodes[placement.node].state is NodeState.UP
            held[placement.node] = held.get(placement.node, Resources()) + held_by(job, placement)
        for _, placement in started(snapshot, plan):
            held_there = held[placement.node]
            capacity = nodes[placement.node].capacity
            asked = {name for job, p in started(snapshot, plan) if p.node == placement.node
                     for name, _ in held_by(job, p).items()}  # fmt: skip
            assert all(held_there.amount(name) <= capacity.amount(name) for name in asked)


@THOROUGHLY
@given(SEEDS)
def test_gangs_start_whole(seed: int) -> None:
    """Every group gets all its tasks, all on one of the flavors that it names."""
    for _, snapshot, plan in decisions(seed):
        jobs = {pending.job.id: pending.job for pending in snapshot.pending}
        for start in plan.starts:
            for number, group in enumerate(jobs[start.job].groups):
                mine = [placement for placement in start.placements if placement.group == number]
                assert sum(placement.tasks for placement in mine) == group.count
                assert all(placement.tasks > 0 for placement in mine)
                flavors = {placement.flavor for placement in mine}
                assert len(flavors) == 1
                assert flavors <= (set(group.flavors) if group.gpus else {""})


def path(rules: Rules, tenant: str | None) -> Iterator[str]:
    """The tenant and all above it."""
    parents = {one.id: one.parent for one in rules.tenants}
    while tenant is not None and tenant in parents:
        yield tenant
        tenant = parents[tenant]


@THOROUGHLY
@given(SEEDS)
def test_no_start_takes_a_tenant_over_a_limit_at_any_level(seed: int) -> None:
    """What a tenant and all below it hold, without what is evicted, stays within what is stated for them."""
    for wanderer, snapshot, plan in decisions(seed):
        rules = wanderer.world.rules
        room = Room.of(snapshot, rules)
        for eviction in plan.evictions:
            room.apply(Evicting(plan.at, eviction))
        before = room.held()
        more: dict[str, Resources] = {}
        for job, placement in started(snapshot, plan):
            for tenant in path(rules, job.tenant):
                more[tenant] = more.get(tenant, Resources()) + held_by(job, placement)
        for one in rules.tenants:
            for name, limit in one.limit.stated:
                if added := more.get(one.id, Resources()).amount(name):
                    assert before[one.id].amount(name) + added <= limit


@THOROUGHLY
@given(SEEDS)
def test_only_what_may_start_does(seed: int) -> None:
    """Nothing held, waiting, paused or outside its tenancy is started."""
    for wanderer, snapshot, plan in decisions(seed):
        pending = {one.job.id: one for one in snapshot.pending}
        terms = {tenant.id: tenant.term for tenant in wanderer.world.rules.tenants}
        for start in plan.starts:
            one = pending[start.job]
            assert start.attempt == one.attempts + 1
            assert not one.held
            assert not one.waiting_for
            assert not one.failed_dependency
            assert not snapshot.room_paused
            above = list(path(wanderer.world.rules, one.job.tenant))
            assert above
            assert not set(above) & set(snapshot.paused)
            assert all(term is None or plan.at in term for term in map(terms.get, above))


@THOROUGHLY
@given(SEEDS)
def test_a_plan_that_was_applied_leaves_nothing_to_start(seed: int) -> None:
    """The plan of a room to which a plan was applied has no starts; asked twice, it is the same."""
    for wanderer, _, plan in decisions(seed):
        world = wanderer.world
        assert canonical(world.room.decide(world.now)) == canonical(plan)
        for start in plan.starts:
            world.start(start)
        assert world.room.decide(world.now).starts == ()


@THOROUGHLY
@given(SEEDS)
def test_every_class_has_a_verdict(seed: int) -> None:
    """Whatever waits is told why; nothing else is spoken of."""
    for _, snapshot, plan in decisions(seed):
        told = [(key.tenant, key.user, key.groups, key.held) for key in plan.verdicts]
        waiting = {(p.job.tenant, p.job.user, p.job.groups, p.held) for p in snapshot.pending}
        assert set(told) == waiting
