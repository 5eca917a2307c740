"""Lives of jobs on a cluster, played step by step as values: what the API server would tell after each step."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from typing import Any

from dure.backends.kubernetes import admitting
from dure.backends.kubernetes.attempts import AttemptSeen, attempt_seen, placeable, to_seal
from dure.backends.kubernetes.instants import text
from dure.backends.kubernetes.kept import Ending
from dure.backends.kubernetes.kinds import BATCH_JOB
from dure.backends.kubernetes.names import GATE, INDEX, JOB_NAME, METER, Json
from dure.backends.kubernetes.outcome import Story, story
from dure.backends.kubernetes.pods import PodSeen, pod_seen
from dure.backends.kubernetes.reading import Queued, queued
from dure.model.instants import SECOND, Instant
from dure.model.job import Job, Placement
from dure.model.plan import Eviction, Rule, Start
from tests.backends.kubernetes_values.jobs import TENANCY, merged, written

BEGIN: Instant = 1_795_334_400_000
"""2026-11-22T08:00:00Z, when all objects of these tests are made."""


@dataclass
class Life:
    """One job and its pods. `now` moves only when told; every step leaves what a server would tell."""

    job: Job
    obj: Json = field(default_factory=dict)
    pods: dict[str, Json] = field(default_factory=dict)
    now: Instant = BEGIN
    versions: int = 7
    gone: int = 0
    beats: dict[str, Instant] = field(default_factory=dict)
    ready: dict[str, bool] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.obj = self.obj or written(self.job)

    # What is seen

    @property
    def queued(self) -> Queued:
        return queued(self.obj, BATCH_JOB, TENANCY)

    @property
    def seen_pods(self) -> tuple[PodSeen, ...]:
        found = (pod_seen(pod) for pod in self.pods.values())
        return tuple(pod.given_up(self.ready.get(pod.node, True), self.now) for pod in found)

    @property
    def alive(self) -> dict[str, Instant]:
        nodes = {pod.node for pod in map(pod_seen, self.pods.values()) if pod.node}
        return {node: self.beats.get(node, self.now) for node in nodes}

    def seen(self, told: AttemptSeen | None = None) -> AttemptSeen | None:
        return attempt_seen(self.queued, self.seen_pods, self.alive, self.now, told)

    @property
    def story(self) -> Story:
        return story(self.queued, self.seen())

    # What dure does

    def patch(self, body: Json) -> None:
        assert body["metadata"]["resourceVersion"] == self.obj["metadata"]["resourceVersion"], "stale"
        self.obj = merged(self.obj, body)
        self._changed(self.obj)

    def admit(self, *places: Placement, attempt: int = 1, under: str = "") -> None:
        start = Start(self.job.id, attempt, places, guaranteed=True, under=under)
        self.patch(admitting.admit(self.queued, start, self.now + 999, 1))

    def tell(self, reason: str = "cancelled by kim", requeue: bool = False, cause: str = "asked") -> None:
        attempt = self.queued.kept.number
        eviction = Eviction(self.job.id, attempt, Rule.BETWEEN_BORROWERS, "other", 5) if requeue else None
        ending = Ending(attempt, self.now, reason, requeue, cause, eviction)
        self.patch(admitting.evict(self.queued, ending, 1))

    def settle(self) -> bool:
        """Seal the attempt, if it is over."""
        sealed = to_seal(self.seen(), self.queued)
        if sealed:
            self.patch(admitting.seal(self.queued, sealed, 1))
        return sealed is not None

    def let_pods_go(self) -> None:
        """Metered, they lose their finalizer and are gone."""
        self.gone += len(self.pods)
        self.pods.clear()

    def ungate(self) -> None:
        made = self.queued.kept.live
        for pod, task in placeable(self.queued, self.seen_pods):
            assert made is not None
            body = admitting.ungate(pod, made, task)
            assert body["metadata"].pop("resourceVersion") == pod.version
            self.pods[pod.name] = merged(self.pods[pod.name], body)

    # What controllers, scheduler and kubelets do

    def wait(self, seconds: int = 1) -> None:
        self.now += seconds * SECOND

    def make_pods(self, *numbers: int) -> None:
        """The controller makes these pods of the gang."""
        template = self.obj["spec"]["template"]
        for number in numbers or range(self.job.tasks):
            name = f"{self.obj['metadata']['name']}-{number}-{len(self.pods)}"
            meta = template["metadata"]
            self.pods[name] = {
                "metadata": {
                    "name": name, "namespace": "lab-ns", "resourceVersion": "1",
                    "uid": f"pod-{self.gone + len(self.pods)}",
                    "creationTimestamp": text(self.now),
                    "labels": {JOB_NAME: self.obj["metadata"]["name"], INDEX: str(number)},
                    "annotations": dict(meta.get("annotations") or {}), "finalizers": [METER],
                },
                "spec": copy.deepcopy(template["spec"]), "status": {"phase": "Pending", "conditions": []},
            }  # fmt: skip
        self.obj["status"] = {"active": len(self._live())}
        self._changed(self.obj)

    def schedule(self) -> None:
        """The scheduler binds what is not gated, where its affinity says."""
        for pod in self._live():
            gates = [gate["name"] for gate in pod["spec"].get("schedulingGates") or ()]
            if not gates and not pod["spec"].get("nodeName"):
                pod["spec"]["nodeName"] = tied_to(pod["spec"])
                self._condition(pod, "PodScheduled")
            assert set(gates) <= {GATE}

    def run(self) -> None:
        """Kubelets start what is bound."""
        for pod in self._live():
            if pod["spec"].get("nodeName") and pod["status"]["phase"] == "Pending":
                pod["status"] |= {
                    "phase": "Running",
                    "containerStatuses": [self._state({"running": self._since()})],
                }

    def begin(self) -> None:
        """Everything up to running."""
        self.make_pods()
        self.ungate()
        self.schedule()
        self.run()

    def end(self, number: int, code: int = 0, **said: Any) -> None:
        """The process of the last pod with this index ends."""
        pod = [each for each in self._live() if each["metadata"]["labels"][INDEX] == str(number)][-1]
        self._terminate(pod, code, **said)

    def delete_pods(self, grace: int = 30) -> None:
        """The controller deletes what it has, as it does of a suspended or a failed Job."""
        for pod in self._live():
            if "deletionTimestamp" in pod["metadata"]:
                continue
            bound = bool(pod["spec"].get("nodeName"))
            deadline = self.now + (grace * SECOND if bound else 0)
            pod["metadata"] |= {
                "deletionTimestamp": text(deadline),
                "deletionGracePeriodSeconds": grace if bound else 0,
            }

    def kubelets_end_them(self, code: int = 143) -> None:
        """What was told to go is gone; what never ran has no container to tell of."""
        for pod in self._live():
            if "deletionTimestamp" in pod["metadata"]:
                if pod["status"]["phase"] == "Running":
                    self._terminate(pod, code)
                else:
                    pod["status"]["phase"] = "Failed"
                told = (
                    pod_seen(pod).told or self.now
                )  # the server puts the deadline back to when it was asked for
                pod["metadata"] |= {"deletionGracePeriodSeconds": 0, "deletionTimestamp": text(told)}

    def say(self, kind: str, reason: str = "") -> None:
        """The controller says of the Job: Suspended, Complete, Failed."""
        condition = {"type": kind, "status": "True", "lastTransitionTime": text(self.now), "reason": reason}
        self.obj["status"] = {"active": 0, "conditions": [condition]}
        self._changed(self.obj)

    def leave(self, code: int = 143) -> None:
        """Everything from being told to being gone."""
        self.delete_pods()
        self.wait(2)
        self.kubelets_end_them(code)
        self.say("Suspended")

    def _live(self) -> list[Json]:
        return [pod for pod in self.pods.values() if pod["status"]["phase"] in {"Pending", "Running"}
                and pod["metadata"].get("deletionGracePeriodSeconds") != 0]  # fmt: skip

    def _terminate(self, pod: Json, code: int, **said: Any) -> None:
        end = {
            "exitCode": code,
            "finishedAt": text(self.now),
            "reason": "Error" if code else "Completed",
            **said,
        }
        pod["status"] |= {
            "phase": "Failed" if code else "Succeeded",
            "containerStatuses": [self._state({"terminated": end})],
        }

    def _state(self, state: Json) -> Json:
        return {"name": "task", "state": state}

    def _since(self) -> Json:
        return {"startedAt": text(self.now)}

    def _condition(self, pod: Json, kind: str) -> None:
        pod["status"]["conditions"].append(
            {"type": kind, "status": "True", "lastTransitionTime": text(self.now)}
        )

    def _changed(self, obj: Json) -> None:
        self.versions += 1
        obj["metadata"]["resourceVersion"] = str(self.versions)


def tied_to(spec: Json) -> str:
    """The one node that a pod's affinity allows."""
    terms = spec["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"][
        "nodeSelectorTerms"
    ]
    nodes = {
        each["values"][0] for term in terms for each in term["matchFields"] if each["key"] == "metadata.name"
    }
    assert len(nodes) == 1
    return str(nodes.pop())
