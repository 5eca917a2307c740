"""What this backend can do for a job, and what it refuses at the door with a reason."""

from __future__ import annotations

import os
import pwd
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from dure.backends.local.layout import Layout, checked_name, checked_variable
from dure.model.job import Job, Mount, TenantId
from dure.model.tenant import Tenant
from dure.ports import Refused


def check(job: Job, tenants: Mapping[TenantId, Tenant], layout: Layout) -> None:
    """Whether this backend can run the job. Raises Refused."""
    for kind, name in (("job id", job.id), ("tenant", job.tenant)):
        checked_name(kind, name)
    _check_commands(job)
    _check_environment(job)
    if job.image:
        raise Refused("the local backend runs no images; leave the image out")
    check_workdir(job.workdir)
    links(job, tenants)
    unix_user(job.tenant, tenants)
    _check_secrets(job, layout)


def _check_commands(job: Job) -> None:
    if not job.tasks:
        raise Refused("the job has no task")
    for group in job.groups:
        command = group.command or job.command
        if not command or not command[0]:
            raise Refused("the job has no command")
        if any("\0" in word for word in command):
            raise Refused("a command cannot hold a NUL character")


def _check_environment(job: Job) -> None:
    for name, value in job.environment:
        if not name or "=" in name or "\0" in name + value:
            raise Refused(f"environment variable {name[:40]!r} cannot be set; a name without '=' is needed")


def _check_secrets(job: Job, layout: Layout) -> None:
    for name in job.secrets:
        checked_variable("secret", name)
        if not layout.secret(job.tenant, name).is_file():
            raise Refused(f"tenant {job.tenant} has no secret {name}; an admin puts it there")


def check_workdir(workdir: str) -> None:
    """A working directory: a path below the job's own, or an absolute one that exists. Raises Refused."""
    path = PurePosixPath(workdir)
    if "\0" in workdir or ".." in path.parts:
        raise Refused("the working directory cannot hold '..' or a NUL character")
    if path.is_absolute() and not Path(workdir).is_dir():
        raise Refused(f"the working directory {workdir} does not exist on this machine")


def links(job: Job, tenants: Mapping[TenantId, Tenant]) -> list[tuple[str, str]]:
    """(path below the working directory, target) of every mount, as symbolic links. Raises Refused."""
    return [_link(mount, job, tenants) for mount in job.mounts]


def _link(mount: Mount, job: Job, tenants: Mapping[TenantId, Tenant]) -> tuple[str, str]:
    path = PurePosixPath(mount.path)
    if path.is_absolute() or ".." in path.parts or not path.parts or "\0" in mount.path:
        raise Refused(
            f"the local backend mounts volume {mount.volume} only below the job's directory; give a relative path"
        )
    if mount.read_only:
        raise Refused("the local backend cannot mount read-only; leave read_only out")
    sources = {volume.name: volume.source for tenant in _up(job.tenant, tenants) for volume in tenant.volumes}
    if mount.volume not in sources:
        raise Refused(f"tenant {job.tenant} has no volume {mount.volume}")
    if not Path(sources[mount.volume]).is_dir():
        raise Refused(f"volume {mount.volume} is not there on this machine; tell an admin")
    return mount.path, sources[mount.volume]


def _up(tenant: TenantId | None, tenants: Mapping[TenantId, Tenant]) -> list[Tenant]:
    """A tenant and all above it, the highest first."""
    path: list[Tenant] = []
    while tenant is not None and tenant in tenants:
        path.append(tenants[tenant])
        tenant = tenants[tenant].parent
    return path[::-1]


def unix_user(tenant: TenantId, tenants: Mapping[TenantId, Tenant]) -> pwd.struct_passwd | None:
    """Whose processes the tenant's jobs are: its own user or that of the nearest above, None for the server's.

    Raises Refused where there is no such user, or this server may not become it.
    """
    names = [above.unix_user for above in _up(tenant, tenants) if above.unix_user]
    if not names:
        return None
    if os.geteuid() != 0:
        raise Refused(
            f"jobs of tenant {tenant} run as Unix user {names[-1]}; for that the server must be root"
        )
    try:
        return pwd.getpwnam(names[-1])
    except KeyError:
        raise Refused(
            f"jobs of tenant {tenant} run as Unix user {names[-1]}, who does not exist here"
        ) from None
