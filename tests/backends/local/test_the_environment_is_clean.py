import os
import stat

import pytest

from dure.model.job import Job, TaskGroup
from dure.model.record import JobState
from tests.backends.desk import Desk

C_LIBRARYS_OWN = 0b11 << 31
"""Signals 32 and 33: no process may change what its C library does with them, so a job inherits them."""


def environment(desk: Desk, job: Job, task: int = 0) -> dict[str, str]:
    return dict(line.split("=", 1) for line in desk.log(job, task).splitlines())


def test_a_job_sees_its_own_environment_and_nothing_of_the_servers(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fixed path, its working directory as home, who and where it is, and what its user gave it."""
    monkeypatch.setenv("SERVER_ONLY", "private")
    job = desk.submit(
        "env", environment=(("A", "1"), ("LANG", "ko_KR.UTF-8"), ("DURE_TASK", "7")),
        groups=(TaskGroup(1, 100, 64, name="worker"), TaskGroup(1, 100, 64)),
    )  # fmt: skip
    desk.start(job)
    desk.ended(job)
    seen = environment(desk, job)
    assert seen.pop("DURE_RUN").endswith(f"{job.id}/1/0")
    assert seen.pop("HOME").endswith(f"{job.id}/work")
    assert seen.pop("DURE_CHECKPOINT_FILE").endswith(f"{job.id}/work/.checkpoint-1")
    assert seen.pop("PATH").split(":")[-1] == "/bin"
    assert seen == {
        "A": "1", "LANG": "ko_KR.UTF-8", "CUDA_VISIBLE_DEVICES": "", "DURE_JOB": job.id, "DURE_ATTEMPT": "1",
        "DURE_TASK": "0", "DURE_TASKS": "2", "DURE_GROUP": "worker", "DURE_NODE": "n1", "DURE_TENANT": "lab",
    }  # fmt: skip
    assert environment(desk, job, 1)["DURE_GROUP"] == "1"


def test_a_job_inherits_no_file_of_the_servers(desk: Desk) -> None:
    """Not even one that the server's own children inherit, such as the lock on its data directory."""
    lock = os.open(desk.data / "lock", os.O_CREAT | os.O_RDWR)
    os.set_inheritable(lock, True)
    job = desk.submit("sh", "-c", "ls -l /proc/self/fd /proc/$PPID/fd; sleep 30")
    desk.start(job)
    desk.logged(job, "/proc/self/fd:")
    os.close(lock)
    desk.end(job)
    desk.ended(job)
    assert "/lock" not in desk.log(job)


def test_a_job_has_its_own_session_and_default_signals(desk: Desk) -> None:
    """Nothing blocked, nothing ignored; its shim's session is not its own, and neither is the server's."""
    record = desk.run(
        "sh", "-c", "grep -E '^Sig(Blk|Ign)' /proc/self/status; cut -d' ' -f6 /proc/$$/stat /proc/$PPID/stat"
    )
    blocked, ignored, own, shims = desk.log(record.job).splitlines()
    assert blocked.split() == ["SigBlk:", "0" * 16]
    assert int(ignored.split()[1], 16) & ~C_LIBRARYS_OWN == 0
    assert len({own, shims, str(os.getsid(0))}) == 3


def test_tasks_of_a_job_share_a_directory_that_attempts_keep(desk: Desk) -> None:
    """What the first attempt wrote is there for the second: that is where a checkpoint goes."""
    job = desk.submit("sh", "-c", "[ -f mark ] && cat mark && exit; pwd > mark; sleep 30")
    desk.start(job)
    mark = desk.data / "local/pool/jobs" / job.id / "work/mark"
    desk.until(mark.exists)
    desk.end(job, "evicted", requeue=True)
    desk.until(lambda: desk.record(job).state is JobState.PENDING)
    desk.start(job, attempt=2)
    assert desk.ended(job).state is JobState.SUCCEEDED
    assert desk.log(job).strip() == str(mark.parent)


def test_a_job_works_where_it_says(desk: Desk) -> None:
    """Below its own directory, made for it, or in an absolute one that is there."""
    below = desk.run("pwd", workdir="a/b")
    assert desk.log(below.job).strip().endswith(f"{below.job.id}/work/a/b")
    assert desk.log(desk.run("pwd", workdir="/").job) == "/\n"


def test_the_queue_is_nobody_elses_to_read(desk: Desk) -> None:
    """What may hold a user's private words is readable by the server's own user only."""
    job = desk.run("echo", "private", environment=(("TOKEN", "private"),)).job
    folder = desk.data / "local/pool/jobs" / job.id
    for path in (folder / "job.json", folder / "1/0/log", folder / "1/0/started"):
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0
    assert stat.S_IMODE((folder / "work").stat().st_mode) == 0o700
