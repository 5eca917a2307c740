"""A desk over a backend on the rig: a tenant's namespace, fake nodes, and Jobs that kwok plays."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dure.backends.kubernetes import KubernetesBackend
from dure.model.change import Submitted
from dure.model.job import Job, JobId, Placement
from dure.model.node import GpuFlavor, Pool
from dure.model.plan import Start
from dure.model.record import JobRecord
from dure.model.resources import Resources
from dure.model.rules import Planning, Rules
from dure.model.tenant import Tenant
from tests.backends.desk import Desk, WallClock
from tests.backends.kubernetes.lives import check_lives
from tests.rig.kubernetes.objects import A100, FakeNode, job, played
from tests.rig.kubernetes.rig import Rig
from tests.rig.room import until

A100_80G = GpuFlavor("a100-80g", 1000, (("nvidia.com/gpu.product", A100.product),))
OURS = {"rig.dure/stand": "yes"}


class Stand(Desk):
    """One tenant `lab` and two fake nodes of its own, `a` and `b` (4 cpus, 8 GiB, 4 A100 each)."""

    def __init__(self, rig: Rig, name: str, data: Path, options: Mapping[str, str]) -> None:
        self.rig, self.name, self.space = rig, name, f"{name}-lab"
        self.a, self.b = f"{name}-a", f"{name}-b"
        rig.add_namespace(self.space)
        rig.add_nodes(*(FakeNode(each, 4, 8, gpu=A100, gpus=4) for each in (self.a, self.b)))
        settings = {"kubeconfig": str(rig.kubeconfig), "namespace_prefix": f"{name}-", **options}
        pool = Pool("pool", "kubernetes", (), tuple(settings.items()))
        rules = Rules(
            "test", planning=Planning(grace=1_000), pools=(pool,), tenants=(Tenant("lab"),),
            flavors=(A100_80G,),
        )  # fmt: skip
        super().__init__(lambda rules, _, clock: self.made(rules, clock), rules, data)
        self.told = [*self.listed]

    def made(self, rules: Rules, clock: WallClock) -> KubernetesBackend:
        return KubernetesBackend(rules.pools[0], rules, clock)

    @property
    def jobs(self) -> str:
        """Where the tenant's Jobs are."""
        return f"/apis/batch/v1/namespaces/{self.space}/jobs"

    def post(
        self, name: str, *, pods: int = 1, cpu: str = "1", runs_for: float | None = None, **how: Any
    ) -> Job:
        """A Job as a tenant makes it with kubectl, suspended; waits until it is queued."""
        extra = {key: how.pop(key) for key in ("requests",) if key in how}
        requests = extra.get("requests", {"cpu": cpu, "memory": "100Mi"})
        self.rig.api.post(
            self.jobs,
            job(name, played(runs_for, **how), pods=pods, suspend=True, requests=requests, grace_s=1),
        )
        return self.queued(name)

    def queued(self, name: str) -> Job:
        """The job that an object stands for, once it is seen."""
        uid = self.object(name)["metadata"]["uid"]
        self.until(lambda: any(isinstance(c, Submitted) and c.job.id == uid for c in self.changes))
        return next(c.job for c in self.changes if isinstance(c, Submitted) and c.job.id == uid)

    def object(self, name: str) -> dict[str, Any]:
        return self.rig.api.get(f"{self.jobs}/{name}")

    def pods(self, job_name: str = "") -> list[dict[str, Any]]:
        found = self.rig.api.items(f"/api/v1/namespaces/{self.space}/pods")
        label = "batch.kubernetes.io/job-name"
        return [pod for pod in found if not job_name or pod["metadata"]["labels"].get(label) == job_name]

    def go(self, job: Job | JobId, *places: tuple[str, int], attempt: int = 1, flavor: str = "") -> None:
        """Start a job's one group at these (node, tasks)."""
        where = tuple(Placement(0, node, flavor, tasks) for node, tasks in places or [(self.a, 1)])
        name = job if isinstance(job, str) else job.id
        self.call(self.backend.start(Start(name, attempt, where, guaranteed=True)))

    def free(self, node: str) -> Resources:
        """What a node gives to jobs, as the backend last told."""
        assert isinstance(self.backend, KubernetesBackend)
        return self.backend.nodes[node].capacity

    def finish(self) -> None:
        """Hold what was told against what may be; then leave nothing."""
        self.look()
        check_lives([*self.told, *self.changes])
        super().finish()
        self.rig.api.delete(f"/api/v1/namespaces/{self.space}")
        for node in (self.a, self.b):
            self.rig.api.delete(f"/api/v1/nodes/{node}", grace_s=0)

    def settled(self, job: Job) -> JobRecord:
        """The record once the job is final, its attempt is sealed and its pods are let go."""
        record = self.ended(job)
        until(lambda: not self.kept_pods())
        return record

    def kept_pods(self) -> list[str]:
        """Pods that our finalizer still keeps, while the backend goes on."""
        self.look(0.05)
        return [
            pod["metadata"]["name"] for pod in self.pods()
            if "dure.dev/meter" in pod["metadata"].get("finalizers", [])
        ]  # fmt: skip
