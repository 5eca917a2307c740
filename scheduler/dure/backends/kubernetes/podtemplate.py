"""The pod template of a group of tasks, such as Pod Security `restricted` lets through."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from dure.backends.kubernetes import variables
from dure.backends.kubernetes.container import OURS
from dure.backends.kubernetes.names import ATTEMPT, JOB, METER, PROJECT, SECRET, USER, Json
from dure.backends.kubernetes.quantities import cpu_text, memory_text
from dure.backends.kubernetes.requests import CHECKPOINTS, gpu_resource, mount_path
from dure.model.instants import SECOND, Millis
from dure.model.job import Job, Mount, TaskGroup
from dure.model.node import GpuFlavor

_USER_ID = 1000
_LONGEST = 2**31 - 1  # seconds; Kubernetes takes no longer deadline
_LABELS = {"app.kubernetes.io/managed-by": "dure"}


@dataclass(frozen=True, slots=True)
class Room:
    """What a template needs of the room: claims by policy name, flavors, and grace in ms."""

    volumes: Mapping[str, str]
    flavors: tuple[GpuFlavor, ...]
    grace: Millis


def template(job: Job, group: TaskGroup, room: Room, number: str) -> Json:
    """One pod of the group, whose annotation `number` says which task it is.

    It keeps its finalizer until it is metered.
    """
    claims = sorted({room.volumes[mount.volume] for mount in job.mounts})
    spec: Json = {
        "restartPolicy": "Never",
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": -(-room.grace // SECOND),
        "securityContext": {
            "runAsNonRoot": True, "runAsUser": _USER_ID, "runAsGroup": _USER_ID, "fsGroup": _USER_ID,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [_container(job, group, claims, room, number)],
        "volumes": [
            {"name": "dure", "emptyDir": {}},
            *({"name": f"claim-{n}", "persistentVolumeClaim": {"claimName": c}} for n, c in enumerate(claims)),
        ],
    }  # fmt: skip
    if limit := longest(job):
        spec["activeDeadlineSeconds"] = min(-(-limit // SECOND), _LONGEST)
    notes = {JOB: job.id, USER: job.user, PROJECT: job.project}
    return {"metadata": {"labels": _LABELS, "annotations": notes, "finalizers": [METER]}, "spec": spec}


def longest(job: Job) -> Millis | None:
    """The longest that the job may run, whatever flavors it gets: kept by the kubelet when dure is not there."""
    limits = [job.limit_under((flavor,)) for group in job.groups for flavor in group.flavors or ("",)]
    return None if None in limits else max((limit for limit in limits if limit is not None), default=None)


def _container(job: Job, group: TaskGroup, claims: list[str], room: Room, number: str) -> Json:
    found: Json = {
        "name": "task",
        "image": job.image,
        "command": [variables.written(word) for word in group.command or job.command],
        "env": [*_environment(job), *_ours(job, number)],
        "resources": _resources(group, room),
        "volumeMounts": [
            {"name": "dure", "mountPath": CHECKPOINTS},
            *(_mount(mount, claims.index(room.volumes[mount.volume]), job.workdir) for mount in job.mounts),
        ],
        "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
    }
    if job.workdir:
        found["workingDir"] = job.workdir
    return found


def _mount(mount: Mount, claim: int, workdir: str) -> Json:
    return {
        "name": f"claim-{claim}",
        "mountPath": mount_path(mount, workdir),
        **({"readOnly": True} if mount.read_only else {}),
    }


def _resources(group: TaskGroup, room: Room) -> Json:
    """Memory and devices are bounded at what is asked for; idle cpu may be used beyond it."""
    bounded = {"memory": memory_text(group.memory)} if group.memory else {}
    if group.gpus:
        bounded[gpu_resource(group, room.flavors)] = str(group.gpus)
    cpu = {"cpu": cpu_text(group.cpu)} if group.cpu else {}
    return {"requests": {**cpu, **bounded}, "limits": bounded}


def _environment(job: Job) -> Iterator[Json]:
    for name, value in job.environment:
        yield {"name": name, "value": variables.written(value)}
    for name in job.secrets:
        yield {"name": name, "valueFrom": {"secretKeyRef": {"name": SECRET, "key": name}}}


def _ours(job: Job, number: str) -> Iterator[Json]:
    """Last, so that no variable of the user's says otherwise."""
    said: dict[str, Json] = {
        "DURE_JOB": {"value": job.id},
        "DURE_ATTEMPT": _field(f"metadata.annotations['{ATTEMPT}']"),
        "DURE_TASK": _field(f"metadata.annotations['{number}']"),
        "DURE_TASKS": {"value": str(job.tasks)},
        "DURE_NODE": _field("spec.nodeName"),
        "DURE_TENANT": {"value": variables.written(job.tenant)},
        "DURE_CHECKPOINT_FILE": {"value": f"{CHECKPOINTS}/checkpoint"},
    }
    yield from ({"name": name, **said[name]} for name in OURS)


def _field(path: str) -> Json:
    return {"valueFrom": {"fieldRef": {"fieldPath": path}}}
