import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dure.planning.check import check
from tests.planning.lives import Life

SEEDS = st.integers(0, 2**32)


def live(seed: int, decisions: int, thorough: bool) -> list[str]:
    """What the checker finds over a room's life."""
    life = Life(seed)
    found: list[str] = []
    for number, (snapshot, plan) in enumerate(life.decisions(decisions)):
        findings = check(snapshot, life.rules, plan, thorough=thorough)
        found += [f"{number}: {finding}" for finding in findings]
    return found


@settings(max_examples=40)
@given(SEEDS)
def test_every_invariant_holds_through_long_lives(seed: int) -> None:
    """Through arrivals, ends, slow evictions, changing nodes, quotas and policies, no plan breaks an invariant."""
    assert live(seed, 25, thorough=True) == []


@pytest.mark.parametrize("batch", range(4))
def test_every_invariant_holds_in_rooms_of_any_state(batch: int) -> None:
    """The same over the first decisions of many rooms."""
    for seed in range(batch * 40, (batch + 1) * 40):
        assert (seed, live(seed, 6, thorough=True)) == (seed, [])


def test_such_lives_meet_evictions_and_claims() -> None:
    """The property is not about nothing: victims are taken, claims wait for them and are met."""
    evictions, claims, met = 0, 0, 0
    for seed in range(40):
        for _, plan in Life(seed).decisions(12):
            evictions += len(plan.evictions)
            claims += len(plan.claims)
            met += sum(start.claimed for start in plan.starts)
    assert min(evictions, claims, met) >= 10
