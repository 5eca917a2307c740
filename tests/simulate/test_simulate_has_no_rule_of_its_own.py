from io import StringIO
from pathlib import Path

import pytest

from dure.model.instants import Instant
from dure.model.plan import Plan
from dure.planning.room import Room
from dure.simulate.report import report, write_jobs
from tests.simulate.small_traces import play_swf, swf_row

ROWS = [swf_row(n, submit=n, run=5, procs=1) for n in range(1, 9)]


def test_a_room_that_starts_nothing_leaves_every_job_waiting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If the planner decides nothing, nothing runs: no fit, order or backfill hides elsewhere."""
    asked: list[Instant] = []

    def nothing(_room: Room, now: Instant) -> Plan:
        asked.append(now)
        return Plan(at=now)

    monkeypatch.setattr(Room, "decide", nothing)
    played = play_swf(tmp_path, ROWS)
    assert played.times == {}
    assert played.decides == len(asked) == 8
    assert report(played)["unstarted"] == 8
    written = StringIO()
    write_jobs(played, written)
    assert written.getvalue() == "job,tenant,submit,start,end\n"


def test_a_room_that_decides_starts_them_all(tmp_path: Path) -> None:
    """The same jobs start at once where the planner is left as it is."""
    played = play_swf(tmp_path, ROWS[:4])
    assert played.times == {str(n): (n, n + 5) for n in range(1, 5)}
