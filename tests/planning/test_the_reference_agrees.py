import pytest

from tests.planning.agreement import differences
from tests.planning.reference import reference
from tests.planning.reference_rooms import any_case

BATCH = 250
BATCHES = range(12)
"""3,000 rooms; `python -m bench.reference` asks about 10,000."""


@pytest.mark.parametrize("batch", BATCHES)
def test_the_planner_decides_as_the_reference_does(batch: int) -> None:
    """Starts, evictions, claims, reservations and scores of rooms in any state, under policies of every kind."""
    for seed in range(batch * BATCH, (batch + 1) * BATCH):
        assert (seed, differences(*any_case(seed))) == (seed, [])


def test_such_rooms_meet_every_rule() -> None:
    """The agreement is not about nothing: among the first rooms all rules evict, and claims and gangs start."""
    seen: set[str] = set()
    for seed in range(300):
        said = reference(*any_case(seed))
        seen |= {eviction.rule.value for eviction in said.evictions}
        seen |= {"claimed" for start in said.starts if start.claimed}
        seen |= {"gang" for start in said.starts if sum(place.tasks for place in start.placements) > 1}
        seen |= {"guaranteed" for start in said.starts if start.guaranteed}
        seen |= {"reserved" for _, _, _, guaranteed in said.reservations if guaranteed}
        seen |= {"blocked" for _, _, _, guaranteed in said.reservations if not guaranteed}
    rules = {"reclaim", "between-borrowers", "within-tenant"}
    assert seen == {*rules, "claimed", "gang", "guaranteed", "reserved", "blocked"}
