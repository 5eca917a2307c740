from collections.abc import Callable

import pytest

from dure.model.change import Starting
from dure.model.job import Job, Placement, TaskGroup
from dure.model.record import JobState
from dure.ports import Refused
from tests.backends.desk import Desk

ONE_GPU = (TaskGroup(1, 100, 64, 1, ("a100",)),)


def refused(desk: Desk, start: Callable[[], None]) -> str:
    """The reason of a refusal that changed nothing."""
    before = desk.call(desk.backend.records())
    with pytest.raises(Refused) as refusal:
        start()
    assert desk.call(desk.backend.records()) == before
    return refusal.value.reason


def test_a_job_that_is_not_queued_cannot_start(desk: Desk) -> None:
    """Nor can one that was never there, was withdrawn, is held, or runs already."""
    unknown, withdrawn, held, runs = desk.job(), desk.submit(), desk.submit(), desk.submit("sleep", "30")
    desk.end(withdrawn)
    desk.call(desk.backend.hold(held.id, True))
    desk.start(runs)
    desk.running(runs)
    for job, why in ((unknown, "not queued"), (withdrawn, "cancelled"), (held, "held"), (runs, "already")):
        assert why in refused(desk, lambda job=job: desk.start(job, attempt=2))  # type: ignore[misc]  # bound now


def test_an_attempt_number_is_used_once(desk: Desk) -> None:
    """A start decided before the last attempt is late."""
    job = desk.submit("sleep", "30")
    desk.start(job)
    desk.running(job)
    desk.end(job, "evicted", requeue=True)
    desk.until(lambda: desk.record(job).state is JobState.PENDING)
    assert "attempt 1" in refused(desk, lambda: desk.start(job, attempt=1))
    desk.start(job, attempt=2)


def test_a_full_node_takes_no_more(desk: Desk) -> None:
    """Whatever the planner believed, no node is promised twice, and a place that is free again can be had."""
    first, second = (desk.submit("sleep", "30", groups=(desk.large,)) for _ in range(2))
    desk.start(first)
    assert "no room" in refused(desk, lambda: desk.start(second))
    desk.start(second, Placement(0, "n2"))
    desk.end(first)
    desk.ended(first)
    third = desk.submit(groups=(desk.large,))
    desk.start(third)


def test_memory_and_devices_are_checked_like_cpu(desk: Desk) -> None:
    """The gang is refused whole where its last task does not fit."""
    large = desk.submit(groups=(TaskGroup(3, 1, desk.capacity("n1").memory * 35 // 100),))
    assert "no room" in refused(desk, lambda: desk.start(large))
    wide = desk.submit(groups=(TaskGroup(3, 1, 1, 1, ("a100",)),))
    assert "no room" in refused(desk, lambda: desk.start(wide))
    assert not [change for change in desk.look() if isinstance(change, Starting)]


@pytest.mark.parametrize(
    "placements",
    [
        (Placement(0, "n1"),),
        (Placement(0, "n1", "t4"),),
        (Placement(0, "n1", "a100", 2),),
        (Placement(0, "n1", "a100"), Placement(1, "n1")),
        (Placement(0, "nowhere", "a100"),),
        (Placement(0, "n2", "a100"),),
    ],
    ids=["no flavor", "wrong flavor", "too many tasks", "no such group", "no such node", "no such devices"],
)
def test_a_start_must_be_the_job_it_starts(desk: Desk, placements: tuple[Placement, ...]) -> None:
    """Places that are not exactly the job's tasks are refused."""
    job: Job = desk.submit(groups=ONE_GPU)
    assert refused(desk, lambda: desk.start(job, *placements))
    desk.start(job)
    assert desk.ended(job).state is JobState.SUCCEEDED
