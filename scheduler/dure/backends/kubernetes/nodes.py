"""A cluster's nodes: what they give to this room's jobs, and whether they take any."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from dure.backends.kubernetes.admitting import TOLERATIONS
from dure.backends.kubernetes.flavors import flavor_on
from dure.backends.kubernetes.instants import instant
from dure.backends.kubernetes.names import Json
from dure.backends.kubernetes.pods import PodSeen
from dure.backends.kubernetes.podspec import is_gpu
from dure.backends.kubernetes.quantities import devices, mebibytes, millicores
from dure.model.instants import Instant
from dure.model.node import GpuFlavor, Node, NodeState
from dure.model.resources import Flavor, Resources

_TOLERATED = {(str(each["key"]), str(each["effect"])) for each in TOLERATIONS}
_KEPT = (
    "topology.kubernetes.io/",
    "kubernetes.io/hostname",
    "nvidia.com/",
    "node.kubernetes.io/instance-type",
    "rack",
)


@dataclass(frozen=True, slots=True)
class NodeSeen:
    """A node. cpu in millicores and memory in MiB (rounded down), devices by Kubernetes resource, all allocatable.

    `heartbeat` is when its kubelet last said how it stands. `taints`: (key, effect).
    """

    name: str
    uid: str
    version: str
    cpu: int
    memory: int
    devices: tuple[tuple[str, int], ...]
    labels: tuple[tuple[str, str], ...]
    ready: bool
    heartbeat: Instant
    created: Instant
    unschedulable: bool = False
    taints: tuple[tuple[str, str], ...] = ()


def node_seen(node: Json) -> NodeSeen:
    """The node as it stands. Raises BadQuantity for allocatable amounts that are none."""
    meta, spec, status = node["metadata"], node.get("spec") or {}, node.get("status") or {}
    there = status.get("allocatable") or status.get("capacity") or {}
    ready: Json = next((each for each in status.get("conditions") or () if each.get("type") == "Ready"), {})
    created = instant(meta["creationTimestamp"])
    beat = ready.get("lastHeartbeatTime") or ready.get("lastTransitionTime")
    return NodeSeen(
        name=meta["name"],
        uid=meta["uid"],
        version=meta.get("resourceVersion", ""),
        cpu=millicores(there.get("cpu", "0"), up=False),
        memory=mebibytes(there.get("memory", "0"), up=False),
        devices=tuple(sorted((name, devices(n)) for name, n in there.items() if is_gpu(name))),
        labels=tuple(sorted((k, v) for k, v in (meta.get("labels") or {}).items() if k.startswith(_KEPT))),
        ready=ready.get("status") == "True",
        heartbeat=instant(beat) if beat else created,
        created=created,
        unschedulable=bool(spec.get("unschedulable")),
        taints=tuple((each["key"], each.get("effect", "")) for each in spec.get("taints") or ()),
    )


def node(
    seen: NodeSeen, others: Iterable[PodSeen], pool: str, flavors: Iterable[GpuFlavor], drained: bool = False
) -> Node:  # fmt: skip
    """The node as the room has it: what is allocatable less what pods that are not governed hold there.

    `others` are those pods, by whomever they were placed; one that is over holds nothing. Devices of a kind that no
    flavor names are not counted. Never less than nothing.
    """
    known = tuple(flavors)
    left = Resources(seen.cpu, seen.memory, ()) + _devices(seen, seen.devices, known)
    for pod in others:
        if pod.node == seen.name and not pod.over:
            request = pod.request
            left = left - Resources(request.cpu, request.memory) - _devices(seen, request.devices, known)
    gpus = {flavor: max(number, 0) for flavor, number in left.gpus}
    capacity = Resources.of(max(left.cpu, 0), max(left.memory, 0), gpus)
    return Node(seen.name, pool, capacity, state_of(seen, drained), seen.labels)


def gpu_flavors(seen: NodeSeen, flavors: Iterable[GpuFlavor]) -> dict[str, Flavor]:
    """The flavor of each kind of device on a node, by Kubernetes resource; without those that no flavor names."""
    known, labels = tuple(flavors), dict(seen.labels)
    found = {name: flavor_on(labels, name, known) for name, _ in seen.devices}
    return {name: flavor for name, flavor in found.items() if flavor}


def _devices(seen: NodeSeen, amounts: Iterable[tuple[str, int]], flavors: tuple[GpuFlavor, ...]) -> Resources:
    by_resource = gpu_flavors(seen, flavors)
    found: dict[Flavor, int] = {}
    for name, number in amounts:
        if name in by_resource:
            found[by_resource[name]] = found.get(by_resource[name], 0) + number
    return Resources.of(gpus=found)


def state_of(seen: NodeSeen, drained: bool = False) -> NodeState:
    """Whether it takes jobs (`up`), keeps those it has (`draining`), or holds nothing (`down`)."""
    against = {effect for key, effect in seen.taints if (key, effect) not in _TOLERATED}
    if not seen.ready or "NoExecute" in against:
        return NodeState.DOWN
    closed = drained or seen.unschedulable or "NoSchedule" in against
    return NodeState.DRAINING if closed else NodeState.UP
