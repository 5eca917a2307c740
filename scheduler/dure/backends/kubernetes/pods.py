"""What a pod tells: whose it is, where, since when, until when, and how it ended; read once, then kept small."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from dataclasses import dataclass, replace
from sys import intern
from typing import Any

from dure.backends.kubernetes.instants import instant, maybe
from dure.backends.kubernetes.kinds import KINDS
from dure.backends.kubernetes.names import ATTEMPT, GATE, INDEX, JOB, METER, PROJECT, TASK, USER, Json
from dure.backends.kubernetes.podspec import PodRequest, whole_pod
from dure.backends.kubernetes.quantities import BadQuantity
from dure.model.instants import SECOND, Instant

_OVER = {"Succeeded", "Failed"}
_LOST = "lost: its node stopped telling of it; the end is the last proof of life"
_NEVER_RAN = {"StartError", "ContainerCannotRun"}
_NO_SUCH_PROGRAM = 127  # what a shell says of it; runtimes say 128 of everything that they cannot start


@dataclass(frozen=True, slots=True)
class PodSeen:
    """A pod. `owner` names the governed object that made it, by its kind's label ("" if none did).

    `part` names the template of that object, `task` is what dure wrote on it when it was placed, `index` what its
    Job numbered it. `started` is when it was bound to its node. `over`: it holds nothing any more; then `ended` is
    the last container's end, or None where none is known: `told` (when its deletion was asked for) and its node's
    heartbeat must do then. `deadline` is when its grace is over. `ran`: a container of it did run. `lost`: nobody
    saw how it ended. `waiting` says why its containers do not come up. `ours`: the finalizer that keeps it until it
    is metered. `job`, `user` and `project` say whose it is, should what made it be gone.
    """

    uid: str
    namespace: str
    name: str
    version: str
    node: str
    phase: str
    created: Instant
    request: PodRequest
    owner: str = ""
    owner_kind: str = ""
    part: str = ""
    attempt: int | None = None
    task: int | None = None
    index: int | None = None
    gated: bool = False
    started: Instant | None = None
    ended: Instant | None = None
    told: Instant | None = None
    deadline: Instant | None = None
    over: bool = False
    ran: bool = False
    lost: bool = False
    exit_code: int | None = None
    reason: str = ""
    waiting: str = ""
    ours: bool = False
    finalizers: tuple[str, ...] = ()
    job: str = ""
    user: str = ""
    project: str = ""
    affinity: Json | None = None
    gates: tuple[str, ...] = ()

    def gone(self, at: Instant) -> PodSeen:
        """The pod once it has left the API server, where it was seen last at `at`, without having been over."""
        return self if self.over else self._lost(self.told or at)

    def given_up(self, ready: bool | None, now: Instant) -> PodSeen:
        """The pod, lost if its node is (`ready` None: the node is gone), else as it is.

        A node that is not ready is waited for as long as the pod's own toleration says: then its deletion is asked
        for, and once its grace is over too nobody will tell how it ended. Of a node that is gone it is asked for by
        the garbage collector of pods, soon.
        """
        if self.over or not self.node or ready or self.deadline is None:
            return self
        return self._lost(self.told) if ready is None or now >= self.deadline else self

    def _lost(self, told: Instant | None) -> PodSeen:
        why = _LOST if self.ran else "its node was lost before it ran"
        return replace(self, over=True, lost=True, told=told, reason=why)


def pod_seen(pod: Json) -> PodSeen:
    """The pod as it stands. Raises ValueError or KeyError for what the API server would never give."""
    meta, spec, status = pod["metadata"], pod["spec"], pod.get("status") or {}
    labels, notes = meta.get("labels") or {}, meta.get("annotations") or {}
    owner_kind, owner, part = _owner(labels)
    told = _told(meta)
    over = _is_over(meta, status)
    states = list(_states(status))
    gates = tuple(gate["name"] for gate in spec.get("schedulingGates") or ())
    finalizers = tuple(meta.get("finalizers") or ())
    return PodSeen(
        uid=meta["uid"],
        namespace=meta["namespace"],
        name=meta["name"],
        version=meta.get("resourceVersion", ""),
        node=intern(spec.get("nodeName") or ""),
        phase=status.get("phase") or "Pending",
        created=instant(meta["creationTimestamp"]),
        request=_request(spec),
        owner=owner,
        owner_kind=owner_kind,
        part=part,
        attempt=_number(notes.get(ATTEMPT)),
        task=_number(notes.get(TASK)),
        index=_number(labels.get(INDEX) or notes.get(INDEX)),
        gated=GATE in gates,
        started=_scheduled(spec, status),
        ended=_ended(states) if over else None,
        told=told,
        deadline=maybe(meta.get("deletionTimestamp")),
        over=over,
        ran=any("terminated" in state or "running" in state for _, state in states),
        lost=over and _is_lost(status, states),
        exit_code=_exit_code(status, states) if over else None,
        reason=_reason(status, states) if over else "",
        waiting="" if over else _waiting(status, states),
        ours=METER in finalizers,
        finalizers=finalizers,
        job=intern(notes.get(JOB, "")),
        user=intern(notes.get(USER, "")),
        project=intern(notes.get(PROJECT, "")),
        affinity=spec.get("affinity") if gates else None,
        gates=gates,
    )


def _owner(labels: Json) -> tuple[str, str, str]:
    """(kind, name, part) of what made it; the last of the table that fits: a JobSet's pods are its Jobs' too."""
    found = ("", "", "")
    for kind in KINDS:
        if name := labels.get(kind.pod_label):
            found = (kind.kind, str(name), str(labels.get(kind.part_label) or ""))
    return found


def _number(text: Any) -> int | None:
    return int(text) if isinstance(text, str) and text.isdecimal() else None


def _request(spec: Json) -> PodRequest:
    try:
        return whole_pod(spec)
    except BadQuantity:
        return PodRequest()  # the API server refuses such a pod; what cannot be read holds nothing


def _told(meta: Json) -> Instant | None:
    """When its deletion was asked for: the deadline that the server set, less the grace in it."""
    deadline = maybe(meta.get("deletionTimestamp"))
    return None if deadline is None else deadline - int(meta.get("deletionGracePeriodSeconds") or 0) * SECOND


def _is_over(meta: Json, status: Json) -> bool:
    """Its phase says so, or its kubelet (or whoever forced it) has let go: deleted with no grace left."""
    let_go = bool(meta.get("deletionTimestamp")) and meta.get("deletionGracePeriodSeconds") == 0
    return status.get("phase") in _OVER or let_go


def _condition(status: Json, name: str) -> Json | None:
    return next((each for each in status.get("conditions") or () if each.get("type") == name), None)


def _scheduled(spec: Json, status: Json) -> Instant | None:
    """When it was bound; a pod that a kubelet took without a scheduler (static, or named) when that one began."""
    if not spec.get("nodeName"):
        return None
    bound = _condition(status, "PodScheduled")
    if bound and bound.get("status") == "True":
        return maybe(bound.get("lastTransitionTime"))
    return maybe(status.get("startTime"))


def _states(status: Json) -> Iterator[tuple[bool, Json]]:
    """(whether it is one of the containers proper, its state) of init containers and sidecars, then containers."""
    for part in ("initContainerStatuses", "containerStatuses"):
        for each in status.get(part) or ():
            yield part == "containerStatuses", each.get("state") or {}


def _ends(states: list[tuple[bool, Json]]) -> list[tuple[bool, Json]]:
    return [(main, state["terminated"]) for main, state in states if state.get("terminated")]


def _ended(states: list[tuple[bool, Json]]) -> Instant | None:
    """The last container's end; None where none ended, or one is said to run still (nobody saw its end)."""
    if any(state.get("running") for _, state in states):
        return None
    ends = [maybe(end.get("finishedAt")) for _, end in _ends(states)]
    return max((at for at in ends if at is not None), default=None)


def _is_lost(status: Json, states: list[tuple[bool, Json]]) -> bool:
    """Nobody saw how it ended: a container is said to run still, or the kubelet gave it up as unknown."""
    if any(state.get("running") for _, state in states):
        return True
    unknown = any(end.get("reason") == "ContainerStatusUnknown" for _, end in _ends(states))
    return unknown or status.get("reason") == "NodeLost"


def _worst(states: list[tuple[bool, Json]]) -> Json | None:
    """The first container that did not end well; a sidecar only where no container proper tells."""
    bad = [
        (not main, str(end.get("finishedAt") or ""), end)
        for main, end in _ends(states)
        if end.get("exitCode")
    ]
    return min(bad, key=lambda found: found[:2], default=(False, "", None))[2]


def _exit_code(status: Json, states: list[tuple[bool, Json]]) -> int | None:
    """The process's own code, or minus the signal that ended it (128 + n says so); None: nobody saw it.

    Sidecars are ended by a signal once all else has ended well: what they say then is nothing bad.
    """
    end = None if status.get("phase") == "Succeeded" else _worst(states)
    if end:
        code = int(end.get("signal") or 0)
        return -code if code else _NO_SUCH_PROGRAM if _not_found(end) else _signed(int(end["exitCode"]))
    return 0 if _ends(states) else None


def _not_found(end: Json) -> bool:
    told = str(end.get("message") or "")
    return end.get("reason") in _NEVER_RAN and ("not found" in told or "no such file" in told)


def _signed(code: int) -> int:
    return 128 - code if 128 < code < 128 + signal.NSIG else code


def _reason(status: Json, states: list[tuple[bool, Json]]) -> str:
    """In words, as every backend says it, "" if well."""
    if status.get("reason") == "DeadlineExceeded":
        return "time-limit"
    if _is_lost(status, states):
        return _LOST
    if status.get("reason") == "Evicted":
        return f"put off its node: {status.get('message') or 'the node ran short'}"
    end = _worst(states)
    if end is None or status.get("phase") == "Succeeded":
        return _without_container(status)
    if end.get("reason") == "OOMKilled":
        return "memory: it held more than it asked for"
    if end.get("reason") in _NEVER_RAN:
        return f"could not be run: {end.get('message') or 'the container did not start'}"
    return _code_text(_exit_code(status, states) or 0)


def _without_container(status: Json) -> str:
    if status.get("phase") != "Failed":
        return ""
    return ": ".join(part for part in (status.get("reason"), status.get("message")) if part) or "never ran"


def _code_text(code: int) -> str:
    if code > 0:
        return f"exited with {code}"
    try:
        return f"ended by {signal.Signals(-code).name}"
    except ValueError:
        return f"ended by signal {-code}"


def _waiting(status: Json, states: list[tuple[bool, Json]]) -> str:
    """Why it does not come up: what a container waits for, or why no node would take it."""
    for _, state in states:
        wait = state.get("waiting") or {}
        if wait.get("reason") not in {None, "ContainerCreating", "PodInitializing"}:
            return ": ".join(part for part in (wait["reason"], wait.get("message")) if part)
    bound = _condition(status, "PodScheduled")
    if bound and bound.get("status") == "False" and bound.get("reason") == "Unschedulable":
        return f"Unschedulable: {bound.get('message') or 'no node takes it'}"
    return ""
