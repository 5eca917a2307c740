"""What policy says of a job before it is queued. Each check raises one ApiError that names what would be right.

Whether a job could ever run is the planner's to say: it is asked about the job in the room with nothing in it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from dure.model.change import Submitted
from dure.model.instants import Instant
from dure.model.job import Job, TenantId
from dure.model.node import Node, NodeState
from dure.model.plan import Code
from dure.model.rules import Rules
from dure.model.snapshot import Snapshot
from dure.model.tenant import Tenant
from dure.planning.room import Room
from dure.service import words
from dure.service.errors import bad_input, nearest, refused
from dure.service.identity import branch, path
from dure.service.observed import Observed

_NEVER = {Code.NEVER_FITS, Code.OVER_LIMIT, Code.TERM, Code.NOT_PREEMPTIBLE}


def tenant_of(name: TenantId, rules: Rules) -> Tenant:
    """The tenant that jobs may be submitted for. Raises ApiError where it is unknown or has tenants below."""
    known = {tenant.id: tenant for tenant in rules.tenants}
    if name not in known:
        raise bad_input(f"there is no tenant {name!r}", nearest(name, known))
    below = sorted(tenant.id for tenant in rules.tenants if tenant.parent == name)
    if below:
        raise refused(
            f"{name} has tenants below it; jobs belong to one of them",
            f"name one of: {', '.join(below[:20])}",
        )
    return known[name]


def check_policy(job: Job, tenant: Tenant, rules: Rules, room: Observed, secrets: Path) -> None:
    """Names that policy knows, and the number of jobs that may wait. Raises ApiError."""
    _check_flavors(job, rules)
    _check_project(job, tenant)
    _check_volumes(job, tenant)
    _check_secrets(job, secrets)
    _check_pending(job, rules, room)


def check_possible(job: Job, nodes: Iterable[Node], rules: Rules, now: Instant) -> None:
    """Raises ApiError where the planner would not start the job even if it were alone in the room.

    What the calendar keeps is over one day: it refuses nobody.
    """
    up = tuple(sorted((replace(node, state=NodeState.UP) for node in nodes), key=lambda node: node.id))
    lasting = replace(rules, calendar=(), maintenance=())
    room = Room.of(Snapshot(at=now, watermark=now, nodes=up), lasting)
    room.apply(Submitted(now, job))
    for reason in room.explain(job.id, now).reasons:
        if reason.code in _NEVER:
            text = words.reason(reason, rules.timezone)
            raise refused(text.en.removesuffix("."), "ask for less, or see: dure quota")


def _check_flavors(job: Job, rules: Rules) -> None:
    known = {flavor.name for flavor in rules.flavors}
    for group in job.groups:
        for flavor in group.flavors:
            if flavor not in known:
                raise refused(f"there is no GPU flavor {flavor!r} in this room", nearest(flavor, known))


def _check_project(job: Job, tenant: Tenant) -> None:
    if not job.project and tenant.require_project:
        raise refused(f"{tenant.id} asks for a project", f"name one of: {', '.join(tenant.projects)}")
    if job.project and job.project not in tenant.projects:
        raise refused(f"{tenant.id} has no project {job.project!r}", nearest(job.project, tenant.projects))


def _check_volumes(job: Job, tenant: Tenant) -> None:
    known = {volume.name for volume in tenant.volumes}
    for mount in job.mounts:
        if mount.volume not in known:
            raise refused(f"{tenant.id} has no volume {mount.volume!r}", nearest(mount.volume, known))


def _check_secrets(job: Job, secrets: Path) -> None:
    for name in job.secrets:
        if not (secrets / job.tenant / name).is_file():
            raise refused(f"{job.tenant} has no secret {name!r}", "an admin puts it there")


def _check_pending(job: Job, rules: Rules, room: Observed) -> None:
    known = {tenant.id: tenant for tenant in rules.tenants}
    for above in path(job.tenant, rules):
        most = known[above].max_pending_jobs
        if most is None:
            continue
        members = branch(above, rules)
        waiting = sum(1 for e in room.jobs.values() if e.attempt is None and e.job.tenant in members)
        if waiting >= most:
            raise refused(
                f"{above} has {waiting} jobs waiting, and may have {most}",
                "wait for some to start, or cancel some",
            )
