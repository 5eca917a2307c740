"""The contract's room on the rig: n1 is the real node, with GPUs put on it; n2 is a fake one. Tenant `lab`."""

import itertools
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from dure.backends.kubernetes import KubernetesBackend
from dure.model.instants import Instant, Interval
from dure.model.node import GpuFlavor, Pool
from dure.model.rules import Rules
from dure.model.use import Slice
from dure.ports import Backend
from tests.backends.desk import Desk, WallClock
from tests.backends.kubernetes.renamed import Renamed
from tests.rig.kubernetes.api import Refused
from tests.rig.kubernetes.objects import A100, T4, FakeNode
from tests.rig.kubernetes.rig import Rig
from tests.rig.room import until

REAL = "real-0"
IMAGE = "localhost/busybox:1"
FLAVORS = (
    GpuFlavor("a100", 1000, (("nvidia.com/gpu.product", A100.product),)),
    GpuFlavor("t4", 200, (("nvidia.com/gpu.product", T4.product),)),
)
DEVICES = {"nvidia.com/gpu": "2"}
_numbers = itertools.count()


class ClusterDesk(Desk):
    """A desk over a cluster: jobs run an image, and instants are recorded by the second."""

    image = IMAGE
    unheeded = -9  # a container's first process hears no signal that it does not handle
    resolution = 1_000

    def slices(self, since: Instant, until: Instant) -> tuple[Interval, tuple[Slice, ...]]:
        """Once all is known up to `until`, as far as that is past: kubelets tell of ends a little late."""
        wanted = min(until, self.clock.now())
        asked, found = super().slices(since, until)
        while asked.end < wanted:
            self.look(0.5)
            asked, found = super().slices(since, until)
        return asked, found


def make_on(rig: Rig) -> Callable[[Rules, Path, WallClock], Backend]:
    """Makes backends over one namespace of the rig's, and one fake node, of their own."""
    name = f"c{next(_numbers)}"
    rig.add_namespace(f"{name}-lab")
    rig.add_nodes(FakeNode(f"{name}-n2", 4, 2, gpu=T4, gpus=2))
    _equip(rig)
    _install_job_sets(rig)

    def make(rules: Rules, _: Path, clock: WallClock) -> Backend:
        options = {"kubeconfig": str(rig.kubeconfig), "namespace_prefix": f"{name}-"}
        pool = Pool("pool", "kubernetes", (), tuple(options.items()))
        backend = KubernetesBackend(pool, replace(rules, pools=(pool,), flavors=FLAVORS), clock)
        return Renamed(backend, {"n1": REAL, "n2": f"{name}-n2"})

    return make


def _equip(rig: Rig) -> None:
    """Devices that nothing drives: enough to be counted, as Kubernetes lets an admin state them."""
    path = f"/api/v1/nodes/{REAL}"
    labels = {"nvidia.com/gpu.product": A100.product}
    rig.api.patch(path, {"metadata": {"labels": labels}})
    rig.api.patch(f"{path}/status", {"status": {"capacity": DEVICES, "allocatable": DEVICES}})


def _install_job_sets(rig: Rig) -> None:
    """The kind alone, with a schema that takes anything: unlike groups are queued as one."""
    path, name = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", "jobsets.jobset.x-k8s.io"
    if any(each["metadata"]["name"] == name for each in rig.api.items(path)):
        return
    anything = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    schema = {"type": "object", "properties": {"spec": anything, "status": anything}}
    version = {"name": "v1alpha2", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
    names = {"plural": "jobsets", "singular": "jobset", "kind": "JobSet", "listKind": "JobSetList"}
    spec = {"group": "jobset.x-k8s.io", "scope": "Namespaced", "names": names, "versions": [version]}
    rig.api.post(path, {"metadata": {"name": name}, "spec": spec})
    until(lambda: _is_served(rig))


def _is_served(rig: Rig) -> bool:
    try:
        rig.api.get("/apis/jobset.x-k8s.io/v1alpha2/jobsets")
    except Refused:
        return False
    return True
