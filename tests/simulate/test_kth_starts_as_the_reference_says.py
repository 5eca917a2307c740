import gzip
from pathlib import Path

import pytest

from dure.simulate.replay import Estimates, Played, Settings, play
from dure.simulate.report import report
from dure.simulate.swf import read_swf
from dure_policies import read_bundle

POLICY = Path(__file__).resolve().parents[2] / "policies/easy"


def replayed(trace: Path, estimates: Estimates) -> Played:
    return play(read_swf(trace), read_bundle(POLICY).rules, Settings(estimates))


def recorded_starts(trace: Path) -> dict[str, int]:
    """Submit plus wait of each row: here, and only here, the wait column is read."""
    with gzip.open(trace, "rt") as lines:
        rows = [line.split() for line in lines if not line.startswith(";")]
    return {row[0]: int(row[1]) + int(row[2]) for row in rows}


@pytest.mark.slow
def test_every_job_starts_at_the_second_of_the_independent_simulator(traces: Path) -> None:
    """With true run times as estimates, dure's planner is EASY to the second on 28,481 jobs."""
    trace = traces / "ref-easy-kth/KTH-SP2_easy_clairvoyant.swf.gz"
    played = replayed(trace, Estimates.EXACT)
    expected = recorded_starts(trace)
    assert len(expected) == 28_481
    starts = {job: start for job, (start, _) in played.times.items()}
    assert {job: second for job, second in starts.items() if expected[job] != second} == {}
    assert len(starts) == 28_481
    figures = report(played)
    assert figures["mean_wait_s"] == pytest.approx(6327.68, abs=0.005)
    assert figures["mean_bounded_slowdown"] == pytest.approx(71.7224, abs=0.00005)


@pytest.mark.slow
def test_with_requested_times_the_means_are_those_of_the_reference(traces: Path) -> None:
    """Ties differ from the reference, which decides after each single event; means do not."""
    figures = report(replayed(traces / "ref-easy-kth/KTH-SP2_easy_reqtime.swf.gz", Estimates.REQUESTED))
    assert figures["jobs"] == 28_481
    assert figures["unstarted"] == 0
    assert figures["mean_wait_s"] == pytest.approx(6836.87, rel=0.001)
    assert figures["mean_bounded_slowdown"] == pytest.approx(92.5765, rel=0.005)
