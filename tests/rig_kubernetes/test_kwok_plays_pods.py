import pytest

from tests.rig.kubernetes.objects import FakeNode, job, played, pod
from tests.rig.kubernetes.rig import Rig
from tests.rig.room import until
from tests.rig_kubernetes.seen import jobs, only_pod, pod_in_phase, pods, seconds, state_of

pytestmark = pytest.mark.slow
FAKE = {"rig.dure/played": "yes"}


@pytest.fixture
def rig(real: Rig) -> Rig:
    """The rig with one fake node for these tests."""
    if not [node for node in real.api.items("/api/v1/nodes") if node["metadata"]["name"] == "fake"]:
        real.add_nodes(FakeNode("fake"))
    return real


def test_a_suspended_job_runs_for_its_time_once_it_is_let_go(rig: Rig, space: str) -> None:
    """A suspended Job has no pod; unsuspended, its pod runs for its time and keeps when it started."""
    rig.api.post(jobs(space), job("sum", played(runs_for=2), suspend=True, selector=FAKE))
    assert only_pod(rig, space) is None
    rig.api.patch(f"{jobs(space)}/sum", {"spec": {"suspend": False}})
    began = state_of(pod_in_phase(rig, space, "Running"), "running")["startedAt"]
    ended = state_of(pod_in_phase(rig, space, "Succeeded"), "terminated")
    assert ended["startedAt"] == began
    assert seconds(began, ended["finishedAt"]) == 2
    assert ended["exitCode"] == 0
    until(lambda: rig.api.get(f"{jobs(space)}/sum")["status"].get("succeeded") == 1)


def test_a_job_fails_with_its_code(rig: Rig, space: str) -> None:
    """A pod that is to fail ends with its exit code, and its Job has failed."""
    rig.api.post(jobs(space), job("sum", played(runs_for=1, exit_code=3), selector=FAKE))
    ended = state_of(pod_in_phase(rig, space, "Failed"), "terminated")
    assert (ended["exitCode"], ended["reason"]) == (3, "Error")
    assert seconds(ended["startedAt"], ended["finishedAt"]) == 1
    until(lambda: rig.api.get(f"{jobs(space)}/sum")["status"].get("failed") == 1)


def test_a_pod_is_killed_for_memory(rig: Rig, space: str) -> None:
    """Out of memory looks as it does on a real node: 137 and OOMKilled."""
    rig.api.post(jobs(space), job("sum", played(runs_for=0, out_of_memory=True), selector=FAKE))
    ended = state_of(pod_in_phase(rig, space, "Failed"), "terminated")
    assert (ended["exitCode"], ended["reason"]) == (137, "OOMKilled")


def test_touching_a_running_pod_moves_its_end_by_nothing(rig: Rig, space: str) -> None:
    """The end is reckoned from the start, so that labels put on a pod do not give it more time."""
    rig.api.post(pods(space), pod("sum", annotations=played(runs_for=2), node="fake"))
    pod_in_phase(rig, space, "Running")
    for number in range(5):
        rig.api.patch(f"{pods(space)}/sum", {"metadata": {"labels": {"touched": str(number)}}})
    ended = state_of(pod_in_phase(rig, space, "Succeeded"), "terminated")
    assert seconds(ended["startedAt"], ended["finishedAt"]) == 2


def test_a_pod_takes_its_time_to_end(rig: Rig, space: str) -> None:
    """A deleted pod stays for as long as it needs, shows how it ended, and is then gone."""
    slow = pod("slow", annotations=played(stops_in=2), node="fake")
    rig.api.post(pods(space), keeping(slow))
    pod_in_phase(rig, space, "Running")
    asked = rig.api.delete(f"{pods(space)}/slow")["metadata"]["deletionTimestamp"]
    ended = state_of(pod_in_phase(rig, space, "Failed"), "terminated")
    assert ended["exitCode"] == 143
    assert 27 <= seconds(ended["finishedAt"], asked) <= 28  # asked is the end of its grace of 30 s
    rig.api.patch(f"{pods(space)}/slow", {"metadata": {"finalizers": None}})
    until(lambda: only_pod(rig, space) is None)


def test_a_pod_that_will_not_end_is_killed_when_its_grace_is_over(rig: Rig, space: str) -> None:
    """Grace is an upper bound, after which comes SIGKILL."""
    stubborn = pod("stubborn", annotations=played(stops_in=600), node="fake", grace_s=1)
    rig.api.post(pods(space), keeping(stubborn))
    pod_in_phase(rig, space, "Running")
    rig.api.delete(f"{pods(space)}/stubborn")
    assert state_of(pod_in_phase(rig, space, "Failed"), "terminated")["exitCode"] == 137
    rig.api.patch(f"{pods(space)}/stubborn", {"metadata": {"finalizers": None}})


def test_a_pod_whose_image_never_comes_waits_for_that_reason(rig: Rig, space: str) -> None:
    """A pod may hang before it runs, with the reason that a kubelet gives."""
    rig.api.post(pods(space), pod("stuck", annotations=played(never_starts="ImagePullBackOff"), node="fake"))
    until(lambda: rig.api.get(f"{pods(space)}/stuck")["status"].get("containerStatuses"))
    assert state_of(pod_in_phase(rig, space, "Pending"), "waiting")["reason"] == "ImagePullBackOff"


def keeping(made: dict[str, object]) -> dict[str, object]:
    """The pod with a finalizer that keeps it after its end, so that a test can look at it."""
    assert isinstance(made["metadata"], dict)
    made["metadata"]["finalizers"] = ["rig.dure/look"]
    return made
