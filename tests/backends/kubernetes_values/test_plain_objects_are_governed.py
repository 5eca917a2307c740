from typing import Any

import pytest

from dure.backends.kubernetes.kinds import (
    BATCH_JOB,
    JOB_SET,
    PYTORCH_JOB,
    RAY_CLUSTER,
    RAY_JOB,
    TRAIN_JOB,
    Kind,
    kind_of,
    suspend_patch,
    suspended,
    url_path,
)
from dure.backends.kubernetes.reading import Queued, Tenancy, is_governed, queued
from dure.model.job import Mount, TaskGroup
from dure.model.rules import Planning, Rules
from dure.model.tenant import Tenant
from dure.ports import Refused
from tests.backends.kubernetes_values.jobs import FLAVORS, TENANCY, merged, stored

Json = dict[str, Any]


def pod(
    cpu: str = "2", memory: str = "1Gi", gpus: int = 0, resource: str = "nvidia.com/gpu", **more: Any
) -> Json:
    asked = {"cpu": cpu, "memory": memory} | ({resource: str(gpus)} if gpus else {})
    container = {"name": "main", "image": "busybox:1", "resources": {"requests": asked}}
    return {"spec": {"containers": [container], "restartPolicy": "Never", **more}}


def plain(
    template: Json | None = None, notes: dict[str, str] | None = None, namespace: str = "lab-ns", **spec: Any
) -> Json:
    """A Job as a tenant makes it with kubectl."""
    meta = {"name": "train", "namespace": namespace, "annotations": {"dure.dev/user": "kim", **(notes or {})}}
    return stored({"metadata": meta, "spec": {"suspend": True, "template": template or pod(), **spec}})


def read(obj: Json, kind: Kind = BATCH_JOB, tenancy: Tenancy = TENANCY) -> Queued:
    return queued(obj, kind, tenancy)


def test_a_job_made_with_kubectl_is_a_job() -> None:
    """Its namespace says whose it is, the stamp who made it, its template what it asks for; its uid is its id."""
    found = read(plain(parallelism=3))
    job = found.job
    assert (job.id, job.tenant, job.user, job.name, job.image) == (
        "uid-1",
        "lab",
        "kim",
        "train",
        "busybox:1",
    )
    assert job.groups == (TaskGroup(3, 2000, 1024),)
    assert job.submitted == 1795334400000
    assert (job.preemptible, job.priority, job.time_limit) == (True, 0, None)
    assert not found.written


def test_what_annotations_ask_for_is_read() -> None:
    """Lengths and lists as people write them."""
    notes = {
        "dure.dev/project": "P1", "dure.dev/priority": "-3", "dure.dev/preemptible": "false",
        "dure.dev/time-limit": "2h30m", "dure.dev/after": "a, b", "dure.dev/checkpoint-interval": "10m",
        "dure.dev/time-limits": "h100=1h, a100-80g=2h", "dure.dev/idempotency-key": "k", "dure.dev/name": "n",
    }  # fmt: skip
    job = read(plain(notes=notes)).job
    assert (job.project, job.priority, job.preemptible, job.time_limit) == ("P1", -3, False, 9_000_000)
    assert (job.after, job.checkpoint_interval, job.idempotency_key, job.name) == (
        ("a", "b"),
        600_000,
        "k",
        "n",
    )
    assert job.time_limits == (("h100", 3_600_000), ("a100-80g", 7_200_000))


def test_a_deadline_is_a_time_limit() -> None:
    """The Job's own where no annotation says otherwise; then the tenant's, then the room's."""
    assert read(plain(activeDeadlineSeconds=90)).job.time_limit == 90_000
    assert read(plain(notes={"dure.dev/time-limit": "5s"}, activeDeadlineSeconds=90)).job.time_limit == 5_000
    rules = Rules(
        "r",
        planning=Planning(default_time_limit=7),
        tenants=(Tenant("lab"), Tenant("x", default_time_limit=9)),
    )
    tenancy = Tenancy.of(rules, {"lab-ns": "lab", "x-ns": "x"})
    assert read(plain(), tenancy=tenancy).job.time_limit == 7
    assert read(plain(namespace="x-ns"), tenancy=tenancy).job.time_limit == 9


def test_a_gang_is_what_runs_at_once() -> None:
    """Parallelism, but never more than there is to complete."""
    assert read(plain(parallelism=4, completions=10)).job.tasks == 4
    assert read(plain(parallelism=4, completions=2)).job.tasks == 2
    assert read(plain()).job.tasks == 1
    with pytest.raises(Refused, match="no pod"):
        read(plain(parallelism=0))


def test_a_container_that_states_nothing_gets_what_its_namespace_gives() -> None:
    """One core and 512 MiB, as the LimitRange of tenants' namespaces has it."""
    bare = {"spec": {"containers": [{"name": "main", "image": "x"}]}}
    assert read(plain(bare)).job.groups == (TaskGroup(1, 1000, 512),)


@pytest.mark.parametrize(
    ("more", "notes", "flavors"),
    [
        ({}, {}, ("h100", "a100-80g", "t4")),
        ({}, {"dure.dev/flavors": "t4,h100"}, ("t4", "h100")),
        ({"nodeSelector": {"nvidia.com/gpu.product": "NVIDIA-H100-80GB-HBM3"}}, {}, ("h100",)),
        ({"nodeSelector": {"nvidia.com/gpu.product": "NVIDIA-A100-SXM4-80GB"}}, {}, ("a100-80g",)),
        ({"nodeSelector": {"disk": "fast"}}, {}, ("h100", "a100-80g", "t4")),
        ({"nodeSelector": {"nvidia.com/gpu.product": "Tesla-T4"}}, {}, ("t4",)),
    ],
)
def test_flavors_are_those_that_its_selectors_allow(
    more: Json, notes: dict[str, str], flavors: tuple[str, ...]
) -> None:
    """All of the room's that the request can be served by, in the room's order, or those named, in that order."""
    assert read(plain(pod(gpus=2, **more), notes)).job.groups[0].flavors == flavors


def affinity(*terms: list[Json]) -> Json:
    selector = {"nodeSelectorTerms": [{"matchExpressions": term} for term in terms]}
    return {"affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": selector}}}


@pytest.mark.parametrize(
    ("operator", "values", "flavors"),
    [
        ("In", ["Tesla-T4", "NVIDIA-H100-80GB-HBM3"], ("h100", "t4")),
        ("NotIn", ["Tesla-T4"], ("h100", "a100-80g")),
        ("Exists", [], ("h100", "a100-80g", "t4")),
    ],
)
def test_a_node_affinity_rules_flavors_out(
    operator: str, values: list[str], flavors: tuple[str, ...]
) -> None:
    """Of several terms one must hold; a key that says nothing of GPUs rules nothing out."""
    term = [{"key": "nvidia.com/gpu.product", "operator": operator, "values": values}]
    assert read(plain(pod(gpus=1, **affinity(term)))).job.groups[0].flavors == flavors
    other = [{"key": "zone", "operator": "In", "values": ["a"]}]
    assert read(plain(pod(gpus=1, **affinity(term, other)))).job.groups[0].flavors == (
        "h100",
        "a100-80g",
        "t4",
    )


def test_slices_of_a_gpu_are_a_flavor_of_their_own() -> None:
    """By the name that the device plugin gives them; whole GPUs cannot stand in for them."""
    template = pod(gpus=2, resource="nvidia.com/mig-1g.10gb")
    assert read(plain(template)).job.groups == (TaskGroup(1, 2000, 1024, 2, ("a100-mig-1g.10gb",)),)
    with pytest.raises(Refused, match="choose from a100-mig"):
        read(plain(template, {"dure.dev/flavors": "h100"}))


@pytest.mark.parametrize(
    ("obj", "why"),
    [
        (plain(namespace="elsewhere"), "no tenant's"),
        (plain(notes={"dure.dev/priority": "high"}), "whole number"),
        (plain(notes={"dure.dev/priority": "²"}), "whole number"),
        (plain(notes={"dure.dev/preemptible": "yes"}), "true or false"),
        (plain(notes={"dure.dev/time-limit": "soon"}), "dure.dev/time-limit"),
        (plain(notes={"dure.dev/time-limits": "h100"}), "h100=1h"),
        (plain(notes={"dure.dev/flavors": "t4,t4"}), "twice"),
        (plain(notes={"dure.dev/attempt": "{"}), "JSON"),
        (plain(notes={"dure.dev/attempt": "[1]"}), "cannot be read"),
        (plain(notes={"dure.dev/ending": "7"}), "cannot be read"),
        (plain(notes={"dure.dev/epoch": "x"}), "cannot be read"),
        (plain(pod(cpu="much")), "requests cannot be read"),
        (plain(pod(gpus=1), {"dure.dev/flavors": "v100"}), "choose from"),
        (plain(pod(gpus=1, nodeSelector={"nvidia.com/gpu.product": "other"})), "no flavor"),
        (plain(pod(gpus=1, resource="nvidia.com/mig-7g.80gb")), "no flavor"),
    ],
)  # fmt: skip
def test_what_cannot_be_governed_says_why(obj: Json, why: str) -> None:
    """It stays suspended, and its user is told."""
    with pytest.raises(Refused, match=why):
        read(obj)


def test_claims_and_secrets_of_a_plain_job_are_seen() -> None:
    """Mounts by the names of their claims, secrets where they are those that jobs may name."""
    template = pod(
        volumes=[{"name": "v", "persistentVolumeClaim": {"claimName": "c"}}, {"name": "e", "emptyDir": {}}]
    )
    container = template["spec"]["containers"][0]
    container["volumeMounts"] = [
        {"name": "v", "mountPath": "/d", "readOnly": True},
        {"name": "e", "mountPath": "/e"},
    ]
    secret = {"secretKeyRef": {"name": "dure-secrets", "key": "HF"}}
    other = {"secretKeyRef": {"name": "mine", "key": "A"}}
    container["env"] = [
        {"name": "HF", "valueFrom": secret}, {"name": "A", "valueFrom": other},
        {"name": "B", "value": "$$(x) $(y)"},
    ]  # fmt: skip
    container |= {"command": ["sh"], "args": ["-c", "true"], "workingDir": "/w"}
    job = read(plain(template)).job
    assert (job.mounts, job.secrets, job.environment) == (
        (Mount("c", "/d", True),),
        ("HF",),
        (("B", "$(x) $(y)"),),
    )
    assert (job.command, job.workdir) == (("sh", "-c", "true"), "/w")


RAY = {
    "headGroupSpec": {"template": pod()},
    "workerGroupSpecs": [
        {"groupName": "w", "replicas": 2, "template": pod(gpus=1)}, {"groupName": "z", "template": pod("1")},
    ],
}  # fmt: skip
GPU_GROUP = TaskGroup(2, 2000, 1024, 1, ("h100", "a100-80g", "t4"))


@pytest.mark.parametrize(
    ("kind", "spec", "groups", "parts"),
    [
        (JOB_SET, {"suspend": True, "replicatedJobs": [
            {"name": "driver", "template": {"spec": {"template": pod()}}},
            {"name": "worker", "replicas": 2, "template": {"spec": {"parallelism": 3, "template": pod("1")}}}]},
         (TaskGroup(1, 2000, 1024), TaskGroup(6, 1000, 1024)), ("driver", "worker")),
        (RAY_CLUSTER, {"suspend": True, **RAY},
         (TaskGroup(1, 2000, 1024), GPU_GROUP, TaskGroup(1, 1000, 1024)), ("headgroup", "w", "z")),
        (RAY_JOB, {"suspend": True, "rayClusterSpec": RAY},
         (TaskGroup(1, 2000, 1024), GPU_GROUP, TaskGroup(1, 1000, 1024)), ("headgroup", "w", "z")),
        (PYTORCH_JOB, {"runPolicy": {"suspend": True}, "pytorchReplicaSpecs": {
            "Worker": {"replicas": 2, "template": pod(gpus=1)}, "Master": {"replicas": 1, "template": pod()}}},
         (TaskGroup(1, 2000, 1024), GPU_GROUP), ("master", "worker")),
        (TRAIN_JOB, {"suspend": True, "trainer": {"numNodes": 2, "resourcesPerNode": {
            "requests": {"cpu": "2", "memory": "1Gi"}, "limits": {"nvidia.com/gpu": "1"}}}},
         (GPU_GROUP,), ("node",)),
    ],
    ids=lambda value: value.kind if isinstance(value, Kind) else "",
)  # fmt: skip
def test_every_governed_kind_is_a_gang_of_its_templates(
    kind: Kind, spec: Json, groups: tuple[TaskGroup, ...], parts: tuple[str, ...]
) -> None:
    """One group a template, in the order in which they stand; and one place where it is held back."""
    obj = stored({"metadata": {"name": "x", "namespace": "lab-ns"}, "spec": spec})
    found = read(obj, kind)
    assert (found.job.groups, found.parts, found.suspended) == (groups, parts, True)
    assert not suspended(merged(obj, suspend_patch(kind, False)), kind)
    assert kind_of(kind.api_version, kind.kind) is kind


def test_what_a_governed_object_made_is_governed_with_it() -> None:
    """A JobSet's Jobs are no jobs of their own; what a CronJob makes is."""
    owners = [("jobset.x-k8s.io/v1alpha2", "JobSet"), ("batch/v1", "CronJob")]
    objects = [plain() for _ in owners]
    for obj, (version, kind) in zip(objects, owners, strict=True):
        obj["metadata"]["ownerReferences"] = [{"apiVersion": version, "kind": kind, "controller": True}]
    assert [is_governed(obj) for obj in (*objects, plain())] == [False, True, True]
    with pytest.raises(KeyError):
        kind_of("apps/v1", "Deployment")


def test_where_the_api_server_has_them() -> None:
    """All objects of a kind, those of a namespace, or one."""
    assert url_path(BATCH_JOB) == "/apis/batch/v1/jobs"
    assert url_path(BATCH_JOB, "a", "b") == "/apis/batch/v1/namespaces/a/jobs/b"
    assert url_path(RAY_JOB, "a") == "/apis/ray.io/v1/namespaces/a/rayjobs"


def test_how_its_controller_says_that_it_is_over() -> None:
    """Conditions of Jobs and of what is made like them, and the words of a RayJob."""
    at = "2026-11-22T09:00:00Z"
    for name, well in (("Complete", True), ("Failed", False), ("Succeeded", True)):
        obj = plain()
        obj["status"] = {
            "conditions": [{"type": name, "status": "True", "lastTransitionTime": at, "reason": "R"}]
        }
        found = read(obj).finished
        assert found is not None
        assert (found.succeeded, found.at, found.reason) == (well, 1795338000000, "" if well else "R")
    ray = stored({"metadata": {"name": "x", "namespace": "lab-ns"}, "spec": {"rayClusterSpec": RAY},
                  "status": {"jobDeploymentStatus": "Complete", "jobStatus": "FAILED", "endTime": at}})  # fmt: skip
    done = read(ray, RAY_JOB).finished
    assert done is not None
    assert not done.succeeded


def test_flavors_of_the_room_are_those_of_the_rules() -> None:
    """A tenancy made of rules reads as one made by hand."""
    tenancy = Tenancy.of(Rules("r", flavors=FLAVORS), {"lab-ns": "lab"})
    assert read(plain(pod(gpus=1)), tenancy=tenancy).job.groups[0].flavors == ("h100", "a100-80g", "t4")
