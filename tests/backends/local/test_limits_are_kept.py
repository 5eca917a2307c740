import os
import signal
import time

import pytest

from dure.backends.local.processes import descendants
from dure.model.job import Job, TaskGroup
from dure.model.record import JobState
from tests.backends.conftest import left_behind
from tests.backends.desk import Desk
from tests.backends.local.shims import started

HOLD = "import sys,time; held = bytearray(int(sys.argv[1]) << 20); print('held', flush=True); time.sleep(60)"
FORKED = """
import os, time
held = bytearray(120 << 20)
for _ in range(2):
    os.fork()
print("held", flush=True)
time.sleep(60)
"""
DAEMON = """
import os, signal, time
up, tell = os.pipe()
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        print("daemon", os.getpid(), flush=True)
        os.write(tell, b"!")
        time.sleep(600)
    os._exit(0)
os.wait()
os.read(up, 1)
"""


def python(desk: Desk, script: str, *arguments: str, memory: int = 200) -> Job:
    job = desk.submit("python3", "-c", script, *arguments, groups=(TaskGroup(1, 100, memory),))
    desk.start(job)
    return job


def test_a_task_over_its_memory_is_killed_and_says_so(desk: Desk) -> None:
    """The reason names memory and what was held; one below its limit is left in peace and its peak is known."""
    over, below = python(desk, HOLD, "400"), python(desk, HOLD, "60")
    record = desk.ended(over)
    task = record.attempts[0].tasks[0]
    assert (record.state, record.exit_code) == (JobState.FAILED, -9)
    assert "memory" in record.reason
    assert (task.peak_memory or 0) > 200
    desk.logged(below, "held")
    assert desk.record(below).state is JobState.RUNNING
    desk.end(below)
    assert 60 <= (desk.ended(below).attempts[0].tasks[0].peak_memory or 0) <= 200


def test_memory_is_counted_over_all_processes_of_a_task(desk: Desk) -> None:
    """Four that hold a quarter more than their share together are over the limit, though none is alone."""
    four = f"import subprocess, sys; [subprocess.Popen([sys.executable, '-c', {HOLD!r}, '60']) for _ in range(4)]; "
    job = python(desk, four + "import time; time.sleep(60)")
    assert "memory" in desk.ended(job).reason


def test_pages_that_processes_share_count_once(desk: Desk) -> None:
    """Workers forked from a large parent hold it together."""
    job = python(desk, FORKED)
    desk.until(lambda: desk.log(job).count("held") == 4)
    time.sleep(0.5)
    assert desk.record(job).state is JobState.RUNNING


def test_the_main_process_takes_its_daemons_with_it(desk: Desk) -> None:
    """A grandchild in a session of its own that ignores SIGTERM does not outlive its task."""
    job = python(desk, DAEMON)
    record = desk.ended(job)
    assert record.state is JobState.SUCCEEDED
    assert desk.log(job).startswith("daemon")
    assert left_behind(desk.data) == []


def test_a_daemon_that_ignores_sigterm_is_killed_after_the_grace(desk: Desk) -> None:
    """Being told to end reaches everything below the task; what will not hear is killed."""
    job = python(desk, DAEMON + "time.sleep(600)")
    desk.logged(job, "daemon")
    desk.end(job)
    record = desk.ended(job)
    attempt = record.attempts[0]
    assert record.state is JobState.CANCELLED
    assert (record.ended or 0) - (attempt.ending_since or 0) >= desk.rules.planning.grace
    assert left_behind(desk.data) == []


def test_a_shim_that_is_told_to_end_from_outside_ends_its_task(desk: Desk) -> None:
    """As when the machine shuts down: with grace, and the reason on record."""
    job = desk.submit("sleep", "60")
    desk.start(job)
    desk.running(job)
    os.kill(int(started(desk, job)["pid"]), signal.SIGTERM)
    record = desk.ended(job)
    assert record.state is JobState.FAILED
    assert "signal 15 from outside" in record.reason


def test_shims_are_gone_when_their_tasks_are(desk: Desk) -> None:
    """Nor do they wait to be reaped, however short the task was."""
    others = descendants(os.getpid())  # of servers that other tests closed within this process
    for _ in range(5):
        desk.run("true")
    desk.until(lambda: set(descendants(os.getpid())) <= set(others))


@pytest.mark.parametrize("code", ["import os; os.abort()", "raise SystemExit(4)"])
def test_no_core_is_dumped(desk: Desk, code: str) -> None:
    """A crash leaves nothing but its exit status."""
    job = python(desk, code)
    desk.ended(job)
    assert list((desk.data / "local/pool/jobs" / job.id / "work").iterdir()) == []
