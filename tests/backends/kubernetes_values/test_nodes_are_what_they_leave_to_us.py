from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dure.backends.kubernetes.flavors import flavor_on, is_product, resource_of
from dure.backends.kubernetes.nodes import NodeSeen, node, node_seen
from dure.backends.kubernetes.pods import PodSeen
from dure.backends.kubernetes.podspec import PodRequest
from dure.model.node import GpuFlavor, NodeState
from dure.model.resources import Resources
from tests.backends.kubernetes_values.jobs import FLAVORS

Json = dict[str, Any]


def raw(
    allocatable: dict[str, str] | None = None,
    ready: str = "True",
    labels: dict[str, str] | None = None,
    **spec: Any,
) -> Json:
    there = {"cpu": "7900m", "memory": "32000000Ki", "pods": "110", **(allocatable or {})}
    beat = {"type": "Ready", "status": ready, "lastHeartbeatTime": "2026-11-22T09:00:00Z"}
    return {
        "metadata": {"name": "n1", "uid": "u", "creationTimestamp": "2026-11-22T08:00:00Z", "labels": labels or {}},
        "spec": spec, "status": {"allocatable": there, "conditions": [beat]},
    }  # fmt: skip


def seen(*arguments: Any, **more: Any) -> NodeSeen:
    return node_seen(raw(*arguments, **more))


def other(
    cpu: int = 0,
    memory: int = 0,
    devices: tuple[tuple[str, int], ...] = (),
    node: str = "n1",
    over: bool = False,
) -> PodSeen:
    return PodSeen(
        "u", "kube-system", "d", "1", node, "Running", 0, PodRequest(cpu, memory, devices), over=over
    )


def test_what_others_hold_is_not_ours() -> None:
    """Daemons, static pods and pods of other schedulers take room, as long as they are there and nowhere else."""
    others = [other(100, 50), other(200, 70), other(400, node="n2"), other(800, over=True)]
    assert node(seen(), others, "k8s", FLAVORS).capacity == Resources(7600, 31250 - 120)


def test_what_there_is_is_rounded_down() -> None:
    """A part of a millicore or a MiB is nothing that can be promised."""
    assert node(seen({"cpu": "1500001u", "memory": "1048577"}), [], "k8s", ()).capacity == Resources(1500, 1)


def test_less_than_nothing_is_nothing() -> None:
    """Others may hold more than is allocatable."""
    crowd = [other(9000, 99999, (("nvidia.com/gpu", 3),))]
    found = seen({"nvidia.com/gpu": "2"}, labels={"nvidia.com/gpu.product": "Tesla-T4"})
    assert node(found, crowd, "k8s", FLAVORS).capacity == Resources()


@pytest.mark.parametrize(
    ("devices", "labels", "gpus"),
    [
        ({"nvidia.com/gpu": "8"}, {"nvidia.com/gpu.product": "NVIDIA-H100-80GB-HBM3"}, {"h100": 8}),
        ({"nvidia.com/gpu": "8"}, {"nvidia.com/gpu.product": "NVIDIA-A100-SXM4-80GB"}, {"a100-80g": 8}),
        ({"nvidia.com/gpu": "8"}, {"nvidia.com/gpu.product": "NVIDIA-A100-SXM4-40GB"}, {}),
        ({"nvidia.com/gpu": "8"}, {}, {}),
        ({"nvidia.com/mig-1g.10gb": "7", "nvidia.com/gpu": "2"},
         {"nvidia.com/gpu.product": "NVIDIA-A100-SXM4-80GB"},
         {"a100-80g": 2, "a100-mig-1g.10gb": 7}),
        ({"nvidia.com/mig-2g.20gb": "3"}, {"nvidia.com/gpu.product": "NVIDIA-A100-SXM4-80GB"}, {}),
        ({"nvidia.com/gpu": "0"}, {"nvidia.com/gpu.product": "Tesla-T4"}, {}),
    ],
)  # fmt: skip
def test_devices_are_of_the_flavor_that_the_labels_name(
    devices: dict[str, str], labels: dict[str, str], gpus: dict[str, int]
) -> None:
    """By the rules' selectors, else by the product; what no flavor names is not counted."""
    assert node(seen(devices, labels=labels), [], "k8s", FLAVORS).capacity.gpus == tuple(sorted(gpus.items()))


def test_the_most_exact_selector_counts() -> None:
    """A flavor for a rack of its own comes before the one for all of the product."""
    product = ("nvidia.com/gpu.product", "P")
    flavors = (
        GpuFlavor("all", node_selector=(product,)),
        GpuFlavor("fast", node_selector=(product, ("rack", "r1"))),
    )
    assert flavor_on({"nvidia.com/gpu.product": "P"}, "nvidia.com/gpu", flavors) == "all"
    assert flavor_on({"nvidia.com/gpu.product": "P", "rack": "r1"}, "nvidia.com/gpu", flavors) == "fast"


@pytest.mark.parametrize(
    ("flavor", "resource"),
    [
        (GpuFlavor("a100-80g"), "nvidia.com/gpu"),
        (GpuFlavor("a100-mig-1g.10gb"), "nvidia.com/mig-1g.10gb"),
        (GpuFlavor("mig-1g.10gb.me"), "nvidia.com/mig-1g.10gb.me"),
        (GpuFlavor("slice", node_selector=(("nvidia.com/mig-3g.40gb.count", "2"),)), "nvidia.com/mig-3g.40gb"),
        (GpuFlavor("a100-mig-1g.10gb", node_selector=(("nvidia.com/gpu.product", "NVIDIA-A100-MIG-1g.10gb"),)),
         "nvidia.com/gpu"),
        (GpuFlavor("mighty"), "nvidia.com/gpu"),
    ],
)  # fmt: skip
def test_slices_have_a_resource_of_their_own(flavor: GpuFlavor, resource: str) -> None:
    """Named by a selector or the flavor's own name; under the single strategy they are plain GPUs."""
    assert resource_of(flavor) == resource


def test_a_name_is_a_product_where_all_its_words_are() -> None:
    """Whole words: an A10 is no A100."""
    assert is_product("a100-80g", "NVIDIA-A100-80GB-PCIe")
    assert is_product("a100", "NVIDIA-A100-SXM4-40GB")
    assert not is_product("a10", "NVIDIA-A100-SXM4-40GB")
    assert not is_product("a100-80g", "NVIDIA-A100-SXM4-40GB")
    assert not is_product("a100", "")


@pytest.mark.parametrize(
    ("more", "state"),
    [
        ({}, NodeState.UP),
        ({"unschedulable": True}, NodeState.DRAINING),
        ({"taints": [{"key": "x", "effect": "NoSchedule"}]}, NodeState.DRAINING),
        ({"taints": [{"key": "x", "effect": "PreferNoSchedule"}]}, NodeState.UP),
        ({"taints": [{"key": "x", "effect": "NoExecute"}]}, NodeState.DOWN),
        ({"taints": [{"key": "nvidia.com/gpu", "effect": "NoSchedule"}]}, NodeState.UP),
        ({"taints": [{"key": "dure.dev/room", "effect": "NoSchedule"}]}, NodeState.UP),
        ({"taints": [{"key": "nvidia.com/gpu", "effect": "NoExecute"}]}, NodeState.DOWN),
        ({"ready": "False"}, NodeState.DOWN),
        ({"ready": "Unknown"}, NodeState.DOWN),
    ],
)
def test_whether_it_takes_jobs(more: Json, state: NodeState) -> None:
    """Ready and without a taint that our pods do not stand; cordoned and tainted ones keep what they have."""
    assert node(seen(**more), [], "k8s", FLAVORS).state is state


def test_one_that_was_drained_here_takes_none() -> None:
    """Until it is returned; one that is down stays down."""
    assert node(seen(), [], "k8s", (), drained=True).state is NodeState.DRAINING
    assert node(seen(ready="False"), [], "k8s", (), drained=True).state is NodeState.DOWN


def test_where_it_stands_is_kept() -> None:
    """Zone, rack and what NVIDIA says of its GPUs; nothing that changes all the time."""
    labels = {
        "topology.kubernetes.io/zone": "a", "topology.kubernetes.io/rack": "r", "nvidia.com/gpu.product": "P",
        "kubernetes.io/hostname": "n1", "beta.example.com/noise": "1",
    }  # fmt: skip
    assert dict(node(seen(labels=labels), [], "k8s", ()).labels).keys() == labels.keys() - {
        "beta.example.com/noise"
    }
    assert seen().heartbeat == 1_795_338_000_000


@given(st.lists(st.tuples(st.integers(0, 9000), st.integers(0, 40000), st.integers(0, 9)), max_size=6))
def test_no_crowd_of_others_makes_room(pods: list[tuple[int, int, int]]) -> None:
    """Capacity is never negative and never grows with what others hold."""
    one = seen({"nvidia.com/gpu": "8"}, labels={"nvidia.com/gpu.product": "Tesla-T4"})
    others = [other(cpu, memory, (("nvidia.com/gpu", n),)) for cpu, memory, n in pods]
    before = node(one, others[:-1], "k8s", FLAVORS).capacity
    after = node(one, others, "k8s", FLAVORS).capacity
    assert after.fits(before)
    assert Resources().fits(after)
