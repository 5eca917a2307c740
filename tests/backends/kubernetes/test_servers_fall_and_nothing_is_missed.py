from collections.abc import Callable

import pytest

from dure.backends.kubernetes import KubernetesBackend
from dure.model.change import Ended, Submitted
from dure.model.plan import Eviction, Rule
from dure.model.record import JobState
from tests.backends.kubernetes.lives import check_lives
from tests.backends.kubernetes.stand import Stand

pytestmark = pytest.mark.slow


def test_the_api_server_dies_while_jobs_run(stand: Stand) -> None:
    """Jobs that were there, that end meanwhile, and that are made afterwards: each life is told once and whole."""
    short = [stand.post(f"s{number}", cpu="100m", runs_for=3) for number in range(8)]
    waits = stand.post("waits", cpu="100m", runs_for=1)
    for number, job in enumerate(short):
        stand.go(job, (stand.a if number % 2 else stand.b, 1))
    for _ in range(2):
        stand.rig["apiserver"].kill()
        stand.look(1.0)
        stand.rig["apiserver"].start()
        stand.look(1.0)
    stand.until(lambda: all(stand.record(job).state is JobState.SUCCEEDED for job in short))
    stand.go(waits)
    later = stand.post("later", cpu="100m", runs_for=1)
    stand.go(later)
    stand.until(lambda: all(stand.record(job).state is JobState.SUCCEEDED for job in (waits, later)))
    lives = check_lives([*stand.told, *stand.changes])
    assert all(lives[job.id].over for job in (*short, waits, later))
    assert all(len(stand.record(job).attempts) == 1 for job in (*short, waits, later))


def test_the_next_server_tells_the_same_story(stand: Stand) -> None:
    """Whatever a server did, another one that knows only the objects has the same records to the second."""
    jobs = [
        stand.post(name, cpu="100m", **how)
        for name, how in {
            "good": {"runs_for": 1},
            "bad": {"runs_for": 1, "exit_code": 2},
            "long": {},
            "moved": {"exit_on_term": 0},
            "waits": {},
        }.items()
    ]
    for job in jobs[:4]:
        stand.go(job)
    stand.until(lambda: all(stand.record(job).state.final for job in jobs[:2]))
    stand.running(jobs[3])
    stand.call(stand.backend.evict(Eviction(jobs[3].id, 1, Rule.BETWEEN_BORROWERS, "other", lost=7)))
    stand.until(lambda: stand.record(jobs[3]).state is JobState.PENDING)
    before = [stand.record(job) for job in jobs]
    stand.told += stand.changes
    check_lives(stand.told)
    stand.again()
    stand.told = [*stand.listed]
    assert [stand.record(job) for job in jobs] == before
    again = next(c for c in stand.listed if isinstance(c, Submitted) and c.job.id == jobs[3].id)
    assert (again.attempts, again.evictions) == (1, 1)


@pytest.mark.parametrize("crash", ["after the patch", "before the pods are placed"])
def test_a_server_that_goes_at_once_leaves_a_gang_that_the_next_one_places(stand: Stand, crash: str) -> None:
    """The start stands in the object: whoever follows it lets the gated pods go where it says."""
    job = stand.post("gang", pods=4, cpu="100m", runs_for=1)
    stand.go(job, (stand.a, 1), (stand.b, 3))
    if crash == "before the pods are placed":
        stand.look(0.2)
    stand.told += stand.changes
    stand.again()
    stand.told = [*stand.listed]
    assert stand.ended(job).state is JobState.SUCCEEDED
    where = sorted(pod["spec"]["nodeName"] for pod in stand.pods("gang"))
    assert where == [stand.a, stand.b, stand.b, stand.b]


def test_the_cluster_is_set_back_to_before_a_start(stand: Stand) -> None:
    """Etcd restored from a snapshot: the attempt is over, the job pending again, and it can be started anew."""
    waits, runs = stand.post("waits"), stand.post("runs", runs_for=None)
    snapshot = stand.rig.snapshot()
    stand.go(runs)
    stand.running(runs)
    stand.rig.restore(snapshot, revisions_ahead=1_000_000_000)
    stand.until(lambda: stand.record(runs).state is JobState.PENDING)
    ended = [c for c in stand.look() if isinstance(c, Ended) and c.job == runs.id]
    assert [(c.succeeded, c.requeue) for c in ended] == [(False, True)]
    assert stand.record(waits).state is JobState.PENDING
    stand.end(runs)
    assert stand.ended(runs).state is JobState.CANCELLED


def test_a_write_whose_answer_is_lost_is_not_done_twice(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    """The patch went through, its answer did not: the object is looked at, and the start stands once."""
    job = stand.post("sum", runs_for=1)
    assert isinstance(stand.backend, KubernetesBackend)
    lose_answers(stand.backend, 1, monkeypatch)
    stand.go(job)
    assert stand.ended(job).state is JobState.SUCCEEDED
    assert len(stand.record(job).attempts) == 1


def lose_answers(backend: KubernetesBackend, number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next patches are carried out, and then it is as if their connections had broken."""
    from dure.backends.kubernetes.errors import Unavailable

    left, patch = [number], backend.client.patch

    async def lossy(*given: object, **more: object) -> object:
        done: Callable[..., object] = patch
        answer = await done(*given, **more)  # type: ignore[misc]  # as the client's own
        if left[0]:
            left[0] -= 1
            raise Unavailable("the connection broke")
        return answer

    monkeypatch.setattr(backend.client, "patch", lossy)
