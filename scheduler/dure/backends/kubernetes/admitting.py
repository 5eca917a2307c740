"""What is written to admit, place, preempt and settle: JSON merge patches, each with what it was decided on.

Every patch of a job carries `metadata.resourceVersion`: the API server refuses one whose object has changed since
it was read (409), so nothing is done on a stale view. Content type: application/merge-patch+json.
"""

from __future__ import annotations

from collections.abc import Iterable

from dure.backends.kubernetes import kept as texts
from dure.backends.kubernetes.kept import Attempted, Ending, Sealed, Withdrawal
from dure.backends.kubernetes.kinds import suspend_patch
from dure.backends.kubernetes.names import (
    ATTEMPT,
    ATTEMPTS,
    CHECKPOINT,
    ENDING,
    EPOCH,
    GATE,
    HELD,
    JOB,
    METER,
    PROJECT,
    TASK,
    USER,
    WITHDRAWN,
    Json,
)
from dure.backends.kubernetes.placing import tied, untied
from dure.backends.kubernetes.pods import PodSeen
from dure.backends.kubernetes.reading import Queued
from dure.backends.kubernetes.templates import Change, with_templates
from dure.model.instants import SECOND, Instant
from dure.model.job import Job, NodeId, Placement, task_placements
from dure.model.plan import Start
from dure.ports import Refused

TOLERATIONS: tuple[Json, ...] = (
    {"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"},
    {"key": "dure.dev/room", "operator": "Exists", "effect": "NoSchedule"},
)
"""Taints that every admitted pod stands: those of GPU nodes, and of nodes that are this room's alone."""


def admit(queued: Queued, start: Start, at: Instant, epoch: int, keep: bool = False) -> Json:
    """Lets a job's pods come, onto exactly the nodes of the plan; raises Refused where its view was stale.

    `at` is an instant that the API server's clock has reached; it is cut to the second, as the server's own are.
    `keep`: the object itself stays, whoever deletes it, until `release_job`.
    """
    check_start(queued, start)
    attempted = Attempted(start.attempt, at - at % SECOND, start.placements, start.under)
    notes = {ATTEMPT: texts.attempted_text(attempted), ENDING: None, CHECKPOINT: None}
    nodes = {placement.node for placement in start.placements}
    pinned = None if is_gated(queued, start.placements) else nodes.pop()
    patch = _patch(
        queued, epoch, notes,
        _merged(suspend_patch(queued.kind, False), _templates(queued, start.attempt, pinned)),
    )  # fmt: skip
    if keep:
        others = [name for name in queued.finalizers if name != METER]
        patch["metadata"]["finalizers"] = [*others, METER]
    return patch


def check_start(queued: Queued, start: Start) -> None:
    """Whether the object can be admitted as decided. Raises Refused."""
    name, kept = f"job {start.job}", queued.kept
    if queued.deleting is not None or kept.withdrawn or queued.finished:
        raise Refused(f"{name} is over already")
    if kept.held:
        raise Refused(f"{name} is held")
    if not queued.suspended or kept.live:
        raise Refused(f"{name} is running already")
    if start.attempt <= kept.number:
        raise Refused(f"{name} has made attempt {kept.number} already")
    check_shape(queued.job, start)


def check_shape(job: Job, start: Start) -> None:
    """Whether the start places every task of the job, with flavors that it takes. Raises Refused."""
    if any(not 0 <= placement.group < len(job.groups) for placement in start.placements):
        raise Refused("the start places a group that the job does not have")
    for number, group in enumerate(job.groups):
        placed = [placement for placement in start.placements if placement.group == number]
        if sum(placement.tasks for placement in placed) != group.count:
            raise Refused(f"the start does not place all {group.count} tasks of group {number}")
        flavors = set(group.flavors) if group.gpus else {""}
        if any(placement.flavor not in flavors for placement in placed):
            raise Refused(f"the start gives group {number} a GPU flavor it does not take")


def is_gated(queued: Queued, placements: Iterable[Placement]) -> bool:
    """Whether its pods come with a gate, and each is tied to its node by itself.

    Pods of one template can be tied together only where all go to one node, and each is one task by its own index.
    """
    one_node = len({placement.node for placement in placements}) == 1
    known = queued.job.tasks == 1 or queued.written
    return not (queued.kind.pinned and one_node and known)


def _templates(queued: Queued, attempt: int, node: NodeId | None) -> Json:
    """The part of an admission that goes into the pod templates: which attempt, where to, and the gate."""
    if not queued.kind.pinned:
        return with_templates(queued.template, queued.kind, _gate_template(_of(queued.job, attempt)))
    was = queued.template
    affinity = untied(was["affinity"]) if node is None else tied(was["affinity"], node)
    gates = [name for name in was["gates"] if name != GATE] + ([] if node else [GATE])
    spec = {
        "affinity": affinity,
        "tolerations": tolerating(was["tolerations"]),
        "schedulingGates": [{"name": name} for name in gates],
    }
    return {"spec": {"template": {"metadata": {"annotations": _of(queued.job, attempt)}, "spec": spec}}}


def _of(job: Job, attempt: int) -> dict[str, str]:
    """What every pod says of itself, so that its use has a name even where the object that made it is gone."""
    return {ATTEMPT: str(attempt), JOB: job.id, USER: job.user, PROJECT: job.project}


def _gate_template(notes_of: dict[str, str]) -> Change:
    """How one template of a list is changed: wholly, since a merge patch replaces lists."""

    def gated(template: Json) -> Json:
        meta, spec = template.get("metadata") or {}, template.get("spec") or {}
        notes = {**(meta.get("annotations") or {}), **notes_of}
        finalizers = sorted({*(meta.get("finalizers") or ()), METER})
        gates = [gate for gate in spec.get("schedulingGates") or () if gate["name"] != GATE]
        return {
            "metadata": {**meta, "annotations": notes, "finalizers": finalizers},
            "spec": {
                **spec,
                "schedulingGates": [*gates, {"name": GATE}],
                "tolerations": tolerating(spec.get("tolerations") or []),
            },
        }

    return gated


def tolerating(stated: list[Json]) -> list[Json]:
    """What is stated, and what every admitted pod stands."""
    return [*stated, *(each for each in TOLERATIONS if each not in stated)]


def ungate(pod: PodSeen, attempted: Attempted, task: int) -> Json:
    """Lets one pod of a gang go to the node of its task."""
    node = task_placements(attempted.placements)[task].node
    return {
        "metadata": {
            "resourceVersion": pod.version,
            "annotations": {TASK: str(task)},
            "finalizers": _kept_by_us(pod),
        },
        "spec": {
            "schedulingGates": [{"name": name} for name in pod.gates if name != GATE],
            "affinity": tied(pod.affinity, node),
        },
    }


def evict(queued: Queued, ending: Ending, epoch: int) -> Json:
    """Tells an attempt to end: why stands in the object in the same write by which its pods are deleted."""
    return _patch(queued, epoch, {ENDING: texts.ending_text(ending)}, suspend_patch(queued.kind, True))


def record_ending(queued: Queued, ending: Ending, epoch: int) -> Json:
    """Says why an attempt is to end, and no more."""
    return _patch(queued, epoch, {ENDING: texts.ending_text(ending)})


def suspend(queued: Queued, epoch: int) -> Json:
    """Holds its pods back, and deletes those that are there, with grace."""
    return _patch(queued, epoch, {}, suspend_patch(queued.kind, True))


def hold(queued: Queued, held: bool, at: Instant, epoch: int) -> Json:
    """Holds a pending job, or releases it."""
    return _patch(queued, epoch, {HELD: texts.held_text(held, at)})


def withdraw(queued: Queued, withdrawal: Withdrawal, epoch: int) -> Json:
    """A pending job leaves the queue for good; the object stays, and says why."""
    return _patch(queued, epoch, {WITHDRAWN: texts.withdrawn_text(withdrawal)})


def checkpoint(queued: Queued, attempt: int, at: Instant, epoch: int) -> Json:
    """An attempt says that it made a checkpoint."""
    return _patch(queued, epoch, {CHECKPOINT: texts.checkpoint_text(attempt, at)})


def seal(queued: Queued, sealed: Sealed, epoch: int) -> Json:
    """Keeps all that is to be known of an attempt that is over; from then on its pods may go."""
    kept = queued.kept
    text = texts.sealed_text((*kept.sealed, sealed), kept.forgotten)
    return _patch(queued, epoch, {ATTEMPTS: text})


def release_job(queued: Queued) -> Json:
    """Lets an object go whose use is all in the ledger."""
    finalizers = [name for name in queued.finalizers if name != METER]
    return {"metadata": {"resourceVersion": queued.version, "finalizers": finalizers}}


def end_deleted(queued: Queued) -> Json:
    """Ends the pods of a Job that was deleted and that our finalizer keeps.

    Its controller heeds `suspend` no more, and its pods are collected only after it; but a deadline that has passed
    it keeps (job_controller.go, syncJob).
    """
    return _patch(queued, queued.kept.epoch, {}, {"spec": {"activeDeadlineSeconds": 0}})


def keep_pod(pod: PodSeen) -> Json:
    """Keeps a pod that came without our finalizer until it is metered."""
    return {"metadata": {"resourceVersion": pod.version, "finalizers": _kept_by_us(pod)}}


def _kept_by_us(pod: PodSeen) -> list[str]:
    return [*pod.finalizers, *(() if pod.ours else (METER,))]


def release_pod(pod: PodSeen) -> Json:
    """Lets a metered pod go."""
    finalizers = [name for name in pod.finalizers if name != METER]
    return {"metadata": {"resourceVersion": pod.version, "finalizers": finalizers}}


def _patch(queued: Queued, epoch: int, notes: Json, more: Json | None = None) -> Json:
    """The decision of one leader (`epoch`) on one state of the object."""
    metadata = {"resourceVersion": queued.version, "annotations": {**notes, EPOCH: str(epoch)}}
    return _merged({"metadata": metadata}, more or {})


def _merged(one: Json, other: Json) -> Json:
    """Two merge patches that touch different things, as one."""
    both = dict(one)
    for name, value in other.items():
        old = both.get(name)
        both[name] = _merged(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return both
