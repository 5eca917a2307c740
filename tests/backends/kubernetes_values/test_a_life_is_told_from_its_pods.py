from collections.abc import Callable

import pytest

from dure.backends.kubernetes import admitting
from dure.backends.kubernetes.attempts import AttemptSeen, broken, waiting
from dure.backends.kubernetes.changes import between, everything
from dure.backends.kubernetes.names import METER, TASK
from dure.model.change import (
    Change,
    Ended,
    Evicting,
    StartFailed,
    Starting,
    Submitted,
    TaskEnded,
    TaskStarted,
)
from dure.model.instants import SECOND
from dure.model.job import Job, Placement, TaskGroup
from dure.model.plan import Eviction, Rule, Start
from dure.model.record import JobRecord, JobState
from tests.backends.kubernetes_values.lives import BEGIN, Life

N1, N2 = Placement(0, "n1"), Placement(0, "n2")


def life(tasks: int = 1, **fields: object) -> Life:
    job = Job("j", "lab", "kim", BEGIN, (TaskGroup(tasks, 100, 64),), ("true",), image="x")
    return Life(job, **fields)  # type: ignore[arg-type]  # fields of Life


def seen(one: Life) -> AttemptSeen:
    found = one.seen()
    assert found is not None
    return found


def at(seconds: int) -> int:
    return BEGIN + seconds * SECOND


def said(record: JobRecord) -> tuple[JobState, int | None, str]:
    return record.state, record.exit_code, record.reason


def test_a_good_life_in_order() -> None:
    """Queued, decided, bound, ended, over: instants are the API's, to the second."""
    one = life()
    before = one.story
    told = list(everything(before))
    steps: tuple[Callable[[], object], ...] = (
        lambda: one.admit(N1), one.begin, lambda: one.wait(5), lambda: one.end(0), lambda: one.say("Complete"),
        one.settle,
    )  # fmt: skip
    for step in steps:
        step()
        after = one.story
        told += list(between(before, after))
        before = after
    assert told == [
        Submitted(BEGIN, one.job),
        Starting(BEGIN, "j", 1, (N1,)),
        TaskStarted(BEGIN, "j", 1, 0),
        TaskEnded(at(5), "j", 1, 0),
        Ended(at(5), "j", 1, succeeded=True),
    ]
    assert said(one.story.record) == (JobState.SUCCEEDED, 0, "")
    assert one.story.record.ended == at(5)


def test_states_follow_its_pods() -> None:
    """Pending, starting while they are bound and pulled, running once one runs, ending once it is told."""
    one = life()
    states = [one.story.record.state]
    steps: tuple[Callable[[], object], ...] = (
        lambda: one.admit(N1), one.make_pods, one.schedule, one.run, one.tell,
    )  # fmt: skip
    for step in steps:
        step()
        states.append(one.story.record.state)
    assert states == ["pending", "starting", "starting", "starting", "running", "ending"]


def test_an_evicted_gang_is_pending_again_and_keeps_its_story() -> None:
    """Its pods may go once it is sealed: the object alone tells it, and the next attempt has its own number."""
    one = life(2)
    one.admit(N1, N2, under="demo-day")
    one.begin()
    one.wait(3)
    one.tell("evicted: between-borrowers", requeue=True)
    one.leave()
    told = list(between(None, one.story))
    eviction = Eviction("j", 1, Rule.BETWEEN_BORROWERS, "other", 5)
    assert told[-3:] == [Evicting(at(3), eviction), TaskEnded(at(5), "j", 1, 0), TaskEnded(at(5), "j", 1, 1)]
    assert one.settle()
    with_pods = one.story
    one.pods.clear()
    assert one.story == with_pods
    assert said(one.story.record) == (JobState.PENDING, None, "evicted: between-borrowers")
    attempt = one.story.record.attempts[0]
    assert [task.exit_code for task in attempt.tasks] == [-15, -15]
    assert (attempt.eviction, attempt.ending_since, attempt.under) == (eviction, at(3), "demo-day")
    assert list(everything(one.story)) == [Submitted(BEGIN, one.job, attempts=1, evictions=1)]
    one.admit(N2, N1, attempt=2)
    one.begin()
    one.end(0)
    one.end(1)
    one.say("Complete")
    one.settle()
    assert [each.attempt for each in one.story.record.attempts] == [1, 2]
    assert one.story.record.state is JobState.SUCCEEDED


@pytest.mark.parametrize(
    ("code", "more", "expected"),
    [
        (3, {}, (3, "exited with 3")),
        (255, {}, (255, "exited with 255")),
        (137, {}, (-9, "ended by SIGKILL")),
        (143, {}, (-15, "ended by SIGTERM")),
        (0, {"signal": 11, "exitCode": 139}, (-11, "ended by SIGSEGV")),
        (137, {"reason": "OOMKilled"}, (-9, "memory: it held more than it asked for")),
        (128, {"reason": "StartError", "message": 'exec: "no-such": executable file not found in $PATH'},
         (127, 'could not be run: exec: "no-such": executable file not found in $PATH')),
        (128, {"reason": "StartError", "message": "denied"}, (128, "could not be run: denied")),
    ],
)  # fmt: skip
def test_a_failure_keeps_its_code(code: int, more: dict[str, object], expected: tuple[int, str]) -> None:
    """The process's own, or minus the signal; and why, in the words of every backend."""
    one = life()
    one.admit(N1)
    one.begin()
    one.end(0, code or 1, **more)
    one.say("Failed", "BackoffLimitExceeded")
    assert one.settle()
    assert said(one.story.record) == (JobState.FAILED, *expected)


def test_a_failing_task_ends_its_gang() -> None:
    """The first that failed of itself gives the reason, also where all ended within one second."""
    one = life(3)
    one.admit(N1, N2, N1)
    one.begin()
    one.end(1, 5)
    one.delete_pods()
    one.kubelets_end_them()
    one.say("Failed", "BackoffLimitExceeded")
    assert one.settle()
    assert said(one.story.record) == (JobState.FAILED, 5, "task 1 exited with 5; the others were ended")
    assert [task.exit_code for task in one.story.record.attempts[0].tasks] == [-15, 5, -15]


def test_a_cancelled_job_is_cancelled() -> None:
    """For the reason given; past its limit it has failed, whoever ended it."""
    for reason, state in (("cancelled by kim", JobState.CANCELLED), ("time-limit", JobState.FAILED)):
        one = life()
        one.admit(N1)
        one.begin()
        one.tell(reason)
        one.leave()
        assert one.settle()
        assert said(one.story.record) == (state, -15, reason)
    alone = life()
    alone.admit(N1)
    alone.begin()
    alone.end(0, 137)
    alone.pods[next(iter(alone.pods))]["status"]["reason"] = "DeadlineExceeded"
    alone.say("Failed", "BackoffLimitExceeded")
    assert alone.settle()
    assert said(alone.story.record) == (JobState.FAILED, -9, "time-limit")


def test_one_that_ends_well_after_it_was_told_runs_again() -> None:
    """It cleaned up; unless its controller counted it as done before it saw the order."""
    again, done = life(), life()
    for one in (again, done):
        one.admit(N1)
        one.begin()
        one.tell("evicted: reclaim", requeue=True)
    again.leave(code=0)
    done.end(0)
    done.say("Complete")
    assert again.settle()
    assert done.settle()
    assert again.story.record.state is JobState.PENDING
    assert done.story.record.state is JobState.SUCCEEDED


def test_one_told_before_it_had_a_pod_never_started() -> None:
    """It is over once its controller says so after the order, or could have made no pod any more."""
    one = life()
    one.admit(N1)
    one.say("Suspended")
    one.tell("evicted: reclaim", requeue=True)
    assert not one.settle(), "what the controller said before the order proves nothing"
    one.wait(1)
    assert not one.settle()
    one.say("Suspended")
    assert one.settle()
    assert [type(change) for change in between(life().story, one.story)] == [Starting, Evicting, StartFailed]
    assert one.story.record.attempts[0].tasks[0].reason == "was told to end before it had started"
    silent = life()
    silent.admit(N1)
    silent.say("Suspended")
    silent.tell("evicted: reclaim", requeue=True)
    silent.wait(10)
    assert silent.settle()


def test_one_that_does_not_come_up_is_put_back_and_given_up_in_the_end() -> None:
    """What it used while its node was held for it is its own; after three tries it has failed."""
    one = life()
    for number in (1, 2, 3):
        one.admit(N1, attempt=number)
        one.make_pods()
        one.schedule()
        pod = list(one.pods.values())[-1]
        pod["status"]["containerStatuses"] = [
            {"name": "task", "state": {"waiting": {"reason": "ImagePullBackOff", "message": "no such image"}}}
        ]
        why = waiting(seen(one), one.seen_pods)
        assert why.endswith(": ImagePullBackOff: no such image")
        one.wait(60)
        one.tell(f"did not come up: {why}", requeue=True, cause="void")
        one.leave()
        assert one.settle()
        assert one.story.record.state is (JobState.FAILED if number == 3 else JobState.PENDING)
    assert one.story.record.reason.endswith("tried 3 times")
    task = one.story.record.attempts[0].tasks[0]
    assert (task.started, task.ended) == (at(0), at(60))


def test_a_lost_node_takes_its_jobs_with_it() -> None:
    """The end is its last proof of life; the rest of the gang is ended, and nothing is guessed."""
    one = life(2)
    one.admit(N1, N2)
    one.begin()
    one.beats = {"n2": at(7)}
    one.ready = {"n2": False}
    one.wait(300)
    assert not broken(seen(one))
    pods = list(one.pods.values())
    pods[1]["metadata"] |= {"deletionTimestamp": "2026-11-22T08:05:30Z", "deletionGracePeriodSeconds": 30}
    assert not broken(seen(one))
    one.wait(30)
    why = broken(seen(one))
    assert why.startswith("task 1 lost")
    one.tell(why, cause="gang")
    one.delete_pods()
    one.wait(1)
    one.end(0, 143)
    one.say("Suspended")
    told = one.seen()
    one.beats = {"n2": at(400)}
    one.ready = {}
    again = one.seen(told)
    assert told is not None
    assert again is not None
    assert again.tasks == told.tasks, "an end that was told stands, whatever the node says when it is back"
    one.ready, one.beats = {"n2": False}, {"n2": at(7)}
    assert one.settle()
    assert one.story.record.state is JobState.LOST
    assert [task.ended for task in one.story.record.attempts[0].tasks] == [at(331), at(7)]


def test_a_job_deleted_under_its_pods_is_cancelled() -> None:
    """Its pods tell when they ended; nothing of their use is lost."""
    one = life()
    one.admit(N1)
    one.begin()
    one.wait(4)
    one.obj["metadata"]["deletionTimestamp"] = "2026-11-22T08:00:04Z"
    one.delete_pods()
    one.wait(1)
    assert not one.settle()
    one.kubelets_end_them()
    assert one.settle()
    assert said(one.story.record) == (JobState.CANCELLED, -15, "deleted from Kubernetes")
    assert one.story.record.attempts[0].tasks[0].ended == at(5)


def test_a_deleted_job_that_is_kept_is_ended_by_a_deadline() -> None:
    """Until it is metered the object stays; a deadline its controller still heeds, and it is cancelled."""
    one = life()
    start = Start("j", 1, (N1,), guaranteed=True)
    one.patch(admitting.admit(one.queued, start, BEGIN, 1, keep=True))
    one.begin()
    one.obj["metadata"]["deletionTimestamp"] = "2026-11-22T08:00:00Z"
    one.patch(admitting.end_deleted(one.queued))
    assert one.obj["spec"]["activeDeadlineSeconds"] == 0
    one.delete_pods()
    one.kubelets_end_them()
    one.say("Failed", "DeadlineExceeded")
    assert one.settle()
    assert said(one.story.record) == (JobState.CANCELLED, -15, "deleted from Kubernetes")
    kept = one.queued.finalizers
    one.patch(admitting.release_job(one.queued))
    assert (kept, one.queued.finalizers) == ((METER,), ())


def test_a_gang_over_several_nodes_goes_where_the_plan_says() -> None:
    """Every pod comes with a gate and is let go onto the node of its own task."""
    one = life(3)
    one.admit(N2, Placement(0, "n1", tasks=2))
    one.make_pods()
    one.schedule()
    assert all(pod.node == "" for pod in one.seen_pods)
    one.ungate()
    one.schedule()
    assert [(pod.index, pod.node) for pod in one.seen_pods] == [(0, "n2"), (1, "n1"), (2, "n1")]
    assert all(pod["metadata"]["annotations"][TASK] for pod in one.pods.values())


def test_a_replaced_pod_leaves_its_place_to_the_next() -> None:
    """A Job of a tenant's own may try again: until the Job is over its tasks are, and the place is kept."""
    one = life()
    one.obj["spec"]["backoffLimit"] = 6
    del one.obj["metadata"]["annotations"]["dure.dev/job"]
    one.admit(N1)
    one.begin()
    one.wait(2)
    one.end(0, 1)
    changes: list[Change] = list(everything(one.story))
    assert not [change for change in changes if isinstance(change, TaskEnded)]
    one.wait(10)
    one.begin()
    one.wait(3)
    one.end(0)
    one.say("Complete")
    assert one.settle()
    task = one.story.record.attempts[0].tasks[0]
    assert (task.started, task.ended, task.exit_code) == (at(0), at(15), 0)
    assert one.queued.kept.sealed[0].pods == ((("pod-0", at(0)), ("pod-1", at(12))),)
