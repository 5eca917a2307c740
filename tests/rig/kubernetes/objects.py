"""The objects that tests make most: fake nodes with the labels of real ones, Jobs that kwok plays, plain Pods."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.rig.kubernetes.control_plane import PLAYED

Json = dict[str, Any]
GIB = 1024**3


@dataclass(frozen=True, slots=True)
class GpuKind:
    """What NVIDIA's device plugin and feature discovery say of one kind of GPU."""

    product: str
    memory_mib: int
    family: str
    compute: tuple[int, int]


A100 = GpuKind("NVIDIA-A100-SXM4-80GB", 81_920, "ampere", (8, 0))
H100 = GpuKind("NVIDIA-H100-80GB-HBM3", 81_559, "hopper", (9, 0))
T4 = GpuKind("Tesla-T4", 15_360, "turing", (7, 5))


@dataclass(frozen=True, slots=True)
class FakeNode:
    """A node that kwok plays. `mig` counts the slices of each profile (1g.10gb), under the `mixed` strategy."""

    name: str
    cpu: int = 8
    memory_gib: int = 32
    pods: int = 110
    gpu: GpuKind | None = None
    gpus: int = 0
    mig: Mapping[str, int] = field(default_factory=dict)
    zone: str = ""
    rack: str = ""
    taints: Sequence[Json] = ()
    labels: Mapping[str, str] = field(default_factory=dict)

    def object(self) -> Json:
        """The Node as the API server takes it."""
        held = self.resources()
        return {
            "apiVersion": "v1", "kind": "Node",
            "metadata": {"name": self.name, "labels": self.all_labels()},
            "spec": {"taints": list(self.taints)},
            "status": {"capacity": held, "allocatable": held},
        }  # fmt: skip

    def resources(self) -> dict[str, str]:
        whole = {"nvidia.com/gpu": self.gpus} if self.gpu else {}
        sliced = {f"nvidia.com/mig-{profile}": count for profile, count in self.mig.items()}
        plain = {"cpu": self.cpu, "memory": f"{self.memory_gib}Gi", "pods": self.pods}
        return {name: str(value) for name, value in {**plain, **whole, **sliced}.items()}

    def all_labels(self) -> dict[str, str]:
        own = {"kubernetes.io/hostname": self.name, "kubernetes.io/os": "linux"}
        where = {"topology.kubernetes.io/zone": self.zone, "topology.kubernetes.io/rack": self.rack}
        placed = {name: value for name, value in where.items() if value}
        return {PLAYED: "yes", **own, **placed, **self.gpu_labels(), **self.labels}

    def gpu_labels(self) -> dict[str, str]:
        """The labels of NVIDIA's GPU feature discovery, as it sets them."""
        if self.gpu is None:
            return {}
        major, minor = self.gpu.compute
        told = {
            "present": True, "count": self.gpus, "product": self.gpu.product, "memory": self.gpu.memory_mib,
            "family": self.gpu.family, "compute.major": major, "compute.minor": minor, "replicas": 1,
            "sharing-strategy": "none", "machine": "fake", "deploy.device-plugin": True,
        }  # fmt: skip
        labels = {f"nvidia.com/gpu.{name}": _said(value) for name, value in told.items()}
        capable = self.gpu.compute[0] >= 8
        labels |= {"nvidia.com/mig.capable": _said(capable), "nvidia.com/cuda.driver.major": "570"}
        labels |= {"nvidia.com/mig.strategy": "mixed"} if self.mig else {}
        return labels | self._slice_labels(self.gpu)

    def _slice_labels(self, gpu: GpuKind) -> dict[str, str]:
        labels: dict[str, str] = {}
        for profile, count in self.mig.items():
            memory = int(profile.partition(".")[2].removesuffix("gb")) * 1_000
            told = {"count": count, "product": f"{gpu.product}-MIG-{profile}", "memory": memory}
            labels |= {f"nvidia.com/mig-{profile}.{name}": str(value) for name, value in told.items()}
        return labels


def _said(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


# What kwok plays: annotations of a pod template


def played(
    runs_for: float | None = None, exit_code: int = 0, out_of_memory: bool = False,
    stops_in: float | None = None, exit_on_term: int | None = None, starts_after: float | None = None,
    never_starts: str = "",
) -> dict[str, str]:  # fmt: skip
    """How kwok plays a pod, in seconds; without `runs_for` it runs until it is deleted."""
    said = {
        "runs-for": runs_for, "exit-code": exit_code or None, "out-of-memory": "yes" if out_of_memory else None,
        "stops-in": stops_in, "exit-on-term": exit_on_term, "starts-after": starts_after,
        "never-starts": never_starts or None,
    }  # fmt: skip
    return {f"rig.dure/{name}": str(value) for name, value in said.items() if value is not None}


def job(
    name: str, annotations: Mapping[str, str] | None = None, *, pods: int = 1, suspend: bool = False,
    requests: Mapping[str, str] | None = None, grace_s: int = 30, backoff_limit: int = 0,
    command: Sequence[str] = (), image: str = "localhost/busybox:1", selector: Mapping[str, str] | None = None,
) -> Json:  # fmt: skip
    """A Job of so many pods at once, played by kwok or, with a command and a selector, run for real."""
    template = pod_spec(requests or {"cpu": "1"}, grace_s, command, image) | {"restartPolicy": "Never"}
    template |= {"nodeSelector": dict(selector)} if selector else {}
    return {
        "apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": name},
        "spec": {
            "suspend": suspend, "parallelism": pods, "completions": pods, "backoffLimit": backoff_limit,
            "template": {"metadata": {"annotations": dict(annotations or {})}, "spec": template},
        },
    }  # fmt: skip


def pod(
    name: str, *command: str, annotations: Mapping[str, str] | None = None, node: str = "",
    requests: Mapping[str, str] | None = None, grace_s: int = 30, image: str = "localhost/busybox:1",
) -> Json:  # fmt: skip
    """A pod that is started once."""
    spec = pod_spec(requests or {"cpu": "100m"}, grace_s, command, image) | {"restartPolicy": "Never"}
    spec |= {"nodeName": node} if node else {}
    about = {"name": name, "annotations": dict(annotations or {})}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": about, "spec": spec}


def pod_spec(requests: Mapping[str, str], grace_s: int, command: Sequence[str], image: str) -> Json:
    """One container named main; extended resources are limits too, as Kubernetes wants them."""
    limits = {name: value for name, value in requests.items() if "/" in name}
    container: Json = {"name": "main", "image": image}
    container |= {"command": list(command)} if command else {}
    container |= {"resources": {"requests": dict(requests), "limits": limits}}
    return {"terminationGracePeriodSeconds": grace_s, "containers": [container]}
