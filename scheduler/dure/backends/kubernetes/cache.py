"""What is known of a cluster: nodes, governed objects and their pods, and of other pods what takes room.

Objects are read once, when a watch tells of them, into small values; their JSON is not kept. What an answer to a
write of ours says is taken in at once: until the watch has come so far, what it tells is older and is left aside.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from dure.backends.kubernetes.kept import Sealed
from dure.backends.kubernetes.kinds import Kind, suspended
from dure.backends.kubernetes.names import ATTEMPT, ATTEMPTS, ENDING, WITHDRAWN, Json
from dure.backends.kubernetes.nodes import NodeSeen, node_seen
from dure.backends.kubernetes.pods import PodSeen, pod_seen
from dure.backends.kubernetes.reading import Queued, Tenancy, is_governed, queued
from dure.backends.kubernetes.watch import Event, Key, What
from dure.model.instants import Instant
from dure.model.job import JobId, NodeId
from dure.ports import Refused

JobKey: TypeAlias = tuple[str, str, str]
"""(kind, namespace, name) of a governed object."""

_log = logging.getLogger(__name__)
_WRITTEN = (ATTEMPT, ATTEMPTS, ENDING, WITHDRAWN)


@dataclass
class Cache:
    """Takes events in; `dirty_jobs` and `dirty_nodes` are what they touched since someone looked.

    `changed` is called whenever one of these grows, `now` is the API server's time. `refused` says of objects that
    cannot be governed why; `ghosts` are those that were deleted and are remembered; `silent` are nodes that are not
    ready, or gone.
    """

    tenancy: Tenancy
    changed: Callable[[], None]
    now: Callable[[], Instant]
    nodes: dict[NodeId, NodeSeen] = field(default_factory=dict)
    jobs: dict[JobKey, Queued] = field(default_factory=dict)
    by_id: dict[JobId, JobKey] = field(default_factory=dict)
    refused: dict[JobKey, str] = field(default_factory=dict)
    ghosts: set[JobKey] = field(default_factory=set)
    dirty_jobs: set[JobKey] = field(default_factory=set)
    dirty_nodes: set[NodeId] = field(default_factory=set)
    silent: set[NodeId] = field(default_factory=set)
    _pods: dict[Key, PodSeen] = field(default_factory=dict)
    _pods_of: dict[JobKey, dict[Key, PodSeen]] = field(default_factory=dict)
    _others_on: dict[NodeId, dict[Key, PodSeen]] = field(default_factory=dict)
    _gone_pods: set[Key] = field(default_factory=set)
    _ahead: dict[JobKey, int] = field(default_factory=dict)

    # What is asked

    def job(self, job: JobId) -> Queued:
        """The object that stands for a job. Raises KeyError."""
        return self.jobs[self.by_id[job]]

    def pods_of(self, key: JobKey) -> Collection[PodSeen]:
        """The pods that a governed object has now."""
        return self._pods_of.get(key, {}).values()

    def others_on(self, node: NodeId) -> Collection[PodSeen]:
        """Pods on a node that are nobody's governed job and take room there."""
        return self._others_on.get(node, {}).values()

    def ready(self, node: NodeId) -> bool | None:
        """Whether a node is ready, None where it is gone."""
        known = self.nodes.get(node)
        return known.ready if known else None

    def on_silent(self) -> Iterator[JobKey]:
        """Objects with a pod on a node that is not ready, or gone: time may tell that it is lost."""
        if self.silent:
            yield from [
                key for key, pods in self._pods_of.items()
                if any(pod.node in self.silent and not pod.over for pod in pods.values())
            ]  # fmt: skip

    def unobserved(self) -> Iterator[JobKey]:
        """Objects that we wrote to, and whose watch has not come so far yet."""
        return iter(tuple(self._ahead))

    # What is told

    def heard_job(self, kind: Kind, event: Event) -> None:
        """A governed object came, changed or went."""
        key = (kind.kind, *event.key)
        if event.object is None or event.what is What.DELETED:
            self._bury(key, event.uid)
        elif not self._is_old(key, event.object):
            self._read_job(key, kind, event.object)

    def wrote(self, kind: Kind, obj: Json) -> None:
        """The API server's answer to a write of ours: the object as it stands now."""
        meta = obj["metadata"]
        key = (kind.kind, str(meta["namespace"]), str(meta["name"]))
        known = self.jobs.get(key)
        if known is None or known.uid != meta["uid"] or _number(known.version) < _number(_version(obj)):
            self._ahead[key] = _number(_version(obj))
            self._read_job(key, kind, obj)

    def looked(self, key: JobKey, kind: Kind, obj: Json | None) -> None:
        """What a look at an object found (None: nothing); it is believed whatever was told before."""
        self._ahead.pop(key, None)
        if obj is not None:
            self._read_job(key, kind, obj)
        elif key in self.jobs:
            self._bury(key, self.jobs[key].uid)

    def heard_pod(self, event: Event) -> None:
        """A pod came, changed or went."""
        before = self._pods.pop(event.key, None)
        self._gone_pods.discard(event.key)
        if before is not None:
            self._drop_pod(event.key, before)
        if event.object is not None and event.what is not What.DELETED:
            self._add_pod(event.key, pod_seen(event.object))
        elif before is not None:
            self._keep_end(event, before)
        self.changed()

    def heard_node(self, event: Event) -> None:
        """A node came, changed or went."""
        name = event.key[1]
        if event.object is None or event.what is What.DELETED:
            self.nodes.pop(name, None)
        else:
            self.nodes[name] = node_seen(event.object)
        (self.silent.discard if self.ready(name) else self.silent.add)(name)
        self.dirty_nodes.add(name)
        self.changed()

    # Objects

    def _is_old(self, key: JobKey, obj: Json) -> bool:
        """Whether this is from before a write of ours; the first that is not shows that the watch has caught up."""
        ahead = self._ahead.get(key)
        if ahead is not None and _number(_version(obj)) < ahead:
            return True
        self._ahead.pop(key, None)
        return False

    def _read_job(self, key: JobKey, kind: Kind, obj: Json) -> None:
        if not self._is_ours(kind, obj):
            self._forget_job(key, str(obj["metadata"]["uid"]))
            return
        try:
            found = queued(obj, kind, self.tenancy)
        except Refused as refusal:
            if self.refused.get(key) != refusal.reason:
                _log.warning("cannot be governed", extra={"object": "/".join(key), "reason": refusal.reason})
            self._forget_job(key, str(obj["metadata"]["uid"]))
            self.refused[key] = refusal.reason
            return
        self.refused.pop(key, None)
        if (before := self.jobs.get(key)) is not None and before.job.id != found.job.id:
            self._forget_job(key, before.uid)
        self.jobs[key] = found
        self.by_id[found.job.id] = key
        self.ghosts.discard(key)
        self.touch(key)

    def _is_ours(self, kind: Kind, obj: Json) -> bool:
        """Whether it is a tenant's, stands for itself, and did not start without us."""
        meta = obj["metadata"]
        if meta.get("namespace") not in self.tenancy.namespaces or not is_governed(obj):
            return False
        return suspended(obj, kind) or any(name in (meta.get("annotations") or {}) for name in _WRITTEN)

    def _forget_job(self, key: JobKey, uid: str) -> None:
        self.refused.pop(key, None)
        self._ahead.pop(key, None)
        if (known := self.jobs.get(key)) is not None and (not uid or known.uid == uid):
            del self.jobs[key]
            self.ghosts.discard(key)
            if self.by_id.get(known.job.id) == key:
                del self.by_id[known.job.id]
        self.touch(key)

    def _bury(self, key: JobKey, uid: str) -> None:
        """The object is gone, what it was is not: its pods end, and its use is to be metered. See `forget`."""
        known = self.jobs.get(key)
        if known is None or (uid and known.uid != uid):
            self._forget_job(key, uid)
        elif key not in self.ghosts:
            self._ahead.pop(key, None)
            self.ghosts.add(key)
            self.jobs[key] = replace(known, deleting=known.deleting or self.now())
            self.touch(key)

    def seal_ghost(self, key: JobKey, sealed: Sealed) -> None:
        """What an object would keep of its last attempt, had it not been deleted."""
        known = self.jobs[key]
        self.jobs[key] = replace(known, kept=replace(known.kept, sealed=(*known.kept.sealed, sealed)))
        self.touch(key)

    def forget(self, key: JobKey) -> None:
        """Nobody asks any more for an object that is gone."""
        if key in self.ghosts:
            self._forget_job(key, "")

    # Pods

    def _add_pod(self, key: Key, pod: PodSeen) -> None:
        owner = self._governing(pod)
        if owner is not None:
            self._pods[key] = pod
            self._pods_of.setdefault(owner, {})[key] = pod
            self.touch(owner)
        elif pod.node and not pod.over:
            self._pods[key] = pod
            self._others_on.setdefault(pod.node, {})[key] = pod
            self.dirty_nodes.add(pod.node)

    def _drop_pod(self, key: Key, pod: PodSeen) -> None:
        if (owner := self._governing(pod)) is not None:
            found = self._pods_of.get(owner, {})
            found.pop(key, None)
            if not found:
                self._pods_of.pop(owner, None)
            self.touch(owner)
        elif pod.node:
            self._others_on.get(pod.node, {}).pop(key, None)
            self.dirty_nodes.add(pod.node)

    def _keep_end(self, event: Event, before: PodSeen) -> None:
        """A pod that went before its attempt was sealed (without our finalizer) is kept as it was last seen."""
        last = pod_seen(event.object) if event.object is not None else before
        job = self.jobs.get(owner) if (owner := self._governing(last)) is not None else None
        if job is None or (last.attempt or 0) <= job.kept.sealed_number:
            return
        self._add_pod(event.key, replace(last, over=True, lost=last.lost or not last.over, ours=False))
        self._gone_pods.add(event.key)

    def forget_pods(self, key: JobKey) -> None:
        """Let go of pods that are gone, once their attempt is sealed."""
        sealed = self.jobs[key].kept.sealed_number if key in self.jobs else None
        for name, pod in list(self._pods_of.get(key, {}).items()):
            if name in self._gone_pods and (sealed is None or (pod.attempt or 0) <= sealed):
                self._gone_pods.discard(name)
                del self._pods[name]
                del self._pods_of[key][name]

    def _governing(self, pod: PodSeen) -> JobKey | None:
        """The governed object that a pod is of: only an admitted one's pods bear the number of an attempt."""
        if pod.attempt is None or not pod.owner or pod.namespace not in self.tenancy.namespaces:
            return None
        return pod.owner_kind, pod.namespace, pod.owner

    def touch(self, key: JobKey) -> None:
        """There may be something to do about this object."""
        self.dirty_jobs.add(key)
        self.changed()


def _version(obj: Json) -> str:
    return str(obj["metadata"].get("resourceVersion", ""))


def _number(version: str) -> int:
    """Revisions of one API server can be compared as integers (Kubernetes 1.35 and newer say so)."""
    return int(version) if version.isdecimal() else -1
