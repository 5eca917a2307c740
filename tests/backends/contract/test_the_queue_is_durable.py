import asyncio
from dataclasses import replace
from typing import Any

import pytest

from dure.model.change import Held, Submitted, Withdrawn
from dure.model.job import Mount, TaskGroup
from dure.model.record import JobState
from dure.ports import KeyReused, Refused
from tests.backends.desk import Desk


def test_a_queued_job_outlives_the_server(desk: Desk) -> None:
    """Everything that a job carries is read back as it was given."""
    job = desk.submit(
        "sh", "-c", "echo 'ünï'",
        name="train", priority=3, preemptible=False, time_limit=60_000, project="P1",
        groups=(TaskGroup(2, 500, 128, 1, ("a100", "t4"), "worker", ("true",)), TaskGroup(1, 100, 64)),
        environment=(("A", "1"), ("B", "두레")), checkpoint_interval=600_000, idempotency_key="k",
    )  # fmt: skip
    desk.again()
    assert desk.record(job).job == job
    assert [change for change in desk.listed if isinstance(change, Submitted)] == [
        Submitted(job.submitted, job)
    ]


def test_the_same_job_again_is_the_same_job(desk: Desk) -> None:
    """A retry, even a later one and after a restart, gets the record of the first."""
    job = desk.submit()
    desk.again()
    record = desk.call(desk.backend.enqueue(replace(job, submitted=job.submitted + 5)))
    assert record.job == job
    assert len(desk.call(desk.backend.records())) == 1


def test_the_same_job_twice_at_once_is_queued_once(desk: Desk) -> None:
    """Two retries that meet leave one job and one change."""
    job = desk.job()

    async def both() -> None:
        await asyncio.gather(*(desk.backend.enqueue(job) for _ in range(5)))

    desk.call(both())
    assert desk.look() == [Submitted(job.submitted, job)]


def test_the_same_key_for_another_request_is_refused(desk: Desk) -> None:
    """An id stands for one request only."""
    job = desk.submit("true")
    with pytest.raises(KeyReused):
        desk.call(desk.backend.enqueue(replace(job, command=("false",))))
    assert desk.record(job).job.command == ("true",)


def test_a_hold_outlives_the_server(desk: Desk) -> None:
    """A held job is held after a restart, and a released one is not."""
    job = desk.submit()
    desk.call(desk.backend.hold(job.id, True))
    desk.again()
    assert desk.record(job).held
    assert [change.held for change in desk.listed if isinstance(change, Submitted)] == [True]
    desk.call(desk.backend.hold(job.id, False))
    assert [change.held for change in desk.look() if isinstance(change, Held)] == [False]
    desk.again()
    assert not desk.record(job).held


def test_a_pending_job_that_is_ended_leaves_the_queue(desk: Desk) -> None:
    """It is cancelled for the reason given, and stays so."""
    job = desk.submit()
    desk.end(job, "cancelled by kim")
    assert [change.job for change in desk.look() if isinstance(change, Withdrawn)] == [job.id]
    desk.again()
    record = desk.record(job)
    assert (record.state, record.reason) == (JobState.CANCELLED, "cancelled by kim")
    assert not [change for change in desk.listed if isinstance(change, Submitted)]


def test_records_come_in_the_order_of_submission(desk: Desk) -> None:
    """By submission, then by id."""
    now = desk.clock.now()
    for name, at in (("b", 2), ("a", 2), ("c", 1)):
        desk.submit(id=name, submitted=now + at)
    assert [record.job.id for record in desk.call(desk.backend.records())] == ["c", "a", "b"]


def test_an_unknown_job_is_unknown(desk: Desk) -> None:
    """Asking for it, holding it or ending it says so."""
    for work in (
        desk.backend.record("no"), desk.backend.hold("no", True), desk.backend.end("no", "why")
    ):  # fmt: skip
        with pytest.raises(KeyError):
            desk.call(work)


@pytest.mark.parametrize(
    "fields",
    [
        {"id": "../up"}, {"id": "a/b"}, {"id": ""}, {"id": ".hidden"}, {"id": "x" * 200}, {"tenant": "../up"},
        {"command": ()}, {"command": ("a\0b",)}, {"groups": ()}, {"environment": (("A=B", "1"),)},
        {"environment": (("A", "\0"),)}, {"workdir": "../out"},
        {"mounts": (Mount("nowhere", "data"),)}, {"secrets": ("NOT_THERE",)}, {"secrets": ("../../lock",)},
        {"after": ("unknown",)},
    ],
    ids=str,
)  # fmt: skip
def test_what_cannot_run_is_refused_at_the_door(desk: Desk, fields: dict[str, Any]) -> None:
    """A job that the backend cannot run, or not safely, is refused with a reason and leaves nothing."""
    job = replace(desk.job(), **fields)
    with pytest.raises(Refused) as refusal:
        desk.call(desk.backend.enqueue(job))
    assert refusal.value.reason
    assert desk.call(desk.backend.records()) == ()


def test_a_job_waits_for_those_it_comes_after(desk: Desk) -> None:
    """What has succeeded is waited for no more; what is still to come is named."""
    done, coming = desk.submit("true"), desk.submit("true")
    desk.start(done)
    desk.ended(done)
    last = desk.submit(after=(done.id, coming.id))
    seen = [change for change in desk.look() if isinstance(change, Submitted) and change.job.id == last.id]
    assert [change.waiting_for for change in seen] == [{coming.id}]


def test_a_job_after_one_that_failed_is_refused(desk: Desk) -> None:
    """It could never start."""
    failed = desk.run("false")
    with pytest.raises(Refused, match="failed"):
        desk.submit(after=(failed.job.id,))
