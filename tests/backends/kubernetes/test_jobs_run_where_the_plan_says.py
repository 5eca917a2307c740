import asyncio

import pytest

from dure.model.change import Starting, Submitted
from dure.model.job import Placement, TaskGroup
from dure.model.plan import Eviction, Rule, Start
from dure.model.record import JobState
from dure.ports import Refused
from tests.backends.kubernetes.conftest import Stands
from tests.backends.kubernetes.stand import Stand
from tests.rig.kubernetes import objects
from tests.rig.room import until

pytestmark = pytest.mark.slow


def nodes_of(stand: Stand, name: str) -> list[str]:
    return sorted(pod["spec"]["nodeName"] for pod in stand.pods(name))


def test_a_tenant_s_own_job_is_queued_and_runs_where_it_is_started(stand: Stand) -> None:
    """As `kubectl create job` makes it: seen as submitted, with what it asks for; it runs on the plan's node."""
    job = stand.post("sum", runs_for=1, requests={"cpu": "1500m", "memory": "100Mi"})
    assert (job.tenant, job.name, job.tasks) == ("lab", "sum", 1)
    assert (job.groups[0].cpu, job.groups[0].memory) == (1500, 100)
    stand.go(job, (stand.b, 1))
    record = stand.settled(job)
    assert (record.state, record.exit_code) == (JobState.SUCCEEDED, 0)
    assert nodes_of(stand, "sum") == [stand.b]
    assert [task.node for task in record.attempts[0].tasks] == [stand.b]


def test_a_job_that_dure_queued_is_read_back_and_runs(stand: Stand) -> None:
    """The object that it makes stands for exactly the job that was asked for, now and for the next server."""
    job = stand.submit(
        "sleep", "1", image="localhost/busybox:1", groups=(TaskGroup(2, 500, 64),), project="P1"
    )
    stand.go(job, (stand.a, 1), (stand.b, 1))
    stand.running(job)
    until(lambda: [pod["spec"].get("nodeName") for pod in stand.pods()].count(None) == 0)
    assert sorted(pod["spec"]["nodeName"] for pod in stand.pods()) == [stand.a, stand.b]
    stand.again()
    assert stand.record(job).job == job
    assert [type(change) for change in stand.listed if isinstance(change, Submitted | Starting)] == [
        Submitted, Starting,
    ]  # fmt: skip


def test_a_job_fails_with_its_own_code(stand: Stand) -> None:
    """And says so."""
    job = stand.post("sum", runs_for=1, exit_code=3)
    stand.go(job)
    record = stand.settled(job)
    assert (record.state, record.exit_code, record.reason) == (JobState.FAILED, 3, "exited with 3")


def test_a_running_job_is_cancelled(stand: Stand) -> None:
    """Its pods end with grace, and nothing is left that would run again."""
    job = stand.post("sum", exit_on_term=0)
    stand.go(job)
    stand.running(job)
    stand.end(job, "cancelled by kim")
    record = stand.settled(job)
    assert (record.state, record.reason) == (JobState.CANCELLED, "cancelled by kim")
    stand.until(lambda: not stand.pods("sum"))
    assert stand.object("sum")["spec"]["suspend"]


def test_an_evicted_job_runs_again_elsewhere(stand: Stand) -> None:
    """It is suspended again, is pending once its pod is gone, and its second attempt runs on another node."""
    job = stand.post("sum", exit_on_term=0)
    stand.go(job)
    stand.running(job)
    eviction = Eviction(job.id, 1, Rule.RECLAIM, "owner", lost=5)
    stand.call(stand.backend.evict(eviction))
    assert stand.record(job).state is JobState.ENDING
    stand.until(lambda: stand.record(job).state is JobState.PENDING)
    stand.go(job, (stand.b, 1), attempt=2)
    stand.running(job)
    first, second = stand.record(job).attempts
    assert (first.eviction, second.eviction) == (eviction, None)
    assert (first.tasks[0].node, second.tasks[0].node) == (stand.a, stand.b)
    assert nodes_of(stand, "sum") == [stand.b]


@pytest.mark.parametrize("split", [(3, 1), (2, 2)])
def test_a_gang_lands_exactly(stand: Stand, split: tuple[int, int]) -> None:
    """Pod by pod through scheduling gates: as many on each node as the plan says."""
    job = stand.post("gang", pods=4, runs_for=1)
    stand.go(job, (stand.a, split[0]), (stand.b, split[1]))
    record = stand.settled(job)
    assert record.state is JobState.SUCCEEDED
    assert nodes_of(stand, "gang") == [stand.a] * split[0] + [stand.b] * split[1]
    assert [task.node for task in record.attempts[0].tasks] == nodes_of(stand, "gang")


def test_a_gang_on_gpus_runs_again_as_a_whole(stand: Stand) -> None:
    """A second attempt has places of its own; nothing of the first one's is left in the templates."""
    requests = {"cpu": "1", "memory": "100Mi", "nvidia.com/gpu": "2"}
    job = stand.post("gang", pods=2, requests=requests, exit_on_term=0)
    assert job.groups[0].flavors == ("a100-80g",)
    stand.go(job, (stand.a, 1), (stand.b, 1), flavor="a100-80g")
    stand.until(lambda: all(task.started for task in stand.attempt(job).tasks))
    stand.call(stand.backend.evict(Eviction(job.id, 1, Rule.RECLAIM, "owner")))
    stand.until(lambda: stand.record(job).state is JobState.PENDING)
    stand.go(job, (stand.b, 2), attempt=2, flavor="a100-80g")
    stand.until(lambda: all(task.started for task in stand.attempt(job).tasks))
    stand.until(lambda: nodes_of(stand, "gang") == [stand.b, stand.b])


def test_a_start_that_does_not_come_up_is_put_back(stands: Stands) -> None:
    """An image that cannot be pulled: the job is pending again with the reason, and holds no room."""
    stand = stands(start_timeout="3000")
    job = stand.post("sum", cpu="3", never_starts="ImagePullBackOff")
    stand.go(job)
    stand.until(lambda: stand.record(job).state is JobState.PENDING and bool(stand.record(job).attempts))
    assert "ImagePullBackOff" in stand.record(job).reason
    other = stand.post("other", cpu="3", runs_for=0)
    stand.go(other)
    assert stand.ended(other).state is JobState.SUCCEEDED


def test_a_stale_start_is_refused(stand: Stand) -> None:
    """A full node, an attempt that was made, a job that is gone or held: refused, and nothing is written."""
    large, other = stand.post("large", cpu="3"), stand.post("other", cpu="3")
    stand.go(large)
    for job, where, attempt, why in (
        (other, stand.a, 1, "no room"), (large, stand.b, 2, "already"), (other, "nowhere", 1, "not in this pool"),
    ):  # fmt: skip
        with pytest.raises(Refused, match=why):
            stand.go(job, (where, 1), attempt=attempt)
    stand.call(stand.backend.hold(other.id, True))
    with pytest.raises(Refused, match="held"):
        stand.go(other, (stand.b, 1))
    stand.end(other)
    with pytest.raises(Refused, match="cancelled"):
        stand.go(other, (stand.b, 1))
    assert stand.object("other")["spec"]["suspend"]


def test_a_job_deleted_by_its_owner_is_told_as_cancelled(stand: Stand) -> None:
    """While it waits, and while it runs: its place is free again, and its pods do not hang on our finalizer."""
    waits, runs = stand.post("waits"), stand.post("runs", cpu="4")
    stand.go(runs)
    stand.running(runs)
    for name in ("waits", "runs"):
        stand.rig.api.delete(f"{stand.jobs}/{name}", propagation="Background")
    assert stand.ended(waits).state is JobState.CANCELLED
    assert stand.settled(runs).state is JobState.CANCELLED
    stand.until(lambda: not stand.pods("runs"))
    next_one = stand.post("next", cpu="4", runs_for=0)
    stand.go(next_one)
    assert stand.ended(next_one).state is JobState.SUCCEEDED


def test_a_job_that_nobody_held_is_no_job_of_ours(stand: Stand) -> None:
    """One that started without dure takes room as any other pod does, and is not told."""
    here = {"kubernetes.io/hostname": stand.a}
    stand.rig.api.post(
        stand.jobs, objects.job("wild", objects.played(), requests={"cpu": "3"}, selector=here)
    )
    stand.until(lambda: stand.free(stand.a).cpu == 1000)
    assert not [change for change in stand.changes if isinstance(change, Submitted)]
    with pytest.raises(Refused, match="no room"):
        stand.go(stand.post("tame", cpu="2"))


def test_many_start_at_once(stand: Stand) -> None:
    """Forty starts in flight together: each runs once, on its own node."""
    jobs = [stand.post(f"j{number}", cpu="100m", runs_for=1) for number in range(40)]

    async def all_at_once() -> None:
        places = [(Placement(0, stand.a if number % 2 else stand.b),) for number in range(40)]
        starts = [Start(job.id, 1, place, guaranteed=True) for job, place in zip(jobs, places, strict=True)]
        await asyncio.gather(*(stand.backend.start(start) for start in starts))

    stand.call(all_at_once())
    stand.until(lambda: all(stand.record(job).state is JobState.SUCCEEDED for job in jobs))
    for number, job in enumerate(jobs):
        assert nodes_of(stand, f"j{number}") == [stand.a if number % 2 else stand.b]
        assert len(stand.record(job).attempts) == 1
