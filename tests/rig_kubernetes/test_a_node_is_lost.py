from typing import Any

import pytest

from tests.rig.kubernetes.objects import A100, FakeNode, played, pod
from tests.rig.kubernetes.rig import Rig
from tests.rig.room import until
from tests.rig_kubernetes.seen import pod_in_phase, pods, seconds, state_of

pytestmark = pytest.mark.slow


def readiness(rig: Rig, node: str) -> str:
    return condition(rig.api.get(f"/api/v1/nodes/{node}"), "Ready")


def condition(thing: dict[str, Any], kind: str) -> str:
    return str(next(one["status"] for one in thing["status"]["conditions"] if one["type"] == kind))


def test_a_lost_node_is_unknown_and_its_pods_stand_still(real: Rig, space: str) -> None:
    """Heartbeats stop: the node is Unknown and tainted, its pod stands still; on its return both go on."""
    real.add_nodes(FakeNode("lost"), FakeNode("other-1"), FakeNode("other-2"))
    real.api.post(pods(space), pod("sum", annotations=played(runs_for=5), node="lost"))
    pod_in_phase(real, space, "Running")
    real.lose_node("lost")
    until(lambda: readiness(real, "lost") == "Unknown")
    taints = until(lambda: real.api.get("/api/v1/nodes/lost")["spec"].get("taints"))
    assert "node.kubernetes.io/unreachable" in {taint["key"] for taint in taints or ()}
    assert readiness(real, "other-1") == "True"
    until(lambda: condition(real.api.get(f"{pods(space)}/sum"), "Ready") == "False")
    pod_in_phase(real, space, "Running")  # its five seconds are long over
    real.return_node("lost")
    until(lambda: readiness(real, "lost") == "True")
    ended = state_of(pod_in_phase(real, space, "Succeeded"), "terminated")
    assert seconds(ended["startedAt"], ended["finishedAt"]) == 5


def test_a_fake_node_looks_like_one_of_nvidias(real: Rig) -> None:
    """Capacity and labels are those of the device plugin and GPU feature discovery; taints and zones are kept."""
    taint = {"key": "room/tax", "value": "late", "effect": "NoSchedule"}
    real.add_nodes(
        FakeNode("gpus", gpu=A100, gpus=4, mig={"1g.10gb": 7}, zone="a", rack="r1", taints=[taint])
    )
    node = real.api.get("/api/v1/nodes/gpus")
    labels, held = node["metadata"]["labels"], node["status"]["allocatable"]
    assert (held["nvidia.com/gpu"], held["nvidia.com/mig-1g.10gb"]) == ("4", "7")
    assert labels["nvidia.com/gpu.product"] == "NVIDIA-A100-SXM4-80GB"
    assert labels["nvidia.com/mig-1g.10gb.product"] == "NVIDIA-A100-SXM4-80GB-MIG-1g.10gb"
    assert labels["topology.kubernetes.io/zone"] == "a"
    assert taint in node["spec"]["taints"]
