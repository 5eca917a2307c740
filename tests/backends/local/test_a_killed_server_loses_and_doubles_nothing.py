import asyncio
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from dure.model.record import JobRecord, JobState
from dure.model.use import Slice
from tests.backends.conftest import left_behind
from tests.backends.local import driver

POINTS = ["job-file-written", "attempt-written", "forked", "exit-written"]


class Ground:
    """A data directory, a folder for the marks that tasks leave, and servers to kill over both."""

    def __init__(self, folder: Path, count: int) -> None:
        self.data, self.marks, self.count = folder / "data", folder / "marks", count
        self.marks.mkdir()

    def server(self, crash_at: str = "") -> subprocess.Popen[bytes]:
        command = [sys.executable, driver.__file__, str(self.data), str(self.marks), str(self.count)]
        return subprocess.Popen(command, env={**os.environ, "DURE_CRASH_AT": crash_at})

    def killed_after(self, seconds: float) -> bool:
        """Whether the server was killed before it was done."""
        server = self.server()
        try:
            server.wait(seconds)
        except subprocess.TimeoutExpired:
            server.kill()
        return server.wait(60) == -signal.SIGKILL

    def told(self) -> tuple[tuple[JobRecord, ...], tuple[Slice, ...]]:
        """What a new server says of it all."""

        async def ask() -> tuple[tuple[JobRecord, ...], tuple[Slice, ...]]:
            local = driver.backend(self.data)
            await local.open()
            metered = await local.slices(0, time.time_ns() // 1_000_000)
            records = await local.records()
            await local.close()
            return records, metered.slices

        return asyncio.run(ask())

    def check(self) -> None:
        records, slices = self.told()
        assert [record.job.id for record in records] == [f"job-{number:03}" for number in range(self.count)]
        for number, record in enumerate(records):
            self._check_job(number, record)
        assert left_behind(self.data) == []
        assert metered(slices) == {
            (f"{record.job.id}.{number}", attempt.attempt): (task.started, task.ended)
            for record in records
            for attempt in record.attempts
            for number, task in enumerate(attempt.tasks)
            if task.started is not None and task.started != task.ended
        }

    def _check_job(self, number: int, record: JobRecord) -> None:
        """It ran to its own end in its last attempt; an earlier attempt says why there is a later one."""
        code = driver.exit_code(number)
        assert (record.state, record.exit_code) == (JobState.FAILED if code else JobState.SUCCEEDED, code)
        for earlier in record.attempts[:-1]:
            assert earlier.ending or any(task.reason for task in earlier.tasks)
        for task in range(record.job.tasks):
            self._check_task(record, task)

    def _check_task(self, record: JobRecord, task: int) -> None:
        """It ran at most once an attempt, never in one that does not say so, and in the last one to its end.

        Only the tasks of a gang in which one failed may have been ended before they left their mark.
        """
        mark = self.marks / f"{record.job.id}.{task}"
        ran = [int(line) for line in mark.read_text().split()] if mark.exists() else []
        assert len(ran) == len(set(ran))
        assert set(ran) <= {a.attempt for a in record.attempts if a.tasks[task].started is not None}
        last = record.attempts[-1]
        assert last.attempt in ran or (last.ending and record.exit_code)
        assert record.job.tasks > 1 or ran == [1]


def metered(slices: tuple[Slice, ...]) -> dict[tuple[str, int], tuple[int, int]]:
    """From when to when each task's cpu was metered, use before and after it was told to end joined."""
    lives: dict[tuple[str, int], tuple[int, int]] = {}
    for each in slices:
        if each.resource == "cpu":
            start, end = lives.get((each.uid, each.attempt), (each.start, each.start))
            assert end == each.start
            lives[each.uid, each.attempt] = (start, each.end)
    return lives


@pytest.mark.slow
@pytest.mark.parametrize("point", POINTS)
def test_killed_at_a_named_point(tmp_path: Path, point: str) -> None:
    """Every job ran exactly once or says why not, with its use metered to the millisecond."""
    ground = Ground(tmp_path, 8)
    assert ground.server(crash_at=point).wait(60) == -signal.SIGKILL
    assert ground.server().wait(120) == 0
    ground.check()


@pytest.mark.slow
def test_killed_at_random_instants(tmp_path: Path) -> None:
    """However often and wherever the server dies."""
    ground = Ground(tmp_path, 45)
    seed = random.randrange(1 << 32)
    draw = random.Random(seed)
    print(f"seed {seed}")
    kills = sum(ground.killed_after(draw.uniform(0.1, 0.9)) for _ in range(12))
    assert kills
    assert ground.server().wait(120) == 0
    ground.check()
