import asyncio

from dure.model.change import Ended, NodeSet, Starting, Submitted, TaskEnded, TaskStarted
from dure.model.job import Placement, TaskGroup
from dure.model.record import JobState
from tests.backends.desk import Desk


def test_a_life_is_told_in_order_with_recorded_instants(desk: Desk) -> None:
    """Submitted, starting, started, ended: the instants are those of the record, and none comes before another."""
    record = desk.run("sleep", "0.05")
    attempt, job = record.attempts[0], record.job
    task = attempt.tasks[0]
    desk.look()
    assert task.started is not None
    assert task.ended is not None
    assert desk.changes == [
        Submitted(job.submitted, job),
        Starting(attempt.decided, job.id, 1, attempt.placements),
        TaskStarted(task.started, job.id, 1, 0),
        TaskEnded(task.ended, job.id, 1, 0),
        Ended(task.ended, job.id, 1, succeeded=True),
    ]
    assert attempt.decided <= task.started <= task.ended
    assert task.ended - task.started > 50 - desk.resolution


def test_everything_is_told_to_who_asks_first(desk: Desk) -> None:
    """Nodes, then each job that is not final, with the attempt that holds places; nothing of ended ones."""
    desk.run("true")
    waiting, runs = desk.submit(), desk.submit("sleep", "30", groups=(TaskGroup(2, 100, 64),))
    desk.start(runs, Placement(0, "n1"), Placement(0, "n2"))
    desk.until(lambda: all(task.started is not None for task in desk.attempt(runs).tasks))
    attempt = desk.attempt(runs)
    seen = desk.call(desk.backend.observe(None, 0)).changes
    assert [type(change) for change in seen[:2]] == [NodeSet, NodeSet]
    assert list(seen[2:]) == [
        Submitted(waiting.submitted, waiting),
        Submitted(runs.submitted, runs),
        Starting(attempt.decided, runs.id, 1, attempt.placements),
        *(TaskStarted(task.started or 0, runs.id, 1, number) for number, task in enumerate(attempt.tasks)),
    ]


def test_who_waits_is_woken_by_what_happens(desk: Desk) -> None:
    """An end is observed while someone waits for it, long before their patience is over."""
    job = desk.submit("sleep", "0.3")
    desk.start(job)
    desk.until(lambda: bool(desk.attempt(job).tasks[0].started))
    desk.look()

    async def wait() -> tuple[object, ...]:
        async with asyncio.timeout(30):
            return (await desk.backend.observe(desk.revision, 600)).changes

    assert desk.call(wait())


def test_nothing_new_is_nothing(desk: Desk) -> None:
    """Asked without waiting, or for a moment, an idle backend answers with the same revision."""
    for wait in (0, 0.05):
        seen = desk.call(desk.backend.observe(desk.revision, wait))
        assert (seen.revision, seen.changes) == (desk.revision, ())


def test_a_revision_is_asked_from_exactly(desk: Desk) -> None:
    """Every change after it and no other, asked as often as one likes."""
    jobs = [desk.submit() for _ in range(4)]
    for after in range(5):
        seen = desk.call(desk.backend.observe(desk.revision + after, 0))
        assert [change.job for change in seen.changes if isinstance(change, Submitted)] == jobs[after:]


def test_an_evicted_job_is_told_as_pending_again(desk: Desk) -> None:
    """Its attempt ends with `requeue`, it is listed with the attempts it made, and its next one may start."""
    job = desk.submit("sleep", "30")
    desk.start(job)
    desk.running(job)
    desk.end(job, "evicted for lab-2", requeue=True)
    desk.until(lambda: desk.record(job).state is JobState.PENDING)
    ended = [change for change in desk.look() if isinstance(change, Ended)]
    assert [(change.succeeded, change.requeue) for change in ended] == [(False, True)]
    desk.again()
    assert [change.attempts for change in desk.listed if isinstance(change, Submitted)] == [1]
    desk.start(job, attempt=2)
    desk.running(job)
    assert len(desk.record(job).attempts) == 2
