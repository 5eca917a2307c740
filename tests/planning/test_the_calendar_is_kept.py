import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dure.model.plan import Plan, Rule
from dure.model.resources import Resources
from dure.model.rules import Rules
from dure.model.snapshot import Snapshot
from dure.planning.check import Invariant, check
from tests.planning.faithful import Faithful, held, whole
from tests.planning.test_plans_keep_the_invariants import path

SEEDS = st.integers(0, 2**32)
OFTEN = settings(max_examples=15)


@OFTEN
@given(SEEDS)
def test_from_its_beginning_an_entry_has_what_it_was_promised(seed: int) -> None:
    """Given preemptible jobs and limits: all that open entries keep is used by their tenants, or free for them."""
    world = Faithful(seed)
    for snapshot, plan in world.steps():
        entries = [entry for entry in world.rules.calendar if plan.at in entry.interval]
        out = {n for one in world.rules.maintenance if plan.at in one.interval for n in one.nodes}
        for name in {name for entry in entries for name, _ in entry.resources.stated}:
            kept = sum(entry.resources.get(name) or 0 for entry in entries)
            left = (
                max(0, node.capacity.amount(name) - held(snapshot, node.id, under=False).amount(name))
                for node in world.nodes
                if node.id not in out
            )
            assert sum(left) >= kept, (plan.at, name)


@OFTEN
@given(SEEDS)
def test_nodes_in_maintenance_hold_nothing(seed: int) -> None:
    """From its beginning to its end, whoever ran there before; and nothing starts there grace before it."""
    world = Faithful(seed)
    grace = world.rules.planning.grace
    for snapshot, plan in world.steps():
        for one in world.rules.maintenance:
            if plan.at in one.interval:
                used = [p.node for run in snapshot.running for p in run.placements]
                assert not set(used) & set(one.nodes)
            if one.interval.start - grace <= plan.at < one.interval.end:
                assert not {p.node for start in plan.starts for p in start.placements} & set(one.nodes)


@OFTEN
@given(SEEDS)
def test_nobody_that_may_not_be_preempted_is_evicted(seed: int) -> None:
    """And who is, leaves for an entry or a maintenance that begins within grace, or has begun."""
    world = Faithful(seed)
    spans = {(Rule.CALENDAR, e.name): e.interval for e in world.rules.calendar}
    spans |= {(Rule.MAINTENANCE, m.name): m.interval for m in world.rules.maintenance}
    for snapshot, plan in world.steps():
        jobs = {run.job.id: run.job for run in snapshot.running}
        assert all(jobs[eviction.job].preemptible for eviction in plan.evictions)
        for eviction in plan.evictions:
            if eviction.rule in (Rule.CALENDAR, Rule.MAINTENANCE):
                span = spans[eviction.rule, eviction.by]
                assert span.start - world.rules.planning.grace <= plan.at < span.end


@OFTEN
@given(SEEDS)
def test_only_tenants_of_an_entry_use_what_it_keeps(seed: int) -> None:
    """While it is open, up to what it keeps; one that may not be preempted ends by its end."""
    world = Faithful(seed)
    rules = world.rules
    entries = {entry.name: entry for entry in rules.calendar}
    for snapshot, plan in world.steps():
        jobs = {pending.job.id: pending.job for pending in snapshot.pending}
        for start in plan.starts:
            if start.under:
                entry, job = entries[start.under], jobs[start.job]
                assert plan.at in entry.interval
                assert set(path(rules, job.tenant)) & set(entry.tenants)
                limit = job.limit_under(placement.flavor for placement in start.placements)
                assert job.preemptible or (limit is not None and plan.at + limit <= entry.interval.end)
        for name, entry in entries.items():
            if plan.at in entry.interval:
                runs = (whole(run.job, run) for run in snapshot.running if run.under == name)
                used = sum(runs, Resources())
                assert all(used.amount(r) <= amount for r, amount in entry.resources.stated)


@OFTEN
@given(SEEDS)
def test_use_under_an_entry_is_nobodys_until_it_ends(seed: int) -> None:
    """Neither held nor counted while it is open; from its end on as any other use."""
    world = Faithful(seed)
    for _, plan in world.steps():
        world.room.decide(plan.at)  # brings the room to this instant
        counted = counted_use(world.rules, world.room.snapshot(), plan.at)
        for tenant, resources in world.room.held().items():
            assert resources == counted.get(tenant, Resources())


def counted_use(rules: Rules, snapshot: Snapshot, at: int) -> dict[str, Resources]:
    """What every tenant holds, with all below it: claims too, vacating jobs and open entries' not."""
    open_now = {entry.name for entry in rules.calendar if at in entry.interval}
    found: dict[str, Resources] = {}
    for run in snapshot.running:
        if run.vacating is None and run.under not in open_now:
            for tenant in path(rules, run.job.tenant):
                found[tenant] = found.get(tenant, Resources()) + whole(run.job, run)
    jobs = {pending.job.id: pending.job for pending in snapshot.pending}
    for claim in snapshot.claims:
        for tenant in path(rules, jobs[claim.job].tenant):
            for placement in claim.placements:
                from_claim = jobs[claim.job].groups[placement.group].request(placement.flavor)
                found[tenant] = found.get(tenant, Resources()) + from_claim * placement.tasks
    return found


@OFTEN
@given(SEEDS)
def test_no_invariant_is_broken_on_the_way(seed: int) -> None:
    """The checker finds nothing: nodes, gangs, limits, order of things, and the same plan made again."""
    world = Faithful(seed, week=True)
    for snapshot, plan in world.steps():
        found = check(snapshot, world.rules, plan, thorough=True)
        assert [one for one in found if one.invariant is not Invariant.MINIMAL] == []


@pytest.mark.slow
def test_the_random_rooms_are_worth_their_while() -> None:
    """Among them are evictions for entries and for maintenance, and starts under entries of both kinds of jobs."""
    seen: dict[str, int] = {}
    for seed in range(40):
        for snapshot, plan in Faithful(seed).steps():
            count(seen, snapshot, plan)
    assert min(seen.get(what, 0) for what in ("calendar", "maintenance", "under", "firm under")) >= 5, seen


def count(seen: dict[str, int], snapshot: Snapshot, plan: Plan) -> None:
    for eviction in plan.evictions:
        seen[eviction.rule.value] = seen.get(eviction.rule.value, 0) + 1
    preemptible = {pending.job.id: pending.job.preemptible for pending in snapshot.pending}
    for start in plan.starts:
        if start.under:
            what = "under" if preemptible[start.job] else "firm under"
            seen[what] = seen.get(what, 0) + 1
