import pytest

from tests.rig.kubernetes.objects import job, pod
from tests.rig.kubernetes.rig import Rig
from tests.rig.room import until
from tests.rig_kubernetes.seen import jobs, only_pod, pod_in_phase, pods, state_of

pytestmark = pytest.mark.slow
REAL = {"rig.dure/real": "yes"}


def test_a_job_runs_with_its_log_and_its_exit_code(real: Rig, space: str) -> None:
    """A Job's container really runs, and the API server tells what it wrote and how it ended."""
    command = ["sh", "-c", "echo from a container; exit 7"]
    real.api.post(
        jobs(space), job("talk", command=command, selector=REAL, requests={"cpu": "100m", "memory": "16Mi"})
    )
    ended = pod_in_phase(real, space, "Failed")
    assert state_of(ended, "terminated")["exitCode"] == 7
    assert real.api.text(f"{pods(space)}/{ended['metadata']['name']}/log") == "from a container\n"


def test_a_deleted_pod_gets_sigterm_and_its_grace(real: Rig, space: str) -> None:
    """The container hears SIGTERM, says goodbye in its grace, and ends with a code of its own."""
    script = "trap 'echo goodbye; exit 5' TERM; echo hello; while true; do sleep 0.1; done"
    asked = pod("polite", "sh", "-c", script, node="real-0", grace_s=20)
    asked["metadata"]["finalizers"] = ["rig.dure/look"]
    real.api.post(pods(space), asked)
    until(lambda: log_of(real, space) == "hello\n")
    real.api.delete(f"{pods(space)}/polite")
    assert state_of(pod_in_phase(real, space, "Failed"), "terminated")["exitCode"] == 5
    real.api.patch(f"{pods(space)}/polite", {"metadata": {"finalizers": None}})
    until(lambda: only_pod(real, space) is None)


def log_of(rig: Rig, space: str) -> str:
    running = rig.api.get(f"{pods(space)}/polite")["status"]["phase"] == "Running"
    return rig.api.text(f"{pods(space)}/polite/log") if running else ""
