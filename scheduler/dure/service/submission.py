"""From a request to a Job: names, amounts and defaults; what policy says of it is in `refusals`."""

from __future__ import annotations

import hashlib
import json
import secrets
from base64 import b32encode
from dataclasses import replace

from dure.model import units
from dure.model.instants import Instant, Millis
from dure.model.job import Job, JobId, Mount, TaskGroup, TenantId, UserId
from dure.model.resources import Flavor
from dure.model.rules import Rules
from dure.model.tenant import Tenant
from dure.service.errors import bad_input
from dure.service.requests import DEFAULT_CPU, DEFAULT_MEMORY, GroupRequest, JobRequest

_ID_BYTES = 10


def job_id(tenant: TenantId, user: UserId, key: str) -> JobId:
    """16 letters and digits that are always the same for the same tenant, user and idempotency key."""
    whole = json.dumps([tenant, user, key]).encode()
    return b32encode(hashlib.sha256(whole).digest()[:_ID_BYTES]).decode().lower()


def job_of(request: JobRequest, tenant: Tenant, user: UserId, rules: Rules, now: Instant) -> Job:
    """The job that is asked for, with the tenant's defaults. Raises ApiError for an amount that cannot be read."""
    key = request.idempotency_key or secrets.token_hex(16)
    try:
        return Job(
            id=job_id(tenant.id, user, key),
            tenant=tenant.id,
            user=user,
            submitted=now,
            groups=_groups(request),
            command=tuple(request.command),
            name=request.name,
            priority=request.priority,
            preemptible=request.preemptible,
            time_limit=_length(request.time) or _default_limit(tenant, rules),
            project=request.project,
            image=request.image or tenant.default_image,
            workdir=request.workdir,
            environment=tuple(sorted(request.environment.items())),
            mounts=tuple(Mount(m.volume, m.path, m.read_only) for m in request.mounts),
            secrets=tuple(sorted(set(request.secrets))),
            after=tuple(sorted(set(request.after))),
            checkpoint_interval=_length(request.checkpoint_interval),
            idempotency_key=request.idempotency_key,
            time_limits=_limits(request),
        )
    except ValueError as error:
        raise bad_input(str(error)) from error


def same_again(job: Job, request: JobRequest, known: Job) -> Job:
    """A retry of a job that is queued already: what the request left to the server is as it was then."""
    limit = job.time_limit if request.time else known.time_limit
    image = job.image if request.image else known.image
    return replace(job, submitted=known.submitted, time_limit=limit, image=image)


def _groups(request: JobRequest) -> tuple[TaskGroup, ...]:
    if request.groups:
        return tuple(_group(group) for group in request.groups)
    flat = GroupRequest(
        count=request.tasks or 1,
        cpu=request.cpu or DEFAULT_CPU,
        memory=request.memory or DEFAULT_MEMORY,
        gpu=request.gpu or "",
    )
    return (_group(flat),)


def _group(request: GroupRequest) -> TaskGroup:
    devices, flavors = units.gpus(request.gpu) if request.gpu else (0, ())
    return TaskGroup(
        count=request.count,
        cpu=units.cpu(request.cpu),
        memory=units.memory(request.memory),
        gpus=devices,
        flavors=flavors,
        name=request.name,
        command=tuple(request.command),
    )


def _length(text: str | None) -> Millis | None:
    if text is None:
        return None
    if millis := units.duration(text):
        return millis
    raise ValueError(f"{text!r} is no time at all; write for example 90s, 2h30m or 7d")


def _limits(request: JobRequest) -> tuple[tuple[Flavor, Millis], ...]:
    """Limits by flavor, sorted. Raises ValueError for a flavor that no group asks for, or no length."""
    asked = {flavor for group in _groups(request) for flavor in group.flavors}
    for flavor in sorted(request.time_limits.keys() - asked):
        known = ", ".join(sorted(asked)) or "no GPU at all"
        raise ValueError(f"time_limits names {flavor}, but the job asks for {known}")
    limits = {flavor: _length(text) for flavor, text in request.time_limits.items()}
    return tuple(sorted((flavor, limit) for flavor, limit in limits.items() if limit is not None))


def _default_limit(tenant: Tenant, rules: Rules) -> Millis | None:
    return tenant.default_time_limit or rules.planning.default_time_limit
