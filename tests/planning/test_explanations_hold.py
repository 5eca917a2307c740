"""Explanations over random rooms: every change that would start a job does, and asking moves nothing."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Protocol

from hypothesis import given, settings
from hypothesis import strategies as st

from dure.model.change import Submitted, Withdrawn
from dure.model.job import Job
from dure.model.plan import Code, Explanation, Plan, Reason
from dure.model.resources import Quota
from dure.model.rules import Rules
from dure.model.snapshot import Snapshot
from dure.planning.room import Room, plan
from tests.planning.rooms import World, canonical, explained
from tests.planning.wander import Wanderer

SEEDS = st.integers(0, 2**32)
OFTEN = settings(max_examples=12)
LAST = "~"
"""Comes after all other ids."""


def explanations(seed: int, steps: int) -> Iterator[tuple[World, Snapshot, Explanation]]:
    """A room in which things happen, as it stood before each explanation, with what was told of some job."""
    wanderer = Wanderer(seed)
    world = wanderer.world
    for _ in range(steps):
        wanderer.step()
        here = sorted({*world.pending, *world.running})
        for job in wanderer.random.sample(here, k=min(2, len(here))):
            before = world.room.snapshot()
            yield world, before, world.room.explain(job, world.now)


def changed(job: Job, reason: Reason) -> Job:
    """The job with the change that is told."""
    kind, _, of = reason.subject.partition(":")
    told = dict(reason.numbers)
    match kind:
        case "tasks":
            which = told.get("group", 0)
            groups = (replace(g, count=told["tasks"]) if n == which else g for n, g in enumerate(job.groups))
            return replace(job, groups=tuple(groups))
        case "flavor":
            return replace(job, groups=tuple(replace(g, flavors=(of,)) if g.gpus else g for g in job.groups))
        case "time-limit":
            return replace(job, time_limit=told["time-limit"], time_limits=())
        case _:
            assert kind == "preemptible"
            return replace(job, preemptible=True)


def with_quota(rules: Rules, reason: Reason) -> Rules:
    """The rules with the limit that is told."""
    tenant = reason.subject.removeprefix("quota:")
    limits = {name: most for name, most in reason.numbers if name not in {"leaving", "own"}}
    raised = [
        replace(one, limit=Quota.of({**dict(one.limit.stated), **limits})) if one.id == tenant else one
        for one in rules.tenants
    ]
    return replace(rules, tenants=tuple(raised))


class Lived(Protocol):
    """What a room's life has: the rules, and what time it is."""

    rules: Rules
    now: int


def carried_out(world: Lived, before: Snapshot, job: str, reason: Reason) -> Plan:
    """The next plan of a copy of the room, had the change been made."""
    if reason.subject.startswith("quota:"):
        return Room.of(before, with_quota(world.rules, reason)).decide(world.now)
    room = Room.of(before, world.rules)
    pending = next(one.job for one in before.pending if one.job.id == job)
    room.apply(Withdrawn(world.now, job))
    room.apply(Submitted(world.now, replace(changed(pending, reason), id=LAST, submitted=world.now)))
    return room.decide(world.now)


@OFTEN
@given(SEEDS)
def test_every_change_that_is_told_starts_the_job(seed: int) -> None:
    """A smaller gang, another flavor, a shorter limit, being preemptible, or a higher limit of a tenant.

    At once, or once as many have left as are told: those whom that plan evicts for it.
    """
    for world, before, told in explanations(seed, 60):
        for reason in told.reasons:
            if reason.code is Code.WOULD_START:
                plan, leaving = (
                    carried_out(world, before, told.job, reason),
                    dict(reason.numbers).get("leaving", 0),
                )
                given = {start.job for start in plan.starts} | {claim.job for claim in plan.claims if leaving}
                assert {told.job, LAST} & given, reason
                assert sum(one.by in {told.job, LAST} for one in plan.evictions) == leaving, reason


@OFTEN
@given(SEEDS)
def test_asking_leaves_the_room_as_it_was(seed: int) -> None:
    """Its snapshot and its next plan; and a fresh room of that snapshot tells the same."""
    for world, before, told in explanations(seed, 60):
        assert world.room.snapshot() == before
        assert explained(Room.of(before, world.rules).explain(told.job, world.now)) == explained(told)
        assert canonical(world.room.decide(world.now)) == canonical(plan(before, world.rules, world.now))


@OFTEN
@given(SEEDS)
def test_no_job_is_without_a_reason(seed: int) -> None:
    """And it starts now exactly where the plan says so."""
    for world, before, told in explanations(seed, 60):
        assert told.reasons
        starts = {start.job for start in plan(before, world.rules, world.now).starts}
        assert (told.reasons[0].code is Code.STARTS) == (told.job in starts)


@OFTEN
@given(SEEDS)
def test_amounts_add_up(seed: int) -> None:
    """What cannot be taken back is part of what is held, and a limit is passed by what is asked beyond it."""
    for _, _, told in explanations(seed, 60):
        for reason in told.reasons:
            numbers = dict(reason.numbers)
            if reason.code is Code.HOLDS:
                for name, amount in numbers.items():
                    if name in {"cpu", "memory"} or name.startswith("gpu:"):
                        kept = numbers.get(f"firm:{name}", 0) + numbers.get(f"due:{name}", 0)
                        assert 0 <= kept <= amount
            if reason.code is Code.OVER_LIMIT:
                (by,) = [numbers[n] for n in numbers if n not in {"asks", "held", "limit", "reserved"}]
                kept = numbers["held"] + numbers.get("reserved", 0)
                assert by == kept + numbers["asks"] - numbers["limit"] > 0
