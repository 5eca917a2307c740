import pytest

from dure.backends.kubernetes.instants import instant
from dure.model.instants import SECOND
from dure.model.record import JobState
from tests.backends.kubernetes.stand import Stand

pytestmark = pytest.mark.slow


def test_a_gang_with_a_task_on_a_lost_node_is_lost(stand: Stand) -> None:
    """Its end there is the node's last proof of life; the rest is ended, and the room has the place again."""
    job = stand.post("gang", pods=2, cpu="100m")
    stand.go(job, (stand.a, 1), (stand.b, 1))
    stand.running(job)
    stand.until(lambda: all(task.started is not None for task in stand.attempt(job).tasks))
    stand.rig.lose_node(stand.b)
    path = f"/api/v1/nodes/{stand.b}"
    stand.until(lambda: not is_ready(stand.rig.api.get(path)))
    (there,) = [pod for pod in stand.pods("gang") if pod["spec"]["nodeName"] == stand.b]
    # as the node lifecycle controller does it once the pod's toleration is over, after minutes
    stand.rig.api.delete(f"/api/v1/namespaces/{stand.space}/pods/{there['metadata']['name']}")
    record = stand.ended(job)
    assert record.state is JobState.LOST
    assert record.exit_code is None
    assert "lost" in record.reason
    ends = {task.node: task.ended or 0 for task in record.attempts[0].tasks}
    beat = next(c for c in stand.rig.api.get(path)["status"]["conditions"] if c["type"] == "Ready")
    started = max(task.started or 0 for task in record.attempts[0].tasks)
    assert ends[stand.b] == max(instant(beat["lastHeartbeatTime"]), started)
    assert ends[stand.a] > ends[stand.b]
    _, slices = stand.slices(0, stand.clock.now() + SECOND)
    assert {s.end for s in slices if s.node == stand.b and s.resource == "cpu"} <= {ends[stand.b]}
    stand.rig.return_node(stand.b)
    stand.settled(job)
    assert stand.record(job) == record


def is_ready(node: dict[str, object]) -> bool:
    conditions: list[dict[str, str]] = node["status"]["conditions"]  # type: ignore[index]  # as the API gives it
    return any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)
