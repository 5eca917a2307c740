from itertools import accumulate
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dure.model.job import TaskGroup
from dure.simulate.replay import Estimates, Played, Settings, play
from dure.simulate.trace import Trace, TraceJob
from tests.simulate.easy_by_the_book import Asked, easy_starts
from tests.simulate.small_traces import EASY, play_swf, swf_row

PROCESSORS = 8

asked = st.builds(
    Asked,
    id=st.integers(1, 10**6),
    submit=st.integers(0, 40),
    run=st.integers(0, 12),
    limit=st.integers(1, 12),
    procs=st.integers(1, PROCESSORS),
)
workloads = st.lists(asked, max_size=40, unique_by=lambda job: job.id)


def played(jobs: list[Asked], chosen: Settings | None = None) -> Played:
    rows = tuple(
        TraceJob(str(j.id), "u", "u", j.submit, j.run, j.limit, TaskGroup(j.procs, 1000)) for j in jobs
    )
    return play(Trace("random.swf", rows, processors=PROCESSORS), EASY, chosen or Settings())


@given(workloads)
def test_jobs_run_after_they_came_for_as_long_as_they_ran_and_never_over_capacity(jobs: list[Asked]) -> None:
    """Whatever the workload: all start, none before its submit, each runs its time, and all fit at once."""
    times = played(jobs).times
    assert set(times) == {str(job.id) for job in jobs}
    edges: list[tuple[int, int]] = []
    for job in jobs:
        start, end = times[str(job.id)]
        assert start >= job.submit
        assert end == start + job.run
        edges += [(end, -job.procs), (start, job.procs)] if job.run else []
    assert max(accumulate(change for _, change in sorted(edges)), default=0) <= PROCESSORS


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(workloads)
def test_random_workloads_start_as_easy_by_the_book_says(jobs: list[Asked]) -> None:
    """Estimates too long, too short and exact; jobs of no length; everything in the same seconds."""
    for estimates in Estimates:
        told = [Asked(j.id, j.submit, j.run, j.run, j.procs) for j in jobs]
        expected = easy_starts(told if estimates is Estimates.EXACT else jobs, PROCESSORS)
        starts = {int(job): start for job, (start, _) in played(jobs, Settings(estimates)).times.items()}
        assert starts == expected


@given(workloads, st.randoms(use_true_random=False))
def test_rows_may_come_in_any_order(jobs: list[Asked], random: Random) -> None:
    """What a trace says does not hang on the order of its rows."""
    shuffled = random.sample(jobs, len(jobs))
    assert played(shuffled).times == played(jobs).times


def test_ids_that_are_numbers_order_as_numbers(tmp_path: Path) -> None:
    """Of two jobs of one second, 9 comes before 10."""
    rows = [swf_row(10, submit=0, run=5, procs=4), swf_row(9, submit=0, run=5, procs=4)]
    assert play_swf(tmp_path, rows).times == {"9": (0, 5), "10": (5, 10)}


def test_ends_of_a_second_free_their_place_for_arrivals_of_that_second(tmp_path: Path) -> None:
    """A job that comes when another ends starts at once."""
    rows = [swf_row(1, submit=0, run=5, procs=4), swf_row(2, submit=5, run=1, procs=4)]
    played = play_swf(tmp_path, rows)
    assert played.times["2"] == (5, 6)
    assert played.decides == 2


def test_a_job_of_no_length_frees_its_place_in_the_same_second(tmp_path: Path) -> None:
    """The second pass of a second places what the zero-length job was in the way of."""
    rows = [swf_row(1, submit=3, run=0, procs=4), swf_row(2, submit=3, run=2, procs=4)]
    played = play_swf(tmp_path, rows)
    assert played.times == {"1": (3, 3), "2": (3, 5)}
    assert played.decides == 2


@pytest.mark.parametrize(("enforce", "end"), [(False, 50), (True, 20)])
def test_limits_end_jobs_only_when_asked(tmp_path: Path, enforce: bool, end: int) -> None:
    """A job that ran past its limit does so again, unless limits are enforced."""
    rows = [swf_row(1, submit=0, run=50, procs=4, limit=20), swf_row(2, submit=1, run=1, procs=4, limit=9)]
    times = play_swf(tmp_path, rows, Settings(enforce_limits=enforce)).times
    assert times == {"1": (0, end), "2": (end, end + 1)}


def test_the_wait_of_the_trace_is_never_read(tmp_path: Path) -> None:
    """Waits recorded by the site change nothing."""
    known = [swf_row(n, submit=n, run=5, procs=3, wait=99) for n in range(5)]
    unknown = [swf_row(n, submit=n, run=5, procs=3) for n in range(5)]
    assert play_swf(tmp_path, known).times == play_swf(tmp_path, unknown).times


def test_a_job_larger_than_the_room_does_not_stop_the_others(tmp_path: Path) -> None:
    """It stays unstarted; who comes after it runs."""
    rows = [swf_row(1, submit=0, run=5, procs=5), swf_row(2, submit=1, run=5, procs=4)]
    assert play_swf(tmp_path, rows).times == {"2": (1, 6)}
