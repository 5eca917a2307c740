from hypothesis import given, settings
from hypothesis import strategies as st

from dure.model.instants import SECOND
from dure.planning.room import Room, plan
from tests.planning.rooms import canonical, explained
from tests.planning.timed import TimedWanderer
from tests.planning.wander import goes_on_the_same

SEEDS = st.integers(0, 2**32)


@settings(max_examples=20)
@given(SEEDS, st.sampled_from([(True, False), (False, True), (True, True)]))
def test_a_room_decides_as_a_new_room_of_its_snapshot_does(seed: int, what: tuple[bool, bool]) -> None:
    """Through every edge: decide(now) == plan(snapshot(), rules, now), and explain too."""
    wanderer = TimedWanderer(seed, week=what[0], calendar=what[1])
    world = wanderer.world
    for number in range(80):
        wanderer.step()
        before = world.room.snapshot()
        decided = canonical(world.room.decide(world.now))
        assert decided == canonical(plan(before, world.rules, world.now)), number
        assert world.room.snapshot() == before
        here = sorted({*world.pending, *world.running})
        for job in wanderer.random.sample(here, k=min(1, len(here))):
            fresh = Room.of(before, world.rules)
            assert explained(world.room.explain(job, world.now)) == explained(fresh.explain(job, world.now))


@settings(max_examples=15)
@given(SEEDS)
def test_a_room_taken_up_from_its_snapshot_goes_on_the_same(seed: int) -> None:
    """A snapshot needs to hold no edge: edges follow from the rules, for what is told late too."""
    goes_on_the_same(TimedWanderer(seed))


@settings(max_examples=25)
@given(SEEDS)
def test_a_plan_that_was_applied_stands_until_it_wakes_the_room(seed: int) -> None:
    """No starts or evictions follow, at once or before `wake_at`; where memory moves scores, at once only."""
    wanderer = TimedWanderer(seed)
    world, random = wanderer.world, wanderer.random
    for _ in range(40):
        wanderer.step()
        decided = world.room.decide(world.now)
        for start in decided.starts:
            world.start(start)
        world.promise(decided)
        for eviction in decided.evictions:
            world.evict(eviction)
        calm = world.room.decide(world.now)
        assert (calm.starts, calm.evictions) == ((), ())
        fresh = any(running.since == world.now for running in world.room.snapshot().running)
        if not world.rules.planning.memory and not fresh:  # this very instant protects what started in it
            wake = world.now + 1000 * SECOND if calm.wake_at is None else calm.wake_at
            later = world.room.decide(random.randrange(world.now, wake))
            assert (later.starts, later.evictions) == ((), ())
