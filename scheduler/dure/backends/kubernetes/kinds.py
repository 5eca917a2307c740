"""The governed kinds: what can be held and started as a whole, by one convention (`suspend`).

For each: where `suspend` is, where its pod templates are and how many pods each makes, and by which label a pod
leads back to it. All else about a kind follows from this table.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from dure.backends.kubernetes.names import JOB_NAME, Json

Path: TypeAlias = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Templates:
    """Pod templates of one sort: `at` leads to a template, `*` standing for every item of a list or mapping.

    `counts` lead, from the item that the last `*` stands for (or the object itself), to numbers whose product is
    how many pods each template makes; 1 stands where one is not stated. `name` is what `part_label` says on the
    pods of a template that has no name of its own.
    """

    at: Path
    counts: tuple[Path, ...] = ()
    name: str = ""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of object that dure admits. `pod_label`'s value on a pod is the name of the object that made it.

    `part_label`'s value is the name of the template that the pod was made from. `pinned`: its one template may be
    tied to a node when it is admitted; else every pod comes gated and is tied to its node by itself.
    """

    api_version: str
    kind: str
    plural: str
    pod_label: str
    templates: tuple[Templates, ...]
    suspend: Path = ("spec", "suspend")
    part_label: str = ""
    pinned: bool = False


BATCH_JOB: Final = Kind(
    "batch/v1", "Job", "jobs", JOB_NAME, (Templates(("spec", "template"), (("spec", "parallelism"),)),), pinned=True
)  # fmt: skip

JOB_SET: Final = Kind(
    "jobset.x-k8s.io/v1alpha2", "JobSet", "jobsets", "jobset.sigs.k8s.io/jobset-name",
    (Templates(
        ("spec", "replicatedJobs", "*", "template", "spec", "template"),
        (("replicas",), ("template", "spec", "parallelism")),
    ),),
    part_label="jobset.sigs.k8s.io/replicatedjob-name",
)  # fmt: skip

_RAY_GROUPS: Final = (
    Templates(("headGroupSpec", "template"), name="headgroup"),
    Templates(("workerGroupSpecs", "*", "template"), (("replicas",), ("numOfHosts",))),
)

RAY_CLUSTER: Final = Kind(
    "ray.io/v1", "RayCluster", "rayclusters", "ray.io/cluster",
    tuple(Templates(("spec", *each.at), each.counts, each.name) for each in _RAY_GROUPS), part_label="ray.io/group",
)  # fmt: skip

RAY_JOB: Final = Kind(
    "ray.io/v1", "RayJob", "rayjobs", "ray.io/originated-from-cr-name",
    tuple(Templates(("spec", "rayClusterSpec", *each.at), each.counts, each.name) for each in _RAY_GROUPS),
    part_label="ray.io/group",
)  # fmt: skip

PYTORCH_JOB: Final = Kind(
    "kubeflow.org/v1", "PyTorchJob", "pytorchjobs", "training.kubeflow.org/job-name",
    (Templates(("spec", "pytorchReplicaSpecs", "*", "template"), (("replicas",),)),),
    ("spec", "runPolicy", "suspend"), "training.kubeflow.org/replica-type",
)  # fmt: skip

TRAIN_JOB: Final = Kind("trainer.kubeflow.org/v1alpha1", "TrainJob", "trainjobs", "", ())
"""It has no template: what it states of its nodes stands for one (`templates`). Its pods are those of the JobSet of
the same name that its controller makes, and lead to that one."""

KINDS: Final = (BATCH_JOB, JOB_SET, RAY_JOB, RAY_CLUSTER, PYTORCH_JOB, TRAIN_JOB)


@dataclass(frozen=True, slots=True)
class Template:
    """A pod template found in an object: how many pods it makes, and under which name it stands."""

    name: str
    count: int
    spec: Json
    metadata: Json


def kind_of(api_version: str, kind: str) -> Kind:
    """The governed kind of this name. Raises KeyError where there is none."""
    for known in KINDS:
        if (known.api_version, known.kind) == (api_version, kind):
            return known
    raise KeyError(f"{kind} of {api_version} is not a governed kind")


def url_path(kind: Kind, namespace: str = "", name: str = "") -> str:
    """Where the API server has objects of this kind: all, those of a namespace, or one."""
    root = "/api" if "/" not in kind.api_version else "/apis"
    parts = [root, kind.api_version, *(("namespaces", namespace) if namespace else ()), kind.plural, name]
    return "/".join(part for part in parts if part)


def suspended(obj: Json, kind: Kind) -> bool:
    """Whether it is held back now."""
    return bool(_at(obj, kind.suspend))


def suspend_patch(kind: Kind, value: bool) -> Json:
    """The merge patch that holds it back or lets it go, and no more."""
    patch: Any = value
    for step in reversed(kind.suspend):
        patch = {step: patch}
    return dict(patch)


def templates(obj: Json, kind: Kind) -> Iterator[Template]:
    """Every pod template of an object, in the order in which it stands there."""
    if kind is TRAIN_JOB:
        yield _trainer(obj)
    for sort in kind.templates:
        for name, item, template in _found(obj, obj, sort.at, sort.name):
            count = 1
            for path in sort.counts:
                stated = _at(item, path)
                count *= 1 if stated is None else int(stated)
            yield Template(name, count, template.get("spec") or {}, template.get("metadata") or {})


def _trainer(obj: Json) -> Template:
    """The trainer's nodes, with what each is said to need, as one template."""
    trainer = (obj.get("spec") or {}).get("trainer") or {}
    container = {
        "name": "node", "image": trainer.get("image") or "", "command": trainer.get("command") or [],
        "args": trainer.get("args") or [], "env": trainer.get("env") or [],
        "resources": trainer.get("resourcesPerNode") or {},
    }  # fmt: skip
    return Template("node", int(trainer.get("numNodes") or 1), {"containers": [container]}, {})


def _found(value: Any, item: Json, path: Path, name: str) -> Iterator[tuple[str, Json, Json]]:
    """(name, the item that the last `*` stood for, template) of all that lie at the path."""
    if not path:
        yield name, item, value
    elif path[0] != "*":
        if (inner := (value or {}).get(path[0])) is not None:
            yield from _found(inner, item, path[1:], name)
    elif isinstance(value, dict):
        for key, inner in sorted(value.items()):
            yield from _found(inner, inner, path[1:], key.lower())
    else:
        for number, inner in enumerate(value):
            yield from _found(
                inner, inner, path[1:], inner.get("name") or inner.get("groupName") or str(number)
            )


def _at(value: Any, path: Path) -> Any:
    for step in path:
        if value is None:
            return None
        value = value.get(step)
    return value
