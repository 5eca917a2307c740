"""Pods that outlived what made them: somebody deleted the job, and our finalizer kept its pods until metered."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from dure.backends.kubernetes.kept import Attempted, Forgotten, Kept
from dure.backends.kubernetes.kinds import BATCH_JOB
from dure.backends.kubernetes.pods import PodSeen
from dure.backends.kubernetes.reading import Queued, Tenancy
from dure.model.job import Job, NodeId, Placement, TaskGroup
from dure.model.resources import Flavor


@dataclass(frozen=True, slots=True)
class Orphaned:
    """The job as its pods alone tell of it, deleted, and the pods with their task numbers in it."""

    queued: Queued
    pods: tuple[PodSeen, ...]


def orphaned(
    pods: Iterable[PodSeen], tenancy: Tenancy, gpus: Mapping[tuple[NodeId, str], Flavor]
) -> tuple[Orphaned, ...]:  # fmt: skip
    """Every attempt that pods still hold of jobs that are gone: whose they are, and what they hold, stands on them.

    `gpus` says which flavor a node's devices of a resource are. Pods that never had a place tell of nothing.
    """
    found: dict[tuple[str, str, int], list[PodSeen]] = {}
    for pod in pods:
        if pod.attempt is not None and pod.job and pod.started is not None:
            found.setdefault((pod.namespace, pod.job, pod.attempt), []).append(pod)
    return tuple(
        _one(tenant, sorted(mine, key=lambda pod: (pod.started or 0, pod.uid)), gpus)
        for (namespace, _, _), mine in sorted(found.items())
        if (tenant := tenancy.namespaces.get(namespace)) is not None
    )


def _one(tenant: str, pods: Sequence[PodSeen], gpus: Mapping[tuple[NodeId, str], Flavor]) -> Orphaned:
    first = pods[0]
    flavors = [_flavor(pod, gpus) for pod in pods]
    begun = min(pod.started or 0 for pod in pods)
    job = Job(
        first.job, tenant, first.user, min(pod.created for pod in pods),
        tuple(_group(pod, flavor) for pod, flavor in zip(pods, flavors, strict=True)), project=first.project,
    )  # fmt: skip
    places = tuple(Placement(n, pod.node, flavors[n]) for n, pod in enumerate(pods))
    number = first.attempt or 0
    kept = Kept(attempt=Attempted(number, begun, places), forgotten=Forgotten(number - 1))
    gone = max(pod.told or pod.ended or begun for pod in pods)
    queued = Queued(
        job,
        BATCH_JOB,
        first.namespace,
        first.owner,
        "",
        "",
        kept,
        suspended=False,
        parts=("",),
        deleting=gone,
    )
    return Orphaned(queued, tuple(replace(pod, task=n) for n, pod in enumerate(pods)))


def _flavor(pod: PodSeen, gpus: Mapping[tuple[NodeId, str], Flavor]) -> Flavor:
    return next((gpus.get((pod.node, resource), "") for resource, _ in pod.request.devices), "")


def _group(pod: PodSeen, flavor: Flavor) -> TaskGroup:
    devices = sum(number for _, number in pod.request.devices) if flavor else 0
    return TaskGroup(1, pod.request.cpu, pod.request.memory, devices, (flavor,) if flavor else ())
