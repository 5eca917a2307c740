import json
import os
import time
from pathlib import Path

import pytest

from dure.backends.local import running
from dure.backends.local.processes import boot_id, start_ticks
from dure.backends.local.queue import Broken
from dure.model.change import Ended, StartFailed, Submitted, TaskEnded, TaskStarted
from dure.model.job import Placement, TaskGroup
from dure.model.record import JobState
from tests.backends.conftest import left_behind
from tests.backends.desk import Desk
from tests.backends.local.shims import folder, kill_shim, started

GANG = (TaskGroup(2, 100, 64),)


def test_what_runs_goes_on_and_its_end_is_seen(desk: Desk) -> None:
    """The new server lists it as running and hears of its end as if it had started it."""
    job = desk.submit("sleep", "0.6")
    desk.start(job)
    before = desk.running(job)
    desk.again()
    assert desk.record(job) == before
    assert [type(change) for change in desk.listed[-2:]] != [Submitted]
    assert TaskStarted(before.attempts[0].tasks[0].started or 0, job.id, 1, 0) in desk.listed
    assert desk.ended(job).state is JobState.SUCCEEDED
    assert [type(change) for change in desk.look()] == [TaskEnded, Ended]


def test_what_ended_meanwhile_ended_when_it_did(desk: Desk) -> None:
    """Its true times are on record, not those of the new server's first look."""
    job = desk.submit("sh", "-c", "sleep 0.2; exit 3")
    desk.start(job)
    desk.running(job)
    desk.close()
    exit_file = folder(desk, job) / "exit"
    while not exit_file.exists():
        time.sleep(0.05)
    opened = desk.clock.now()
    desk.open()
    record = desk.record(job)
    assert (record.state, record.exit_code) == (JobState.FAILED, 3)
    assert record.ended == json.loads(exit_file.read_text())["end"] <= opened


def test_an_order_to_end_outlives_the_server(desk: Desk) -> None:
    """It is on disk before `end` returns, and the shim keeps the grace by itself."""
    job = desk.submit("sh", "-c", "trap '' TERM; echo up; while :; do sleep 0.05; done")
    desk.start(job)
    desk.logged(job, "up")
    desk.end(job, "cancelled by kim")
    desk.close()
    while not (folder(desk, job) / "exit").exists():
        time.sleep(0.05)
    desk.open()
    record = desk.record(job)
    assert (record.state, record.reason) == (JobState.CANCELLED, "cancelled by kim")


@pytest.mark.parametrize("server", ["up", "down"])
def test_a_task_whose_shim_is_gone_is_lost(desk: Desk, server: str) -> None:
    """It ends at its last proof of life, and nothing of it runs on, not even what hid in another session."""
    job = desk.submit("sh", "-c", "setsid sleep 600 & echo up; sleep 600")
    desk.start(job)
    desk.logged(job, "up")
    if server == "down":
        desk.close()
    pid = int(started(desk, job)["pid"])
    os.kill(pid, 9)
    while start_ticks(pid) is not None:
        time.sleep(0.01)
    gone = desk.clock.now()
    if server == "down":
        desk.open()
    record = desk.ended(job)
    task = record.attempts[0].tasks[0]
    assert record.state is JobState.LOST
    assert "lost" in record.reason
    assert task.exit_code is None
    assert (task.started or 0) <= (record.ended or 0) <= gone
    desk.until(lambda: left_behind(desk.data) == [])


def test_a_reboot_loses_what_ran(desk: Desk) -> None:
    """A process of the same number in another boot is another process."""
    job = desk.submit("sleep", "600")
    desk.start(job)
    desk.running(job)
    desk.close()
    kill_it = started(desk, job)
    os.kill(kill_it["pid"], 9)
    while start_ticks(kill_it["pid"]) is not None:
        time.sleep(0.01)
    ours = {"boot": "another", "pid": os.getpid(), "ticks": start_ticks(os.getpid())}
    proof = (folder(desk, job) / "started").stat().st_mtime_ns
    (folder(desk, job) / "started").write_text(json.dumps({**kill_it, **ours}))
    os.utime(folder(desk, job) / "started", ns=(proof, proof))
    assert boot_id() != "another"
    desk.open()
    record = desk.record(job)
    assert (record.state, record.ended) == (JobState.LOST, proof // 1_000_000)


def test_a_lost_task_was_there_as_long_as_was_metered(desk: Desk) -> None:
    """A power cut may take back a proof of life, but not what it proved to the meter."""
    job = desk.submit("sleep", "600")
    desk.start(job)
    desk.running(job)
    desk.until(lambda: bool(desk.slices(0, desk.clock.now())[1]))
    mark = desk.slices(0, desk.clock.now())[0].end
    desk.close()
    record = started(desk, job)
    os.kill(record["pid"], 9)
    while start_ticks(record["pid"]) is not None:
        time.sleep(0.01)
    os.utime(folder(desk, job) / "started", ns=(record["at"] * 1_000_000,) * 2)
    desk.open()
    assert desk.record(job).ended == mark


def test_a_gang_that_loses_a_task_is_ended_whole(desk: Desk) -> None:
    """The rest does not run on alone."""
    job = desk.submit("sleep", "600", groups=GANG)
    desk.start(job)
    desk.until(lambda: all(task.started is not None for task in desk.attempt(job).tasks))
    kill_shim(desk, job, 1)
    record = desk.ended(job)
    assert record.state is JobState.LOST
    assert record.reason.startswith("task 1 lost")
    assert [task.exit_code for task in record.attempts[0].tasks] == [-15, None]


def never_spawned(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the server's starts stop short of spawning, as if it had died there."""
    monkeypatch.setattr(running.Running, "_spawn_unstarted", lambda *_: None)
    monkeypatch.setattr(running.Running, "heard", lambda *_: None)


def test_an_attempt_that_was_never_spawned_is_spawned(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The decision stands: the same attempt runs, once."""
    job = desk.submit("sh", "-c", "echo ran", groups=GANG)
    with monkeypatch.context() as patch:
        never_spawned(desk, patch)
        desk.start(job)
        desk.close()
    desk.open()
    record = desk.ended(job)
    assert (record.state, len(record.attempts)) == (JobState.SUCCEEDED, 1)
    assert [desk.log(job, task) for task in (0, 1)] == ["ran\n", "ran\n"]


def test_a_voided_task_ends_its_gang_which_is_pending_again(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A gang that cannot be whole is ended whole, says why, and its next attempt runs."""
    job = desk.submit("sh", "-c", "[ $DURE_ATTEMPT = 2 ] || sleep 600", groups=GANG)
    desk.start(job)
    desk.until(lambda: all(task.started is not None for task in desk.attempt(job).tasks))
    desk.close()
    (folder(desk, job, 1) / "started").unlink()  # as if another had come to own it before its shim did
    (folder(desk, job, 1) / "started").write_text('{"owner": "void", "at": 5, "reason": "was not started"}')
    desk.open()
    desk.until(lambda: desk.record(job).state is JobState.PENDING)
    record = desk.record(job)
    assert record.reason == "task 1 was not started"
    assert record.attempts[0].tasks[0].exit_code == -15
    assert record.attempts[0].tasks[1].started is None
    desk.start(job, attempt=2)
    assert desk.ended(job).state is JobState.SUCCEEDED
    desk.until(lambda: left_behind(desk.data) == [])  # the shim whose file we took away is done, too


def test_a_late_shim_leaves_a_voided_task_alone(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever creates `started` first owns the task; the other goes away."""
    job = desk.submit("sh", "-c", "echo ran")
    with monkeypatch.context() as patch:
        never_spawned(desk, patch)
        desk.start(job)
        (folder(desk, job) / "started").write_text('{"owner": "void", "at": 5, "reason": "was not started"}')
        kept = desk.backend._jobs[job.id]  # type: ignore[attr-defined]  # a shim that the server forgot
        late = desk.backend._shims.spawn(job, kept.attempts[0], 0)  # type: ignore[attr-defined]  # likewise
        assert late.wait(30) == 0
        desk.close()
    assert not (folder(desk, job) / "exit").exists()
    assert not (folder(desk, job) / "log").exists()
    desk.open()
    assert desk.record(job).state is JobState.PENDING


def test_a_job_that_cannot_be_started_three_times_has_failed(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A broken installation is said, not tried for ever."""
    monkeypatch.setattr("dure.backends.local.shims._PROGRAM", Path("/nonexistent/shim.py"))
    job = desk.submit("true", groups=GANG)
    for attempt in (1, 2, 3):
        assert desk.record(job).state is JobState.PENDING
        desk.start(job, Placement(0, "n1", tasks=2), attempt=attempt)
        desk.until(lambda: desk.record(job).state in {JobState.PENDING, JobState.FAILED})
    assert [change.attempt for change in desk.look() if isinstance(change, StartFailed)] == [1, 2]
    record = desk.record(job)
    assert record.state is JobState.FAILED
    assert "could not be started" in record.reason
    assert "tried 3 times" in record.reason


def test_half_written_files_are_cleared_away(desk: Desk) -> None:
    """What never came to be is not there after a restart."""
    job = desk.submit()
    jobs = desk.data / "local/pool/jobs"
    desk.close()
    (jobs / ".j9.77.0").mkdir()
    (jobs / ".j9.77.0/job.json").write_text("{")
    (jobs / job.id / ".1.77.1").mkdir()
    (jobs / job.id / ".held.77.2").write_text("")
    desk.open()
    assert [record.job.id for record in desk.call(desk.backend.records())] == [job.id]
    assert not list(jobs.rglob(".*"))


def test_a_record_that_cannot_be_read_is_named(desk: Desk) -> None:
    """The server does not guess and does not go on without it: an admin puts it right."""
    job = desk.submit()
    desk.close()
    file = desk.data / "local/pool/jobs" / job.id / "job.json"
    whole = file.read_bytes()
    for broken in (b"", b"{", b"[]", b'{"id": 1}', whole.replace(b'"groups"', b'"group"')):
        file.write_bytes(broken)
        with pytest.raises(Broken, match=job.id):
            desk.open()
    file.write_bytes(whole)
    desk.open()
    assert desk.record(job).job == job
