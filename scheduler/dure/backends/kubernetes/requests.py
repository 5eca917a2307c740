"""What this backend can do for a job, and what it refuses at the door with a reason."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from pathlib import PurePosixPath

from dure.backends.kubernetes.flavors import resource_of
from dure.backends.kubernetes.kinds import JOB_SET, Kind
from dure.backends.kubernetes.names import GPU
from dure.model.job import Job, Mount, TaskGroup, TenantId
from dure.model.node import GpuFlavor
from dure.model.tenant import Tenant
from dure.ports import Refused

_ID = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?")
_VARIABLE = re.compile(r"[-._a-zA-Z][-._a-zA-Z0-9]*")
_SECRET_NAME = re.compile(r"[-._a-zA-Z0-9]+")
CHECKPOINTS = "/var/run/dure"
"""Where a pod has its checkpoint file."""
_MOST_TASKS = 100_000
_LONGEST_ID = 40
"""A pod's host name is `dure-ID-INDEX`, of a JobSet `dure-ID-gN-0-INDEX`: at most 63 characters."""


def check(
    job: Job, volumes: Mapping[str, str], kinds: Collection[Kind], flavors: Collection[GpuFlavor]
) -> None:  # fmt: skip
    """Whether this backend can run the job. `volumes`: claims by policy name. Raises Refused."""
    if not _ID.fullmatch(job.id) or len(job.id) > _LONGEST_ID:
        raise Refused(
            f"job id {job.id[:60]!r} names no Kubernetes object; use a-z, 0-9 and '-', at most {_LONGEST_ID}"
        )
    for other in job.after:
        if not other or "," in other or other != other.strip():
            raise Refused(f"{other[:60]!r} is no job id")
    if not job.image:
        raise Refused(
            "a job on Kubernetes needs an image; name one, or let an admin set the tenant's default"
        )
    _check_commands(job)
    _check_environment(job)
    _check_workdir(job.workdir)
    _check_mounts(job, volumes)
    for group in job.groups:
        gpu_resource(group, flavors)
    if not is_uniform(job) and JOB_SET not in kinds:
        raise Refused(
            "groups of different shape need JobSet, which this cluster does not have; make them equal, "
            "or jobs of their own"
        )


def is_uniform(job: Job) -> bool:
    """Whether all groups are made of equal pods, so that one pod template serves."""
    shapes = {
        (group.cpu, group.memory, group.gpus, group.flavors, group.command or job.command)
        for group in job.groups
    }
    return len(shapes) <= 1


def gpu_resource(group: TaskGroup, flavors: Collection[GpuFlavor]) -> str:
    """The resource by which a group's devices are asked for. Raises Refused where its flavors differ in it.

    A pod asks for one resource, whatever node it gets: whole GPUs and MIG devices do not stand for each other.
    """
    known = {flavor.name: resource_of(flavor) for flavor in flavors}
    found = {known.get(name, GPU) for name in group.flavors}
    if len(found) > 1:
        raise Refused(
            f"flavors {', '.join(group.flavors)} are asked for by different names on Kubernetes "
            f"({', '.join(sorted(found))}); choose those of one name"
        )
    return found.pop() if found else GPU


def _check_commands(job: Job) -> None:
    if not job.tasks or any(group.count < 1 for group in job.groups):
        raise Refused("the job has no task, or a group has none")
    if job.tasks > _MOST_TASKS:
        raise Refused(f"a gang of {job.tasks} pods is more than Kubernetes runs; at most {_MOST_TASKS}")
    for group in job.groups:
        command = group.command or job.command
        if not command or not command[0]:
            raise Refused("the job has no command")
        if any("\0" in word for word in command):
            raise Refused("a command cannot hold a NUL character")


def _check_environment(job: Job) -> None:
    for name, value in job.environment:
        if not _VARIABLE.fullmatch(name) or "\0" in value:
            raise Refused(
                f"environment variable {name[:40]!r} cannot be set; letters, digits, '-', '_' and '.' make a name"
            )
    for name in job.secrets:
        if not _SECRET_NAME.fullmatch(name) or not _VARIABLE.fullmatch(name):
            raise Refused(f"secret {name[:40]!r} cannot be a variable; letters, digits and '_' make a name")


def _check_workdir(workdir: str) -> None:
    path = PurePosixPath(workdir)
    if "\0" in workdir or ".." in path.parts or (workdir and not path.is_absolute()):
        raise Refused("the working directory is a path in the image: absolute, without '..'")


def mount_path(mount: Mount, workdir: str) -> str:
    """Where a volume is seen: a relative path is one below the working directory."""
    return str(PurePosixPath(workdir or "/") / mount.path)


def _check_mounts(job: Job, volumes: Mapping[str, str]) -> None:
    for mount in job.mounts:
        _check_mount(mount, job.tenant, volumes)
    paths = [mount_path(mount, job.workdir) for mount in job.mounts]
    if len({*paths, "/", CHECKPOINTS}) < len(paths) + 2:
        raise Refused(f"two volumes cannot be mounted at one path, and none at / or {CHECKPOINTS}")


def _check_mount(mount: Mount, tenant: TenantId, volumes: Mapping[str, str]) -> None:
    if mount.volume not in volumes:
        raise Refused(f"tenant {tenant} has no volume {mount.volume}")
    path = PurePosixPath(mount.path)
    if not path.parts or ".." in path.parts or "\0" in mount.path or ":" in mount.path:
        raise Refused(
            f"volume {mount.volume} cannot be mounted at {mount.path[:60]!r}; give a path such as /data"
        )


def volumes_of(tenant: TenantId, tenants: Mapping[TenantId, Tenant]) -> dict[str, str]:
    """Claims of the tenant and all above it by policy name; the nearest one's counts."""
    path: list[Tenant] = []
    above: TenantId | None = tenant
    while above is not None and above in tenants:
        path.append(tenants[above])
        above = tenants[above].parent
    return {volume.name: volume.source for each in reversed(path) for volume in each.volumes}
