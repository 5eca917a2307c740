import pytest

from dure.model.job import TaskGroup
from dure.model.record import JobRecord, JobState
from tests.backends.desk import Desk


def said(record: JobRecord) -> tuple[JobState, int | None, str]:
    return record.state, record.exit_code, record.reason


def test_exit_zero_is_success(desk: Desk) -> None:
    """With nothing to say about it."""
    assert said(desk.run("true")) == (JobState.SUCCEEDED, 0, "")


@pytest.mark.parametrize(
    ("script", "code", "reason"),
    [
        ("exit 3", 3, "exited with 3"),
        ("exit 255", 255, "exited with 255"),
    ],
)
def test_a_failure_keeps_its_code(desk: Desk, script: str, code: int, reason: str) -> None:
    """The process's own exit code, or minus the signal that ended it."""
    assert said(desk.run("sh", "-c", script)) == (JobState.FAILED, code, reason)


def test_a_command_that_is_not_there_fails_and_says_so(desk: Desk) -> None:
    """As a shell would: 127, with the name of what is missing."""
    state, code, reason = said(desk.run("no-such-program"))
    assert (state, code) == (JobState.FAILED, 127)
    assert "no-such-program" in reason


def test_a_cancelled_job_is_told_first(desk: Desk) -> None:
    """It may clean up within its grace; the record says since when it was told and why."""
    job = desk.submit("sh", "-c", "trap 'echo bye; exit 7' TERM; echo up; while :; do sleep 0.05; done")
    desk.start(job)
    desk.logged(job, "up")
    desk.end(job, "cancelled by kim")
    record = desk.ended(job)
    assert said(record) == (JobState.CANCELLED, 7, "cancelled by kim")
    assert desk.log(job).endswith("bye\n")
    attempt = record.attempts[0]
    assert attempt.ending == "cancelled by kim"
    assert attempt.decided <= (attempt.ending_since or 0) <= (record.ended or 0)


def test_one_that_will_not_hear_is_killed_after_its_grace(desk: Desk) -> None:
    """SIGKILL comes when the grace is over, and not before."""
    job = desk.submit("sh", "-c", "trap '' TERM; echo up; while :; do sleep 0.05; done")
    desk.start(job)
    desk.logged(job, "up")
    desk.end(job)
    record = desk.ended(job)
    assert (record.state, record.exit_code) == (JobState.CANCELLED, -9)
    lasted = (record.ended or 0) - (record.attempts[0].ending_since or 0)
    assert lasted > desk.rules.planning.grace - desk.resolution


def test_one_past_its_time_limit_has_failed(desk: Desk) -> None:
    """The planner ends it by this name, and so does whoever watches over it when the server is gone."""
    asked = desk.submit("sleep", "30")
    desk.start(asked)
    desk.running(asked)
    desk.end(asked, "time-limit")
    alone = desk.run("sleep", "30", time_limit=300)
    assert said(desk.ended(asked))[::2] == (JobState.FAILED, "time-limit")
    assert said(alone)[::2] == (JobState.FAILED, "time-limit")
    task = alone.attempts[0].tasks[0]
    assert (task.ended or 0) - (task.started or 0) >= 300


def test_an_ended_job_is_left_alone(desk: Desk) -> None:
    """Ending it again, or twice while it ends, changes nothing."""
    done = desk.run("true")
    desk.end(done.job, "too late")
    assert desk.record(done.job) == done
    job = desk.submit("sleep", "30")
    desk.start(job)
    desk.running(job)
    desk.end(job, "first")
    desk.end(job, "second")
    assert desk.ended(job).reason == "first"


def test_a_job_cancelled_while_it_is_evicted_is_not_pending_again(desk: Desk) -> None:
    """The user's word is the last."""
    job = desk.submit("sh", "-c", "trap '' TERM; echo up; while :; do sleep 0.05; done")
    desk.start(job)
    desk.logged(job, "up")
    desk.end(job, "evicted", requeue=True)
    desk.end(job, "cancelled by kim")
    assert said(desk.ended(job))[::2] == (JobState.CANCELLED, "cancelled by kim")
    desk.again()
    assert desk.record(job).state is JobState.CANCELLED


SECOND_FAILS = "echo up; [ $DURE_TASK = 1 ] || exec sleep 30; sleep 2; exit 5"


def test_a_failing_task_ends_its_gang(desk: Desk) -> None:
    """All tasks or none: the others are ended, and the reason names the one that failed."""
    job = desk.submit("sh", "-c", SECOND_FAILS, groups=(TaskGroup(3, 100, 64),))
    desk.start(job)
    record = desk.ended(job)
    assert (record.state, record.exit_code) == (JobState.FAILED, 5)
    assert record.reason == "task 1 exited with 5; the others were ended"
    assert [task.exit_code for task in record.attempts[0].tasks] == [desk.unheeded, 5, desk.unheeded]


def test_a_gang_is_over_when_its_last_task_is(desk: Desk) -> None:
    """Tasks that end well early leave the others running."""
    job = desk.submit("sh", "-c", "sleep 0.$DURE_TASK", groups=(TaskGroup(2, 100, 64), TaskGroup(2, 100, 64)))
    desk.start(job)
    record = desk.ended(job)
    assert said(record) == (JobState.SUCCEEDED, 0, "")
    assert record.ended == max(task.ended or 0 for task in record.attempts[0].tasks)


def test_the_time_limit_is_that_of_the_flavor_it_got(desk: Desk) -> None:
    """A job may state a limit per flavor; it is kept through a restart."""
    job = desk.submit(
        "sleep", "30", groups=(TaskGroup(1, 100, 64, 1, ("a100", "t4")),), time_limit=60_000,
        time_limits=(("a100", 300),),
    )  # fmt: skip
    desk.again()
    desk.start(job)
    record = desk.ended(job)
    assert said(record)[::2] == (JobState.FAILED, "time-limit")
    assert record.job == job
