from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dure.forecast.estimate import Budget, Estimate, Learnt, estimate_all, estimate_one
from dure.model.instants import DAY, HOUR, MINUTE
from dure.model.job import Job
from dure.model.money import Money
from dure.model.resources import Quota
from dure.model.snapshot import Snapshot
from dure.model.tenant import Tenant
from tests.forecast.small_room import NODES, NOW, RULES, full_room, job

FEW = Budget(futures=5)


@st.composite
def rooms(draw: st.DrawFn) -> tuple[Snapshot, Learnt]:
    """A full room with some jobs waiting, and what was learnt of some that ended."""
    cores, limits = st.integers(1, 4), st.integers(1, 300)
    waiting = [
        job(f"w{n}", draw(cores), draw(limits) * MINUTE, draw(st.sampled_from("ab")))
        for n in range(draw(st.integers(1, 6)))
    ]
    learnt = Learnt()
    for n, part in enumerate(draw(st.lists(st.floats(0.01, 1.0), max_size=8))):
        learnt.ended(job(f"e{n}", 1 + n % 4, tenant="ab"[n % 2]), round(part * HOUR))
    return full_room(*waiting), learnt


@given(rooms())
@settings(max_examples=12)
def test_the_same_input_gives_the_same_answer(room: tuple[Snapshot, Learnt]) -> None:
    """Nothing is random: asked twice, every estimate is the same."""
    snapshot, learnt = room
    first = estimate_all(snapshot, RULES, learnt, NOW, FEW)
    assert estimate_all(snapshot, RULES, learnt, NOW, FEW) == first
    assert set(first) == {one.job.id for one in snapshot.pending}


@given(rooms(), st.integers(1, 13))
@settings(max_examples=12)
def test_nine_in_ten_is_never_before_half(room: tuple[Snapshot, Learnt], futures: int) -> None:
    """The p90 start and the high cost are at or above the median start and the low cost, and none is past."""
    snapshot, learnt = room
    for found in estimate_all(snapshot, RULES, learnt, NOW, Budget(futures=futures, least=1)).values():
        assert found.median is not None
        assert found.p90 is not None
        assert NOW <= found.median <= found.p90
        assert found.cost_low <= found.cost_high


@given(st.integers(1, 4), st.lists(st.floats(0.01, 1.0), max_size=8))
@settings(max_examples=12)
def test_what_fits_now_starts_now(cores: int, parts: list[float]) -> None:
    """A job that the Room starts at once is said to start at once, in every future, whatever was learnt."""
    learnt = Learnt()
    for part in parts:
        learnt.ended(job("e", 4), round(part * HOUR))
    found = estimate_one(Snapshot(at=NOW, nodes=NODES), RULES, learnt, NOW, job("new", cores), FEW)
    assert (found.median, found.p90, found.said) == (NOW, NOW, None)


@given(rooms(), st.integers(1, 40))
@settings(max_examples=12)
def test_no_future_is_outside_the_bounds_of_its_run_times(
    room: tuple[Snapshot, Learnt], futures: int
) -> None:
    """However many futures, the first job in line starts by the limits of those that run, a grid step aside."""
    snapshot, learnt = room
    budget = Budget(futures=futures, least=1)
    found = estimate_all(snapshot, RULES, learnt, NOW, budget).values()
    soonest = min(one.median for one in found if one.median is not None)
    assert NOW < soonest <= NOW + 51 * MINUTE


def test_without_anything_learnt_a_forecast_is_by_limits() -> None:
    """Three nodes are taken for an hour since ten minutes: the next job starts in fifty."""
    found = estimate_one(full_room(), RULES, Learnt(), NOW, job("new", 4), FEW)
    assert found.median is not None
    assert abs(found.median - NOW - 50 * MINUTE) <= MINUTE


def test_history_corrects_limits() -> None:
    """Where the tenant's jobs end at a third of their limits the next job is said to start the sooner."""
    learnt = learnt_of(20 * MINUTE)
    found = estimate_one(full_room(), RULES, learnt, NOW, job("new", 4), FEW)
    assert found.median is not None
    assert abs(found.median - NOW - 10 * MINUTE) <= MINUTE


def test_what_runs_longer_than_most_is_expected_to_run_on() -> None:
    """After 40 minutes the short ones are out of the question: what is left is the hour."""
    learnt = Learnt()
    for n in range(30):
        learnt.ended(job(f"e{n}", 4), 20 * MINUTE if n % 10 else HOUR)
    found = estimate_one(full_room(since=NOW - 40 * MINUTE), RULES, learnt, NOW, job("new", 4), FEW)
    assert found.median is not None
    assert abs(found.median - NOW - 20 * MINUTE) <= MINUTE


def test_a_job_that_can_never_fit_is_beyond_the_horizon() -> None:
    """Five cores fit on no node of four: no start is made up, a cost is still said."""
    found = estimate_one(full_room(), RULES, Learnt(), NOW, job("new", 5), FEW)
    assert (found.median, found.p90, found.said) == (None, None, None)
    assert found.cost_high == Money.won(5 * 60)


def test_what_starts_after_the_horizon_is_not_told() -> None:
    """A horizon of ten minutes says nothing of a start in fifty."""
    budget = replace(FEW, horizon=10 * MINUTE)
    assert estimate_one(full_room(), RULES, Learnt(), NOW, job("new", 4), budget).median is None


def test_a_long_queue_costs_a_bounded_number_of_starts() -> None:
    """With a budget of some events the last of a thousand in line is beyond what is played out."""
    line = [replace(job(f"w{n:04}", 4), submitted=NOW - DAY + n) for n in range(1000)]
    budget = Budget(futures=5, least=2, events=200)
    found = estimate_all(full_room(*line), RULES, Learnt(), NOW, budget)
    assert found["w0000"].median is not None
    assert found["w0999"].median is None
    assert sum(one.median is not None for one in found.values()) <= 100


def test_a_hypothetical_job_changes_nothing_and_is_no_different_from_a_real_one() -> None:
    """Asked before it is submitted or after, a job gets the same estimate."""
    new, other = job("new", 4), job("other", 2)
    asked = estimate_one(full_room(other), RULES, Learnt(), NOW, new, FEW)
    assert asked == estimate_all(full_room(other, new), RULES, Learnt(), NOW, FEW)["new"]


@pytest.mark.parametrize(("run", "low", "high"), [(HOUR, 240, 240), (30 * MINUTE, 120, 120)])
def test_cost_is_the_rate_card_for_the_run_time_to_expect(run: int, low: int, high: int) -> None:
    """Four cores at 60 won an hour, for as long as such jobs ran."""
    found = estimate_one(full_room(), RULES, learnt_of(run), NOW, job("new", 4), FEW)
    assert (found.cost_low, found.cost_high) == (Money.won(low), Money.won(high))


def test_past_forecasts_correct_the_next() -> None:
    """Where all starts came at twice the wait that was said, the next forecast says so."""
    learnt, plain = Learnt(), estimate_one(full_room(), RULES, Learnt(), NOW, job("new", 4), FEW)
    assert plain.said is not None
    for _ in range(100):
        learnt.started(plain, NOW + 2 * plain.said.median)
    found: Estimate = estimate_one(full_room(), RULES, learnt, NOW, job("new", 4), FEW)
    assert found.median is not None
    assert found.said == plain.said
    assert abs(found.median - NOW - 2 * plain.said.median) <= 5 * MINUTE


def learnt_of(run: int) -> Learnt:
    """Thirty jobs of the same kind that all ran for so long."""
    learnt = Learnt()
    for n in range(30):
        ended: Job = job(f"e{n}", 4)
        learnt.ended(ended, run)
    return learnt


def test_a_guarantee_is_had_back_within_the_grace() -> None:
    """Borrowers fill the room; a job within its tenant's guarantee is said to start once one of them has left."""
    owner = Tenant("b", guarantee=Quota.of({"cpu": 4000}))
    rules = replace(RULES, tenants=(Tenant("a"), owner))
    found = estimate_one(full_room(), rules, Learnt(), NOW, job("new", 4, tenant="b"), FEW)
    assert found.median is not None
    assert NOW < found.median <= NOW + rules.planning.grace
