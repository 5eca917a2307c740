from hypothesis import example, given, settings
from hypothesis import strategies as st

from dure.planning.room import Room, plan
from tests.planning.rooms import canonical, explained
from tests.planning.wander import Wanderer, goes_on_the_same

SEEDS = st.integers(0, 2**32)


@settings(max_examples=20)
@example(
    27439
)  # a reserved job that borrowed other devices: whoever is blocked next reserves, tried before or not
@given(SEEDS)
def test_a_room_decides_as_a_new_room_of_its_snapshot_does(seed: int) -> None:
    """After any changes decide(now) == plan(snapshot(), rules, now), and explain too."""
    wanderer = Wanderer(seed)
    world = wanderer.world
    for number in range(100):
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
def test_deciding_seldom_is_as_good_as_deciding_often(seed: int) -> None:
    """What is kept between decisions survives many changes at once."""
    wanderer = Wanderer(seed)
    world = wanderer.world
    for _ in range(20):
        for _ in range(wanderer.random.randint(1, 15)):
            wanderer.step()
        fresh = Room.of(world.room.snapshot(), world.rules)
        assert canonical(world.room.decide(world.now)) == canonical(fresh.decide(world.now))


@settings(max_examples=15)
@given(SEEDS)
def test_a_room_taken_up_from_its_snapshot_goes_on_the_same(seed: int) -> None:
    """A snapshot holds all that later changes need, late ones too."""
    goes_on_the_same(Wanderer(seed))
