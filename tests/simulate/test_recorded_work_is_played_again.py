import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from dure.backends.local.kept import Attempt, Ending, Task
from dure.backends.local.layout import Layout
from dure.backends.local.queue import Queue
from dure.model.instants import DAY, HOUR, MINUTE, Instant, Interval
from dure.model.job import Job, Placement, TaskGroup
from dure.simulate.lines import TraceError
from dure.simulate.recorded import recorded

ROOT = Path(__file__).resolve().parents[2]
NOW = 1_790_000_000_000
GROUP = TaskGroup(1, 1000, 256, 1, ("a100",))
BUNDLE = {
    "room.yaml": "room: kept\nplanning: {order: ORDER}\nflavors: {a100: {value: 1}}\n"
    "pools: {main: {backend: local, nodes: {n1: {cpu: 8, memory: 8Gi, gpus: {a100: 1}}}}}\n",
    "tenants.yaml": "tenants:\n  ants: {name: Ants}\n  bees: {name: Bees}\n",
    "prices.yaml": "prices: {v1: {start: 2026-01-01, rates: {gpus: {a100: 1_000}}}}\n",
}


class Kept:
    """A data directory with the files that a local pool keeps, written by the pool's own code."""

    def __init__(self, data: Path) -> None:
        self.queue = Queue(Layout(data, "main"))
        self.queue.prepare()
        self.queue.grant(NOW)

    def job(
        self, name: str, submitted: Instant, *runs: tuple[Instant, Instant | None], checkpoints: int | None = None,
        tenant: str = "ants",
    ) -> None:  # fmt: skip
        """A job and its attempts, each of one task over [start, end)."""
        job = Job(
            name,
            tenant,
            "kim",
            submitted,
            (GROUP,),
            ("true",),
            time_limit=3 * HOUR,
            checkpoint_interval=checkpoints,
        )
        self.queue.add(job)
        place = Placement(0, "n1", "a100")
        for number, (start, end) in enumerate(runs, 1):
            self.queue.add_attempt(name, Attempt(number, start, (place,), [Task(place, (0,))]))
            if number < len(runs):
                self.queue.tell(name, number, Ending(start, "asked", "evicted", requeue=True))
            self._task(name, number, start, end)

    def _task(self, job: str, number: int, start: Instant, end: Instant | None) -> None:
        """What a shim writes."""
        folder = self.queue.layout.task(job, number, 0)
        shim = {"owner": "shim", "at": start, "boot": "b", "pid": 1, "ticks": 1}
        (folder / "started").write_text(json.dumps(shim))
        if end is not None:
            (folder / "exit").write_text(json.dumps({"end": end, "code": 0, "reason": "", "peak": 1}))


def found(data: Path, days: int = 30) -> dict[str, tuple[Instant, int]]:
    """Job -> (submit, run) as it will be played."""
    return {a.job.id: (a.job.submitted, a.run) for a in recorded(data, days).arrivals}


def test_jobs_come_when_they_came_and_run_as_long_as_they_did(tmp_path: Path) -> None:
    """What never ran is counted; what runs still has run until now."""
    kept, day = Kept(tmp_path), NOW - DAY
    kept.job("done", day, (day + MINUTE, day + HOUR))
    kept.job("going", day + 1, (NOW - HOUR, None))
    kept.job("waiting", day + 2)
    assert found(tmp_path) == {"done": (day, 59 * MINUTE), "going": (day + 1, HOUR)}
    assert recorded(tmp_path, 30).never_ran == 1
    assert recorded(tmp_path, 30).interval == Interval(NOW - 30 * DAY, NOW)


def test_an_evicted_job_needs_its_last_attempt_and_what_checkpoints_saved(tmp_path: Path) -> None:
    """One hour of 70 minutes was saved by a checkpoint an hour; without checkpoints nothing was."""
    kept, day = Kept(tmp_path), NOW - DAY
    first, second = (day, day + 70 * MINUTE), (day + 2 * HOUR, day + 3 * HOUR)
    kept.job("saves", day, first, second, checkpoints=HOUR)
    kept.job("loses", day, first, second)
    assert found(tmp_path) == {"saves": (day, 2 * HOUR), "loses": (day, HOUR)}


def test_what_was_there_when_the_days_began_comes_at_their_beginning(tmp_path: Path) -> None:
    """With what was left to do; what had ended before is not played."""
    kept, begin = Kept(tmp_path), NOW - 7 * DAY
    kept.job("over", begin - HOUR, (begin - HOUR, begin - 1))
    kept.job("half", begin - HOUR, (begin - HOUR, begin + 2 * HOUR))
    kept.job("late", begin - HOUR, (begin + HOUR, begin + 2 * HOUR))
    assert found(tmp_path, 7) == {"half": (begin, 2 * HOUR), "late": (begin, HOUR)}


def test_a_folder_without_a_room_is_refused(tmp_path: Path) -> None:
    """One line that says what would be right."""
    with pytest.raises(TraceError, match="no record of a local pool"):
        recorded(tmp_path, 30)


def bundle(folder: Path, order: str) -> Path:
    folder.mkdir()
    for name, text in BUNDLE.items():
        (folder / name).write_text(text.replace("ORDER", order), encoding="utf-8")
    return folder


def diff(*arguments: object, lang: str = "en") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "dure_cli.main", "--lang", lang, "policy", "diff", *map(str, arguments)]
    return subprocess.run(
        command, check=False, capture_output=True, text=True, cwd=ROOT, timeout=120, env=os.environ | {}
    )


@pytest.mark.slow
def test_two_bundles_are_compared_over_the_last_days(tmp_path: Path) -> None:
    """Ants sent three jobs before bees sent one: by submission bees wait for all three of them.

    In fair order they wait for the one that ran and for the one to which the next place was promised.
    """
    kept, day = Kept(tmp_path / "data"), NOW - DAY
    for n in range(3):
        kept.job(f"a{n}", day + n, (day + n * HOUR, day + (n + 1) * HOUR))
    kept.job("b", day + 5, (day + 3 * HOUR, day + 4 * HOUR), tenant="bees")
    old, new = bundle(tmp_path / "old", "fifo"), bundle(tmp_path / "new", "fair")
    asked = (old, new, "--replay", "last-30d", "--data", tmp_path / "data")
    done = diff(*asked, "-o", "json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert [d["what"] for d in told["differences"]]
    waits = {side: told["replays"][side]["tenants"]["bees"]["mean_wait_s"] for side in ("old", "new")}
    assert waits["old"] == pytest.approx(3 * 3600, abs=1)
    assert waits["new"] == pytest.approx(2 * 3600, abs=1)
    assert told["replays"]["new"]["tenants"]["ants"]["bill_won"] == 3000
    assert set(told["replays"]["new"]["fairness_error"]) == {"1h", "1d", "7d"}
    room = new / "room.yaml"
    room.write_text(room.read_text(encoding="utf-8").replace("order: fair", "order: fair, half_life: 2d"))
    for side in json.loads(diff(*asked, "-o", "json").stdout)["replays"].values():
        assert set(side["fairness_error"]) == {"1h", "1d", "2d", "7d"}
    korean = diff(*asked, lang="ko").stdout
    assert "평균 대기(초)" in korean
    assert "공정성 오차 1h" in korean


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--replay", "last-30d"), "needs --data"),
        (("--replay", "no-such.swf"), "no such file"),
        (("--replay", "last-30d", "--data", "/nowhere"), "no record of a local pool"),
    ],
)
def test_what_cannot_be_replayed_is_one_line_and_exit_code_2(
    tmp_path: Path, arguments: tuple[str, ...], message: str
) -> None:
    """No traceback, nothing on stdout."""
    done = diff(bundle(tmp_path / "old", "fifo"), bundle(tmp_path / "new", "fair"), *arguments)
    assert done.returncode == 2
    assert message in done.stderr
    assert done.stderr.count("\n") == 1
    assert done.stdout == ""
