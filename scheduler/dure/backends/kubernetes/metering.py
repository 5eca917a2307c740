"""Use from the records of attempts: what each task's place held, pod by pod, between which instants (DESIGN 4).

Whoever asks for the same interval again gets the same slices: an open task runs through the end of the interval,
and the watermark passes no instant at which a pod may have ended without our knowing (`settled`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from dure.backends.kubernetes.attempts import AttemptSeen, ended_at
from dure.backends.kubernetes.kept import PodSpan
from dure.backends.kubernetes.pods import PodSeen
from dure.backends.kubernetes.podspec import PodRequest
from dure.backends.kubernetes.reading import Queued
from dure.model.instants import SECOND, Instant, Interval, Millis
from dure.model.job import Job, NodeId, task_placements
from dure.model.record import AttemptRecord
from dure.model.resources import Flavor, Resources, flavor_of
from dure.model.use import Slice, State

LATE: Millis = 10 * SECOND
"""How far the watermark stays behind the present: a kubelet that is alive tells of an end within this time."""


@dataclass(frozen=True, slots=True)
class Used:
    """One pod's time in a task's place; `end` is None while it holds it."""

    uid: str
    task: int
    start: Instant
    end: Instant | None


@dataclass(frozen=True, slots=True)
class Meter:
    """Turns attempts into slices of one cluster."""

    source: str
    cluster: str

    def slices(self, queued: Queued, seen: AttemptSeen | None, asked: Interval) -> Iterator[Slice]:
        """What every task of every attempt of a job held within the interval."""
        for sealed in queued.kept.sealed:
            yield from self._attempt(queued.job, sealed.record, sealed.pods, asked)
        if seen:
            spans = tuple(task.spans for task in seen.tasks)
            yield from self._attempt(queued.job, seen.record, spans, asked)

    def _attempt(
        self, job: Job, record: AttemptRecord, spans: tuple[tuple[PodSpan, ...], ...], asked: Interval
    ) -> Iterator[Slice]:  # fmt: skip
        places = task_placements(record.placements)
        for used in _used(record, spans):
            place = places[used.task]
            amounts = job.groups[place.group].request(place.flavor)
            for part, grace in parts(used, record.ending_since, asked):
                yield from self._slices(job, record.attempt, used.uid, place.node, amounts, part, grace)

    def _slices(
        self, job: Job, attempt: int, uid: str, node: NodeId, amounts: Resources, part: Interval, grace: bool
    ) -> Iterator[Slice]:  # fmt: skip
        for resource, amount in amounts.items():
            yield Slice(
                source=self.source, cluster=self.cluster, uid=uid, attempt=attempt, resource=resource,
                start=part.start, end=part.end, amount=amount, state=State.TENANT, node=node, tenant=job.tenant,
                user=job.user, project=job.project, job=job.id, flavor=flavor_of(resource), grace=grace,
            )  # fmt: skip

    def system(
        self, pods: Iterable[PodSeen], alive: Mapping[NodeId, Instant], asked: Interval,
        gpus: Mapping[tuple[NodeId, str], Flavor],
    ) -> Iterator[Slice]:  # fmt: skip
        """What pods that are not governed held: daemons, static pods, other schedulers' (state SYSTEM).

        `gpus` says which flavor a node's devices of a resource are.
        """
        for pod in pods:
            if pod.started is None or not pod.node:
                continue
            used = Used(pod.uid, 0, pod.started, system_end(pod, alive))
            for part, _ in parts(used, None, asked):
                for resource, amount in _held(pod.request, pod.node, gpus).items():
                    yield Slice(
                        source=self.source, cluster=self.cluster, uid=pod.uid, attempt=0, resource=resource,
                        start=part.start, end=part.end, amount=amount, state=State.SYSTEM, node=pod.node,
                        flavor=flavor_of(resource),
                    )  # fmt: skip


def system_end(pod: PodSeen, alive: Mapping[NodeId, Instant]) -> Instant | None:
    """When a pod that is not governed let go, None while it holds its place."""
    return ended_at(pod, alive) if pod.over else None


def _held(request: PodRequest, node: NodeId, gpus: Mapping[tuple[NodeId, str], Flavor]) -> Resources:
    devices: dict[Flavor, int] = {}
    for resource, number in request.devices:
        if flavor := gpus.get((node, resource)):
            devices[flavor] = devices.get(flavor, 0) + number
    return Resources.of(request.cpu, request.memory, devices)


def _used(record: AttemptRecord, spans: tuple[tuple[PodSpan, ...], ...]) -> Iterator[Used]:
    """Pod by pod: a place is kept for the pod that follows, and metered under the one before until then."""
    for number, (task, pods) in enumerate(zip(record.tasks, spans, strict=True)):
        ends: list[Instant | None] = [*(start for _, start in pods[1:]), task.ended]
        for (uid, start), end in zip(pods, ends, strict=False):  # a task that never started has no pod
            yield Used(uid, number, start, end)


def parts(used: Used, told: Instant | None, asked: Interval) -> Iterator[tuple[Interval, bool]]:
    """A pod's time within the interval, before and after it was told to end; (part, whether it is grace)."""
    end = max(used.start, asked.end if used.end is None else used.end)
    cut = min(max(used.start, end if told is None else told), end)
    for part, grace in ((Interval(used.start, cut), False), (Interval(cut, end), True)):
        if within := part.meet(asked):
            yield within, grace


def settled(
    attempts: Iterable[AttemptSeen], alive: Mapping[NodeId, Instant], now: Instant, until: Instant
) -> Instant:  # fmt: skip
    """How far the watermark may go: nothing that is told later falls before it.

    Not beyond the last proof of life of a node with running tasks, nor beyond the decision of one that has not
    started; and LATE behind the API server's `now`, since a kubelet tells of an end a little after it.
    """
    bounds = [until, now - LATE]
    for seen in attempts:
        for task in seen.tasks:
            if task.void and not seen.over:
                bounds.append(seen.attempted.decided)
            elif task.record.started is not None and task.record.ended is None:
                proof = alive.get(task.record.node, task.record.started)
                bounds.append(
                    max(task.record.started, proof if task.unsure is None else min(proof, task.unsure))
                )
    return min(bounds)


def correction(given: Slice, ended: Instant) -> Slice | None:
    """What a slice that was given too long takes back once its true end is known, None if it was not too long."""
    start = max(given.start, ended)
    if start >= given.end:
        return None
    return replace(given, start=start, amount=-given.amount, corrects=given.key)
