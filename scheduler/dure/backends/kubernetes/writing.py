"""A job as the suspended object that stands for it in the queue; `reading.queued` gives the same job back.

One template serves equal pods: a batch/v1 Job. Groups of different shape make a JobSet, one replicated job each.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping

from dure.backends.kubernetes.kept import held_text
from dure.backends.kubernetes.kinds import BATCH_JOB, JOB_SET, Kind
from dure.backends.kubernetes.names import (
    AFTER,
    CHECKPOINT_INTERVAL,
    COMMAND,
    FLAVORS,
    GROUPS,
    HELD,
    INDEX,
    JOB,
    KEY,
    MOUNTS,
    NAME,
    PREEMPTIBLE,
    PRIORITY,
    PROJECT,
    SUBMITTED,
    TASK,
    TIME_LIMIT,
    TIME_LIMITS,
    USER,
    Json,
)
from dure.backends.kubernetes.podtemplate import Room, template
from dure.backends.kubernetes.requests import check, is_uniform
from dure.model.instants import Millis
from dure.model.job import Job, JobId, TaskGroup
from dure.model.node import GpuFlavor

LABELS = {"app.kubernetes.io/managed-by": "dure"}


def object_name(job: JobId) -> str:
    """The name of the object that stands for a job: the same for the same job, so that it is queued once."""
    return f"dure-{job}"


def kind_for(job: Job) -> Kind:
    """What kind of object stands for a job."""
    return BATCH_JOB if is_uniform(job) else JOB_SET


def manifest(
    job: Job, namespace: str, volumes: Mapping[str, str], kinds: Collection[Kind] = (BATCH_JOB,),
    flavors: Collection[GpuFlavor] = (), grace: Millis = 10_000, held: bool = False,
) -> Json:  # fmt: skip
    """The object to create, suspended. `volumes`: claims by policy name; `kinds`: those that the cluster has.

    Raises Refused for a job that this backend cannot run.
    """
    check(job, volumes, kinds, flavors)
    kind, room = kind_for(job), Room(volumes, tuple(flavors), grace)
    spec = _job_spec(job, job.groups[0], job.tasks, room) if kind is BATCH_JOB else _job_set_spec(job, room)
    notes = dict(_notes(job)) | ({HELD: held_text(True, job.submitted)} if held else {})
    return {
        "apiVersion": kind.api_version,
        "kind": kind.kind,
        "metadata": {
            "name": object_name(job.id), "namespace": namespace, "labels": LABELS, "annotations": notes,
        },
        "spec": {**spec, "suspend": True},
    }  # fmt: skip


def _job_spec(job: Job, group: TaskGroup, tasks: int, room: Room) -> Json:
    """All or none, and never again: another attempt is dure's to decide."""
    return {
        "parallelism": tasks,
        "completions": tasks,
        "completionMode": "Indexed",
        "backoffLimit": 0,
        "podReplacementPolicy": "Failed",
        "template": template(job, group, room, INDEX if is_uniform(job) else TASK),
    }


def _job_set_spec(job: Job, room: Room) -> Json:
    return {
        "failurePolicy": {"maxRestarts": 0},
        "replicatedJobs": [
            {
                "name": f"g{number}",
                "replicas": 1,
                "template": {"spec": _job_spec(job, group, group.count, room)},
            }
            for number, group in enumerate(job.groups)
        ],
    }


def _notes(job: Job) -> Iterator[tuple[str, str]]:
    """What the templates cannot tell, and only where it is not what would be taken anyway."""
    yield JOB, job.id
    yield USER, job.user
    yield SUBMITTED, str(job.submitted)
    for name, text in ((NAME, job.name), (PROJECT, job.project), (KEY, job.idempotency_key)):
        if text:
            yield name, text
    if job.priority:
        yield PRIORITY, str(job.priority)
    if not job.preemptible:
        yield PREEMPTIBLE, "false"
    for name, length in ((TIME_LIMIT, job.time_limit), (CHECKPOINT_INTERVAL, job.checkpoint_interval)):
        if length is not None:
            yield name, f"{length}ms"
    if job.time_limits:
        yield TIME_LIMITS, ",".join(f"{flavor}={limit}ms" for flavor, limit in job.time_limits)
    if job.after:
        yield AFTER, ",".join(job.after)
    yield from _shapes(job)


def _shapes(job: Job) -> Iterator[tuple[str, str]]:
    first = job.groups[0]
    if len(job.groups) > 1 or first.name or first.command:
        rows = [[group.name, group.count, group.command, group.flavors] for group in job.groups]
        yield GROUPS, _line(rows)
        yield COMMAND, _line(job.command)
    elif first.flavors:
        yield FLAVORS, ",".join(first.flavors)
    if job.mounts:
        yield MOUNTS, _line([[mount.volume, mount.path, mount.read_only] for mount in job.mounts])


def _line(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
