import pytest

from dure.model.change import NodeGone, NodeSet
from dure.model.node import NodeState
from dure.model.resources import Resources
from dure.ports import Refused
from tests.backends.kubernetes.stand import Stand
from tests.rig.kubernetes.objects import FakeNode, pod

pytestmark = pytest.mark.slow


def told(stand: Stand, node: str) -> list[NodeState]:
    return [c.node.state for c in stand.look() if isinstance(c, NodeSet) and c.node.id == node]


def test_a_node_gives_what_is_allocatable(stand: Stand) -> None:
    """Cpu, memory, and devices by the flavor that its labels say."""
    assert stand.free(stand.a) == Resources.of(4000, 8192, {"a100-80g": 4})


def test_pods_of_others_take_room_while_they_are_there(stand: Stand) -> None:
    """A pod that some other scheduler put on a node; once it is over or gone its room is free."""
    requests = {"cpu": "1500m", "memory": "1Gi", "nvidia.com/gpu": "1"}
    path = f"/api/v1/namespaces/{stand.space}/pods"
    stand.rig.api.post(path, pod("other", node=stand.a, requests=requests, grace_s=0))
    stand.until(lambda: stand.free(stand.a) == Resources.of(2500, 7168, {"a100-80g": 3}))
    with pytest.raises(Refused, match="no room"):
        stand.go(stand.post("sum", cpu="3"))
    stand.rig.api.delete(f"{path}/other", grace_s=0)
    stand.until(lambda: stand.free(stand.a) == Resources.of(4000, 8192, {"a100-80g": 4}))


def test_a_cordoned_or_drained_node_takes_no_more(stand: Stand) -> None:
    """Told as draining by kubectl or by dure, and as up when it is returned; what runs goes on."""
    job = stand.post("sum")
    stand.rig.api.patch(f"/api/v1/nodes/{stand.a}", {"spec": {"unschedulable": True}})
    stand.until(lambda: told(stand, stand.a)[-1:] == [NodeState.DRAINING])
    with pytest.raises(Refused, match="draining"):
        stand.go(job)
    stand.rig.api.patch(f"/api/v1/nodes/{stand.a}", {"spec": {"unschedulable": False}})
    stand.until(lambda: told(stand, stand.a)[-1:] == [NodeState.UP])
    stand.call(stand.backend.drain(stand.a, True))
    with pytest.raises(Refused, match="draining"):
        stand.go(job)
    stand.call(stand.backend.drain(stand.a, False))
    stand.go(job)


def test_nodes_come_and_go(stand: Stand) -> None:
    """A new node is told, also one without labels of ours; a removed one is gone."""
    extra = f"{stand.name}-extra"
    stand.rig.add_nodes(FakeNode(extra, 2, 4))
    stand.until(lambda: NodeState.UP in told(stand, extra))
    assert stand.free(extra) == Resources(2000, 4096)
    stand.rig.api.delete(f"/api/v1/nodes/{extra}", grace_s=0)
    stand.until(lambda: any(isinstance(c, NodeGone) and c.node == extra for c in stand.changes))
