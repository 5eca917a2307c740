from itertools import pairwise

from dure.model.instants import SECOND
from dure.model.job import Placement, TaskGroup
from dure.model.record import TaskRecord
from dure.model.use import Slice, State
from tests.backends.desk import Desk

GROUP = TaskGroup(2, 700, 100, 1, ("a100",))


def span(task: TaskRecord) -> tuple[int, int]:
    assert task.started is not None
    assert task.ended is not None
    return task.started, task.ended


def test_slices_are_the_records_to_the_millisecond(desk: Desk) -> None:
    """One slice per task and resource from recorded start to recorded end, saying whose and where."""
    record = desk.run("sleep", "0.1", groups=(GROUP,), project="P1")
    _, slices = desk.slices(0, desk.clock.now())
    tasks = record.attempts[0].tasks
    expected = [
        (
            f"{record.job.id}.{number}",
            resource,
            amount,
            *span(task),
            task.devices if resource == "gpu:a100" else (),
        )
        for number, task in enumerate(tasks)
        for resource, amount in (("cpu", 700), ("memory", 100), ("gpu:a100", 1))
    ]
    found = [(s.uid, s.resource, s.amount, s.start, s.end, s.devices) for s in slices]
    assert sorted(found) == sorted(expected)
    assert tasks[0].devices != tasks[1].devices
    for each in slices:
        assert (each.source, each.cluster, each.attempt, each.state) == ("local", "pool", 1, State.TENANT)
        assert (each.tenant, each.user, each.project, each.job) == ("lab", "kim", "P1", record.job.id)
        assert (each.node, each.grace, each.flavor) == ("n1", False, "a100" if each.devices else "")


def test_running_work_is_metered_up_to_the_watermark(desk: Desk) -> None:
    """Consecutive questions cut the life of a task into pieces that add up to it, whatever happens meanwhile."""
    job = desk.submit("sleep", "1.2")
    desk.start(job)
    desk.running(job)
    taken: list[Slice] = []
    mark = 0
    while True:
        final = desk.record(job).state.final
        asked, slices = desk.slices(mark, desk.clock.now())
        assert all(asked.start <= s.start < s.end <= asked.end for s in slices)
        taken += slices
        mark = asked.end
        if final:
            break
        desk.look(0.1)
    start, end = span(desk.attempt(job).tasks[0])
    cpu = sorted((s.start, s.end) for s in taken if s.resource == "cpu")
    assert len(cpu) > 1
    assert (cpu[0][0], cpu[-1][1]) == (start, end)
    assert all(before[1] == after[0] for before, after in pairwise(cpu))


def test_the_same_question_gets_the_same_answer(desk: Desk) -> None:
    """While a job runs, after it has ended, and after a restart."""
    job = desk.submit("sleep", "30")
    desk.start(job)
    desk.running(job)
    desk.until(lambda: bool(desk.slices(0, desk.clock.now())[1]))
    asked, slices = desk.slices(0, desk.clock.now())
    assert desk.slices(0, asked.end) == (asked, slices)
    desk.end(job)
    desk.ended(job)
    assert desk.slices(0, asked.end) == (asked, slices)
    desk.again()
    assert desk.slices(0, asked.end) == (asked, slices)


def test_the_watermark_never_passes_what_is_asked_nor_goes_back(desk: Desk) -> None:
    """Not into the future, not behind what was given out, also when the clock is set back."""
    now = desk.clock.now()
    assert desk.slices(0, now - 10)[0].end == now - 10
    assert desk.slices(0, now + 3600 * SECOND)[0].end <= desk.clock.now()
    mark = desk.slices(0, desk.clock.now())[0].end
    desk.clock.off = -3600 * SECOND
    assert desk.slices(mark, mark)[0].end == mark
    desk.again()
    record = desk.run("true")
    assert record.attempts[0].decided >= mark
    assert span(record.attempts[0].tasks[0])[0] >= mark


def test_use_after_being_told_to_end_is_marked(desk: Desk) -> None:
    """The slice is split at the instant of the telling."""
    job = desk.submit("sh", "-c", "trap '' TERM; echo up; while :; do sleep 0.05; done")
    desk.start(job)
    desk.logged(job, "up")
    desk.end(job)
    record = desk.ended(job)
    attempt = record.attempts[0]
    start, end = span(attempt.tasks[0])
    told = attempt.ending_since or 0
    _, slices = desk.slices(0, desk.clock.now())
    cpu = [(s.start, s.end, s.grace) for s in slices if s.resource == "cpu"]
    assert cpu == [(start, told, False), (told, end, True)]


def test_each_attempt_is_metered_by_itself(desk: Desk) -> None:
    """An evicted job's attempts are its own use, one after the other."""
    job = desk.submit("sleep", "30")
    for number in (1, 2):
        desk.start(job, Placement(0, f"n{number}"), attempt=number)
        desk.running(job)
        desk.end(job, "evicted", requeue=number == 1)
        desk.until(lambda: desk.record(job).state.value in {"pending", "cancelled"})
    _, slices = desk.slices(0, desk.clock.now())
    assert {(s.attempt, s.node) for s in slices} == {(1, "n1"), (2, "n2")}
    for number, attempt in enumerate(desk.record(job).attempts, start=1):
        start, end = span(attempt.tasks[0])
        assert (
            sum(s.end - s.start for s in slices if s.attempt == number and s.resource == "cpu") == end - start
        )
