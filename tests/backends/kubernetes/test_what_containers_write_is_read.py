import asyncio

import pytest

from dure.model.job import Job, Placement, TaskGroup
from dure.model.record import JobState
from tests.backends.kubernetes.conftest import Stands
from tests.backends.kubernetes.stand import Stand

pytestmark = pytest.mark.slow
NODE = "real-0"
SMALL = (TaskGroup(1, 100, 32),)


@pytest.fixture
def stand(stands: Stands) -> Stand:
    """A stand whose jobs run for real."""
    return stands()


def submitted(stand: Stand, script: str, tasks: int = 1) -> Job:
    groups = (TaskGroup(tasks, 100, 32),)
    return stand.submit("sh", "-c", script, image="localhost/busybox:1", groups=groups)


def read(stand: Stand, job: Job, task: int = 0, offset: int = 0, follow: bool = False) -> str:
    async def all_of_it() -> bytes:
        return b"".join([piece async for piece in stand.backend.logs(job.id, task, offset, follow)])

    return stand.call(all_of_it()).decode()


def start(stand: Stand, job: Job) -> None:
    stand.start(job, Placement(0, NODE, "", job.tasks))


def test_a_log_is_read_task_by_task_and_from_any_byte(stand: Stand) -> None:
    """Both streams of each container, whole, also long after it has ended."""
    job = submitted(stand, "echo out $DURE_TASK; echo err $DURE_TASK >&2", tasks=2)
    start(stand, job)
    assert stand.ended(job).state is JobState.SUCCEEDED
    for task in (0, 1):
        assert sorted(read(stand, job, task).splitlines()) == [f"err {task}", f"out {task}"]
    whole = read(stand, job)
    assert [read(stand, job, offset=at) for at in (3, len(whole), 99)] == [whole[3:], "", ""]


def test_a_long_log_comes_whole(stand: Stand) -> None:
    """However many pieces it takes."""
    job = submitted(stand, "i=0; while [ $i -lt 20000 ]; do echo line $i; i=$((i+1)); done")
    start(stand, job)
    stand.ended(job)
    assert read(stand, job).splitlines() == [f"line {number}" for number in range(20_000)]


def test_who_follows_sees_all_until_the_container_ends(stand: Stand) -> None:
    """From the queue on, through the end of a kubelet connection, to the last line."""
    job = submitted(stand, "for i in 1 2 3 4 5 6; do echo $i; sleep 0.5; done")

    async def follow() -> bytes:
        return b"".join([piece async for piece in stand.backend.logs(job.id, 0, 0, True)])

    following = asyncio.ensure_future(follow(), loop=stand.loop)
    start(stand, job)
    stand.running(job)
    stand.look(1.0)
    stand.rig["apiserver"].kill()
    stand.rig["apiserver"].start()
    assert stand.call(asyncio.wait_for(following, 60)).decode().split() == list("123456")
    assert stand.ended(job).state is JobState.SUCCEEDED


def test_containers_end_with_grace_and_their_own_codes(stand: Stand) -> None:
    """SIGTERM is heard, and what the container makes of it is told."""
    job = submitted(stand, "trap 'echo bye; exit 7' TERM; echo up; while :; do sleep 0.05; done")
    start(stand, job)
    stand.until(lambda: read(stand, job) == "up\n")
    stand.end(job, "cancelled by kim")
    record = stand.ended(job)
    assert (record.state, record.exit_code, record.reason) == (JobState.CANCELLED, 7, "cancelled by kim")
