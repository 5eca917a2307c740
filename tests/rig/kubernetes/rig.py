"""A real Kubernetes on loopback for tests: `with Rig() as rig: rig.api.get("/api/v1/nodes")`."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

from tests.rig.kubernetes import real_node
from tests.rig.kubernetes.api import Api
from tests.rig.kubernetes.build import provide
from tests.rig.kubernetes.component import Component
from tests.rig.kubernetes.control_plane import PLAYED, PROGRAMS, ControlPlane, Pace
from tests.rig.kubernetes.credentials import Credentials
from tests.rig.kubernetes.failures import RigError
from tests.rig.kubernetes.keeper import Keeper
from tests.rig.kubernetes.leftovers import sweep
from tests.rig.kubernetes.objects import FakeNode
from tests.rig.kubernetes.slot import SLOTS, Slot, home, lock
from tests.rig.room import until

Json = dict[str, Any]
Done = subprocess.CompletedProcess[str]
FROZEN = "rig.dure/frozen"


class Rig:
    """A control plane with kwok and, where asked for, one real node. Everything of it ends with it.

    Raises RigError, with the program's name and the end of its log, where it does not start.
    """

    def __init__(self, *, with_node: bool = False, audit: bool = True, pace: Pace | None = None) -> None:
        self._with_node, self._audit, self.pace = with_node, audit, pace or Pace()
        self._stack = ExitStack()

    # Its life

    def __enter__(self) -> Self:
        names = (*PROGRAMS, *(real_node.PROGRAMS if self._with_node else ()))
        programs = provide(names)
        with ExitStack() as undo:
            slot = take_slot(undo)
            self._make(slot, programs)
            undo.callback(self._abandon)
            self.plane.start()
            undo.callback(self._close_clients)
            self.api = self.client(self.credentials.fixed("admin"))
            self._until_it_takes_pods()
            if self.node is not None:
                self.node.start(self.api)
            self._stack = undo.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def _make(self, slot: Slot, programs: dict[str, Path]) -> None:
        self.slot, self.folder, self._clients = slot, slot.folder, list[Api]()
        self.credentials = Credentials(slot, [real_node.NAME])
        self.plane = ControlPlane(slot, programs, self.credentials, self.pace, self._audit)
        self.node: real_node.RealNode | None = None
        if self._with_node:
            self.node = real_node.RealNode(slot, programs, self.credentials, self.pace.heartbeat_s)
        self.kubeconfig = self.credentials.kubeconfig("admin", self.credentials.fixed("admin"))

    def _until_it_takes_pods(self) -> None:
        try:
            until(lambda: self._has_account("default"))
        except AssertionError:
            controllers = self["controller-manager"].end_of_log()
            raise RigError(f"controller-manager made no default service account\n{controllers}") from None

    def _has_account(self, namespace: str) -> bool:
        """Before it has one, the API server refuses every pod of a namespace."""
        return bool(self.api.items(f"/api/v1/namespaces/{namespace}/serviceaccounts"))

    def _abandon(self) -> None:
        for component in reversed(self.components.values()):
            component.abandon()

    def _close_clients(self) -> None:
        for client in self._clients:
            client.close()

    # Its processes

    @property
    def components(self) -> dict[str, Component]:
        """Every process by name, to be stopped, killed, paused, resumed and started again."""
        node = () if self.node is None else (self.node.mounts, self.node.containerd, self.node.kubelet)
        return {**self.plane.components, **{component.name: component for component in node}}

    def __getitem__(self, name: str) -> Component:
        return self.components[name]

    # Who asks

    def client(self, token: str) -> Api:
        """A client of the API server with this token, closed with the rig."""
        client = Api(self.credentials.server_url, self.plane.trust, token)
        self._clients.append(client)
        return client

    def token(self, user: str, groups: Sequence[str] = (), lifetime_s: int = 3_600) -> str:
        """A token of a user in these groups, as an identity provider issues it; the user needs no registering."""
        return self.credentials.token(user, groups, lifetime_s)

    def user(self, name: str, groups: Sequence[str] = ()) -> Api:
        """A client of a user in these groups, once the API server knows its issuer."""
        client = self.client(self.token(name, groups))
        until(lambda: client.http.get("/api").status_code != httpx.codes.UNAUTHORIZED)
        return client

    def account_token(self, namespace: str, account: str, lifetime_s: int = 3_600) -> str:
        """A token of a service account, by TokenRequest."""
        path = f"/api/v1/namespaces/{namespace}/serviceaccounts/{account}/token"
        made = self.api.post(path, {"spec": {"expirationSeconds": lifetime_s}})
        return str(made["status"]["token"])

    def kubeconfig_of(self, name: str, token: str) -> Path:
        """A kubeconfig file with this token, for programs that want one."""
        return self.credentials.kubeconfig(name, token)

    def kubectl(self, *words: str, kubeconfig: Path | None = None, text: str = "") -> Done:
        """kubectl, ended; as the admin unless another kubeconfig is given."""
        command: list[str | Path] = [self.plane.programs["kubectl"]]
        command += ["--kubeconfig", kubeconfig or self.kubeconfig]
        command += ["--cache-dir", self.folder / "kubectl"]
        return subprocess.run(
            [*command, *words], check=False, input=text, capture_output=True, text=True, timeout=60
        )

    def add_namespace(self, name: str, labels: Mapping[str, str] | None = None) -> None:
        """A namespace, waited for until it takes pods."""
        self.api.post("/api/v1/namespaces", {"metadata": {"name": name, "labels": dict(labels or {})}})
        until(lambda: self._has_account(name))

    # Fake nodes

    def add_nodes(self, *nodes: FakeNode) -> None:
        """Fake nodes, waited for until the scheduler may use them."""
        for node in nodes:
            self.api.post("/api/v1/nodes", node.object())
        waited = {node.name for node in nodes}
        until(lambda: waited <= self._nodes_in_use())

    def _nodes_in_use(self) -> set[str]:
        nodes = self.api.items("/api/v1/nodes", labelSelector=f"{PLAYED}=yes")
        return {node["metadata"]["name"] for node in nodes if not is_held_back(node)}

    def lose_node(self, name: str) -> None:
        """Cut a fake node off: its pods do nothing more, its heartbeats stop; in time it is counted as lost."""
        self._mark_pods_on(name, "asked")
        until(lambda: self._marks_of_pods_on(name) <= {"done"})
        self.api.patch(f"/api/v1/nodes/{name}", {"metadata": {"labels": {PLAYED: None}}})

    def return_node(self, name: str) -> None:
        """Connect a lost fake node again: what ended on it meanwhile is told now, with its true times."""
        self._mark_pods_on(name, None)
        self.api.patch(f"/api/v1/nodes/{name}", {"metadata": {"labels": {PLAYED: "yes"}}})

    def _mark_pods_on(self, node: str, value: str | None) -> None:
        for pod in self._pods_on(node):
            self.api.patch(path_of_pod(pod), {"metadata": {"annotations": {FROZEN: value}}})

    def _marks_of_pods_on(self, node: str) -> set[str]:
        return {pod["metadata"].get("annotations", {}).get(FROZEN, "") for pod in self._pods_on(node)}

    def _pods_on(self, node: str) -> list[Json]:
        return self.api.items("/api/v1/pods", fieldSelector=f"spec.nodeName={node}")

    # What happened

    def audit(self) -> list[Json]:
        """Every audited request so far, in the order of their ends."""
        if self.plane.audit_log is None:
            raise RigError("this rig was started with audit=False")
        return [json.loads(line) for line in self.plane.audit_log.read_text().splitlines()]

    # etcd

    def snapshot(self) -> Path:
        """What is stored now, as etcd itself saves it, while everything runs on."""
        place = self.folder / f"snapshot-{len(list(self.folder.glob('snapshot-*')))}.db"
        url = f"{self.plane.etcd_url}/v3/maintenance/snapshot"
        with httpx.stream("POST", url, json={}, trust_env=False) as answer, place.open("wb") as file:
            for line in answer.raise_for_status().iter_lines():
                file.write(base64.b64decode(json.loads(line)["result"].get("blob", "")))
        return place

    def restore(self, snapshot: Path, revisions_ahead: int = 0) -> None:
        """Put an older snapshot back, as an operator does: end the API server and etcd, restore, start everything.

        With `revisions_ahead` (1 billion is what etcd's guide advises) revisions go on and old watches are refused;
        without it they go back to what they were.
        """
        self["apiserver"].kill()
        self["etcd"].stop()
        shutil.rmtree(self.plane.etcd_data)
        ahead = ["--bump-revision", str(revisions_ahead), "--mark-compacted"] if revisions_ahead else []
        command: list[str | Path] = [self.plane.programs["etcdutl"], "snapshot", "restore", snapshot]
        done = subprocess.run(
            [*command, "--data-dir", self.plane.etcd_data, *self.plane.etcd_membership, *ahead],
            check=False, capture_output=True, text=True, timeout=60,
        )  # fmt: skip
        if done.returncode:
            raise RigError(f"etcdutl could not restore {snapshot}: {done.stderr[-2_000:]}")
        self["etcd"].start()
        self["apiserver"].start()
        self._start_anew("controller-manager", "scheduler", "kwok", *(["kubelet"] if self.node else []))

    def _start_anew(self, *names: str) -> None:
        """End these and start them together: what they remember is of a time that has not been."""
        for name in names:
            self[name].kill()
            self[name].launch()
        for name in names:
            self[name].until_ready()


def take_slot(undo: ExitStack) -> Slot:
    """The first slot that no other rig holds, swept; given back when `undo` closes, or by the keeper alone."""
    for number in range(SLOTS):
        slot = Slot(number, home())
        held = lock(slot)
        if held is None:
            continue
        sweep(slot)
        keeper = Keeper(slot, held)
        if slot.is_quiet():
            slot.folder.mkdir(mode=0o700)
            undo.callback(keeper.sweep)
            return slot
        keeper.sweep()
    raise RigError(f"all {SLOTS} places for rigs are taken, or their ports are")


def is_held_back(node: Json) -> bool:
    """Whether a node is not (yet) for pods: not ready, or tainted so by the node lifecycle controller."""
    conditions = {one["type"]: one["status"] for one in node["status"].get("conditions", [])}
    taints = [taint["key"] for taint in node["spec"].get("taints", [])]
    return conditions.get("Ready") != "True" or "node.kubernetes.io/not-ready" in taints


def path_of_pod(pod: Json) -> str:
    return f"/api/v1/namespaces/{pod['metadata']['namespace']}/pods/{pod['metadata']['name']}"
