from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from dure.forecast.draws import Draws
from dure.forecast.runtimes import Kind, Runtimes
from dure.model.instants import HOUR, MINUTE, Millis
from dure.model.job import TaskGroup

PARTS = st.floats(0.0, 1.0, exclude_max=True)
RUNS = st.lists(st.integers(1, HOUR), min_size=1, max_size=60)


def kind(user: str = "u", tenant: str = "t", limit: Millis | None = HOUR) -> Kind:
    return Kind(tenant, user, (TaskGroup(cpu=1000),), limit)


def learnt(*ends: tuple[Kind, Millis]) -> Runtimes:
    runtimes = Runtimes()
    for one, run in ends:
        runtimes.learn(one, run)
    return runtimes


def test_without_history_the_limit_is_the_run_time() -> None:
    """Nothing is known of anyone: a job is taken at its word."""
    assert Runtimes().table(kind()).run(0.5) == HOUR


def test_a_users_own_jobs_weigh_more_than_the_tenants_and_these_more_than_all_others() -> None:
    """Three circles with three run times: half of the next jobs are like those of the narrowest one known."""
    seen = learnt(
        *[(kind("far", "far"), 30 * MINUTE)] * 40,
        *[(kind("near"), 20 * MINUTE)] * 40,
        *[(kind("own"), 10 * MINUTE)] * 40,
    )
    assert seen.table(kind("own")).run(0.5) == 10 * MINUTE
    assert seen.table(kind("stranger", "far")).run(0.5) == 30 * MINUTE


def test_recent_jobs_weigh_more() -> None:
    """After many long ones a few short ones move the median."""
    seen = learnt(*[(kind(), 50 * MINUTE)] * 40, *[(kind(), 5 * MINUTE)] * 8)
    assert seen.table(kind()).run(0.5) == 5 * MINUTE


def test_ratios_carry_over_to_other_limits() -> None:
    """A user who needs a quarter of one limit is expected to need a quarter of another."""
    seen = learnt(*[(kind(limit=4 * HOUR), HOUR)] * 30)
    assert seen.table(kind(limit=8 * HOUR)).run(0.5) == 2 * HOUR


def test_jobs_without_a_limit_learn_from_run_times_themselves() -> None:
    """No limit, no ratio: minutes are minutes, and limited jobs teach nothing about them."""
    seen = learnt(*[(kind(limit=None), 7 * MINUTE)] * 30, *[(kind(), 50 * MINUTE)] * 60)
    assert seen.table(kind(limit=None)).run(0.5) == 7 * MINUTE


@given(RUNS, PARTS, st.integers(0, 2 * HOUR))
def test_what_runs_already_runs_longer(runs: list[Millis], part: float, beyond: Millis) -> None:
    """A run time given that it is beyond an age is beyond that age, learnt or not."""
    seen = learnt(*((kind(), run) for run in runs))
    assert seen.table(kind()).run(part, beyond) > beyond


@given(RUNS, PARTS, PARTS, st.integers(0, HOUR))
def test_a_larger_part_is_a_longer_run(runs: list[Millis], one: float, other: float, beyond: Millis) -> None:
    """Quantiles are in order."""
    table = learnt(*((kind(), run) for run in runs)).table(kind())
    assert table.run(min(one, other), beyond) <= table.run(max(one, other), beyond)


@given(RUNS, RUNS)
def test_the_order_among_users_teaches_nothing(mine: list[Millis], others: list[Millis]) -> None:
    """A user's own circles are the same in whatever order the ends of two users came in between each other."""
    own = [(kind("me", "x"), run) for run in mine]
    other = [(kind("you", "y"), run) for run in others]
    one, two = learnt(*own, *other), learnt(*other, *own)
    for circle in kind("me", "x").circles()[:3]:
        assert one.seen(circle) == two.seen(circle)


@given(st.text(max_size=20), st.integers(1, 40))
def test_futures_are_stratified(name: str, futures: int) -> None:
    """Over all futures a job's draws fall once into every equal part of [0, 1)."""
    draws = Draws.of(name, futures)
    found = sorted(draws.at(which) for which in range(futures))
    assert all(n / futures <= at <= (n + 1) / futures for n, at in enumerate(found))
    assert Draws.of(name, futures) == draws
