import asyncio

import pytest

from dure.model.job import TaskGroup
from tests.backends.desk import Desk


def read(desk: Desk, job: str, task: int = 0, offset: int = 0, follow: bool = False) -> str:
    async def all_of_it() -> bytes:
        return b"".join([piece async for piece in desk.backend.logs(job, task, offset, follow)])

    return desk.call(all_of_it()).decode()


def test_both_streams_of_each_task_are_kept_apart_by_task(desk: Desk) -> None:
    """Standard output and error together, in order, for each task its own."""
    job = desk.submit(
        "sh", "-c", "echo out $DURE_TASK; echo err $DURE_TASK >&2", groups=(TaskGroup(2, 1, 64),)
    )
    desk.start(job)
    desk.ended(job)
    for task in (0, 1):
        assert read(desk, job.id, task) == f"out {task}\nerr {task}\n"


def test_a_log_is_read_from_any_byte(desk: Desk) -> None:
    """Also from behind its end, where there is nothing."""
    record = desk.run("sh", "-c", "printf 0123456789")
    assert [read(desk, record.job.id, offset=at) for at in (0, 4, 10, 99)] == ["0123456789", "456789", "", ""]


def test_a_long_log_comes_whole(desk: Desk) -> None:
    """However many pieces it takes."""
    record = desk.run("sh", "-c", "i=0; while [ $i -lt 30000 ]; do echo line $i; i=$((i+1)); done")
    assert read(desk, record.job.id).splitlines() == [f"line {number}" for number in range(30_000)]


def test_who_follows_sees_all_until_the_task_ends(desk: Desk) -> None:
    """From before the start to the last line, and then it is over by itself."""
    job = desk.submit("sh", "-c", "echo one; sleep 0.3; echo two; sleep 0.3; echo three")

    async def follow_from_the_queue() -> bytes:
        reading = asyncio.ensure_future(anext(aiter(desk.backend.logs(job.id, 0, 0, True))))
        await asyncio.sleep(0.05)
        assert not reading.done()
        return await reading

    first = asyncio.ensure_future(follow_from_the_queue(), loop=desk.loop)
    desk.start(job)
    assert read(desk, job.id, follow=True) == "one\ntwo\nthree\n"
    assert desk.loop.run_until_complete(first).startswith(b"one")


def test_what_is_not_there_is_said(desk: Desk) -> None:
    """No log before the first start; no such job; no such task."""
    job = desk.submit()
    assert read(desk, job.id) == ""
    with pytest.raises(KeyError):
        read(desk, "no")
    with pytest.raises(IndexError):
        read(desk, job.id, task=1)
