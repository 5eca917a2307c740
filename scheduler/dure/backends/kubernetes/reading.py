"""A governed object as the job that it asks for, with how it stands; or the reason why it cannot be governed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from dure.backends.kubernetes import asked
from dure.backends.kubernetes.container import first_container
from dure.backends.kubernetes.flavors import acceptable
from dure.backends.kubernetes.instants import instant, maybe
from dure.backends.kubernetes.kept import Kept, Unreadable, kept
from dure.backends.kubernetes.kinds import KINDS, Kind, Template, suspended, templates
from dure.backends.kubernetes.names import (
    COMMAND,
    GROUPS,
    JOB,
    KEY,
    MOUNTS,
    NAME,
    PROJECT,
    SUBMITTED,
    USER,
    Json,
)
from dure.backends.kubernetes.podspec import PodRequest, Unstated, whole_pod
from dure.backends.kubernetes.quantities import BadQuantity
from dure.backends.kubernetes.standing import Finished, finished, is_settled
from dure.model.instants import SECOND, Instant, Millis
from dure.model.job import Job, JobId, Mount, TaskGroup, TenantId
from dure.model.node import GpuFlavor
from dure.model.resources import Flavor
from dure.model.rules import Rules
from dure.ports import Refused


@dataclass(frozen=True, slots=True)
class Tenancy:
    """What reading needs of the rules. `limits`: default time limits of tenants, in ms.

    `unstated` are the requests of a container that states none: those of the LimitRange of tenants' namespaces.
    """

    namespaces: Mapping[str, TenantId]
    flavors: tuple[GpuFlavor, ...] = ()
    limits: Mapping[TenantId, Millis | None] = field(default_factory=dict)
    unstated: Unstated = Unstated("1", "512Mi")

    @classmethod
    def of(cls, rules: Rules, namespaces: Mapping[str, TenantId]) -> Tenancy:
        """By these rules; `namespaces` says which tenant a namespace is of."""
        room = rules.planning.default_time_limit
        limits = {tenant.id: tenant.default_time_limit or room for tenant in rules.tenants}
        return cls(namespaces, rules.flavors, limits)


@dataclass(frozen=True, slots=True)
class Queued:
    """A governed object. `version` is its resourceVersion, `written`: dure made it.

    `parts` names the templates, one of each group of the job (one for all groups of a Job). `single`: each task is
    one pod, whose end is the task's; else a pod that ends may be followed by another. `settled`: since when its
    controller has it suspended with no pod at work, None while that is not so. `template` is what an admission goes
    by: of a Job its pod template's affinity, tolerations, gates and finalizers; of others the whole spec.
    """

    job: Job
    kind: Kind
    namespace: str
    name: str
    uid: str
    version: str
    kept: Kept
    suspended: bool
    parts: tuple[str, ...]
    written: bool = False
    single: bool = True
    finished: Finished | None = None
    settled: Instant | None = None
    deleting: Instant | None = None
    finalizers: tuple[str, ...] = ()
    template: Json = field(default_factory=dict)


def job_id(obj: Json) -> JobId:
    """The id that dure gave it where it made the object, else the object's uid."""
    meta = obj["metadata"]
    return str((meta.get("annotations") or {}).get(JOB) or meta["uid"])


def is_governed(obj: Json) -> bool:
    """Whether it stands for itself; what a governed object made (a JobSet's Jobs) is governed with that one."""
    known = {(kind.api_version.split("/")[0], kind.kind) for kind in KINDS}
    owners = obj["metadata"].get("ownerReferences") or ()
    return not any((each["apiVersion"].split("/")[0], each["kind"]) in known for each in owners)


def queued(obj: Json, kind: Kind, tenancy: Tenancy) -> Queued:
    """The object as a job and how it stands.

    Raises Refused where it cannot be governed as it is: it stays suspended, and the reason is for its user.
    """
    meta = obj["metadata"]
    found = list(templates(obj, kind))
    return Queued(
        job=_job(obj, found, tenancy),
        kind=kind,
        namespace=meta["namespace"],
        name=meta["name"],
        uid=meta["uid"],
        version=meta.get("resourceVersion", ""),
        kept=_kept(meta),
        suspended=suspended(obj, kind),
        parts=tuple(each.name for each in found),
        written=JOB in (meta.get("annotations") or {}),
        single=_is_single(obj, kind),
        finished=finished(obj.get("status") or {}),
        settled=is_settled(obj.get("status") or {}, kind),
        deleting=maybe(meta.get("deletionTimestamp")),
        finalizers=tuple(meta.get("finalizers") or ()),
        template=_template(obj, kind, found),
    )


def _kept(meta: Json) -> Kept:
    try:
        return kept(meta.get("annotations") or {})
    except Unreadable as error:
        raise Refused(str(error)) from error


def _template(obj: Json, kind: Kind, found: list[Template]) -> Json:
    """The least that an admission needs to know of the object."""
    if not kind.pinned:
        return dict(obj["spec"])
    spec, metadata = found[0].spec, found[0].metadata
    return {
        "affinity": spec.get("affinity"),
        "tolerations": spec.get("tolerations") or [],
        "gates": [gate["name"] for gate in spec.get("schedulingGates") or ()],
        "finalizers": metadata.get("finalizers") or [],
    }


def _is_single(obj: Json, kind: Kind) -> bool:
    """No pod is ever replaced: it is not tried again, and there are as many to complete as run at once."""
    if JOB in (obj["metadata"].get("annotations") or {}):
        return True  # as dure writes it, of whatever kind
    if not kind.pinned:
        return False
    spec = obj["spec"]
    pods = spec.get("parallelism", 1)
    never = spec["template"]["spec"].get("restartPolicy") == "Never"
    return bool(never and spec.get("backoffLimit", 6) == 0 and spec.get("completions", pods) <= pods)


def _job(obj: Json, found: list[Template], tenancy: Tenancy) -> Job:
    meta = obj["metadata"]
    notes: Mapping[str, str] = meta.get("annotations") or {}
    written = JOB in notes
    tenant = tenancy.namespaces.get(meta["namespace"])
    if tenant is None:
        raise Refused(f"namespace {meta['namespace']} is no tenant's; an admin ties it to one in the policy")
    container = first_container(found[0].spec if found else {}, written)
    own = asked.parsed(notes, COMMAND)
    mounts = asked.parsed(notes, MOUNTS)
    return Job(
        id=job_id(obj),
        tenant=tenant,
        user=notes.get(USER, ""),
        submitted=_submitted(notes, meta),
        groups=_groups(obj, found, notes, tenancy),
        command=container.command if own is None else tuple(own),
        name=notes.get(NAME, "") if written else notes.get(NAME) or meta["name"],
        priority=asked.priority(notes),
        preemptible=asked.preemptible(notes),
        time_limit=_time_limit(obj, notes, tenancy, tenant),
        project=notes.get(PROJECT, ""),
        image=container.image,
        workdir=container.workdir,
        environment=container.environment,
        mounts=container.mounts if mounts is None else tuple(Mount(*each) for each in mounts),
        secrets=container.secrets,
        after=asked.after(notes),
        checkpoint_interval=asked.checkpoint_interval(notes),
        idempotency_key=notes.get(KEY, ""),
        time_limits=asked.time_limits(notes),
    )


def _submitted(notes: Mapping[str, str], meta: Json) -> Instant:
    text = notes.get(SUBMITTED, "")
    return int(text) if text.isdecimal() else instant(meta["creationTimestamp"])


def _time_limit(
    obj: Json, notes: Mapping[str, str], tenancy: Tenancy, tenant: TenantId
) -> Millis | None:  # fmt: skip
    """What is stated; else the deadline that the object has; else, of what dure did not write, the policy's."""
    stated = asked.time_limit(notes)
    if stated is not None or JOB in notes:
        return stated
    spec = obj["spec"]
    deadline = spec.get("activeDeadlineSeconds") or (spec.get("runPolicy") or {}).get("activeDeadlineSeconds")
    return int(deadline) * SECOND if deadline else tenancy.limits.get(tenant)


def _groups(
    obj: Json, found: list[Template], notes: Mapping[str, str], tenancy: Tenancy
) -> tuple[TaskGroup, ...]:  # fmt: skip
    """One group a template, or those that dure wrote into one."""
    shapes = [_shape(template, notes, tenancy) for template in found if template.count]
    if not shapes:
        raise Refused("it asks for no pod at all; parallelism or replicas must be at least 1")
    own = asked.parsed(notes, GROUPS)
    if own is None:
        return tuple(_fewer(shape, obj) for shape in shapes)
    shapes = shapes if len(shapes) == len(own) else shapes * len(own)
    return tuple(
        TaskGroup(count, shape.cpu, shape.memory, shape.gpus, tuple(flavors), name, tuple(command))
        for shape, (name, count, command, flavors) in zip(shapes, own, strict=True)
    )


def _fewer(shape: TaskGroup, obj: Json) -> TaskGroup:
    """A Job never runs more pods at once than it has to complete."""
    completions = obj["spec"].get("completions")
    count = shape.count if completions is None else min(shape.count, int(completions))
    return TaskGroup(max(count, 1), shape.cpu, shape.memory, shape.gpus, shape.flavors)


def _shape(template: Template, notes: Mapping[str, str], tenancy: Tenancy) -> TaskGroup:
    try:
        request = whole_pod(template.spec, None if JOB in notes else tenancy.unstated)
    except BadQuantity as error:
        raise Refused(f"its requests cannot be read: {error}") from error
    devices = sum(number for _, number in request.devices)
    flavors = _flavors(template.spec, request, notes, tenancy)
    return TaskGroup(template.count, request.cpu, request.memory, devices, flavors)


def _flavors(
    spec: Json, request: PodRequest, notes: Mapping[str, str], tenancy: Tenancy
) -> tuple[Flavor, ...]:  # fmt: skip
    stated = asked.flavors(notes)
    if not request.devices:
        return ()
    if len(request.devices) > 1:
        raise Refused("one pod asks for several kinds of GPU; make them groups of their own")
    resource = request.devices[0][0]
    if JOB in notes:
        return stated
    able = acceptable(spec, resource, tenancy.flavors)
    if unknown := [flavor for flavor in stated if flavor not in able]:
        raise Refused(f"flavor {unknown[0]} cannot serve a request for {resource}; {_choice(able)}")
    if not able:
        raise Refused(f"no flavor of this room serves {resource} where its selectors let it land")
    return stated or able


def _choice(able: tuple[Flavor, ...]) -> str:
    return f"choose from {', '.join(able)}" if able else "no flavor of this room does"
