"""The programs of a control plane and how each is called: etcd, API server, controller-manager, scheduler, kwok."""

from __future__ import annotations

import json
import ssl
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.rig.kubernetes.component import Command, Component
from tests.rig.kubernetes.credentials import AUDIENCE, Credentials
from tests.rig.kubernetes.keeper import CHECKOUT
from tests.rig.kubernetes.slot import Slot

SERVERS = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kwok")
PROGRAMS = (*SERVERS, "etcdutl", "kubectl")
PLAYED = "rig.dure/played"
"""The label of nodes that kwok plays: without it a node's heartbeats stop, and so do its pods."""
STAGES = Path(__file__).parent / "stages"


@dataclass(frozen=True, slots=True)
class Pace:
    """How soon what happens is noticed, and how much the servers' own clients may ask a second.

    By default the controller-manager asks 20 times a second and the scheduler 50: that, and no algorithm, would
    bound every measurement, so the rig lifts both. A node counts as lost `grace_s` after its last heartbeat.
    """

    heartbeat_s: int = 2
    grace_s: int = 15
    controller_requests: int = 1_000
    scheduler_requests: int = 2_000


class ControlPlane:
    """Its components, by name, not yet started."""

    def __init__(
        self, slot: Slot, programs: Mapping[str, Path], credentials: Credentials, pace: Pace, audit: bool
    ) -> None:
        self.slot, self.programs, self.credentials, self.pace = slot, programs, credentials, pace
        self.trust = ssl.create_default_context(cafile=credentials.authority)
        self.audit_log = slot.folder / "audit.log" if audit else None
        self.etcd_data = slot.folder / "etcd"
        makers = (self._issuer, self._etcd, self._apiserver, self._controllers, self._scheduler, self._kwok)
        self.components = {component.name: component for component in (make() for make in makers)}

    def start(self) -> None:
        """Start everything; what depends on nothing yet unready starts together."""
        for together in (("issuer", "etcd"), ("apiserver",), ("controller-manager", "scheduler", "kwok")):
            started = [self.components[name] for name in together]
            for component in started:
                component.launch()
            for component in started:
                component.until_ready()

    # One by one

    def _issuer(self) -> Component:
        certificate, key = self.credentials.server
        command: Command = [
            sys.executable, "-m", "tests.rig.kubernetes.issuer", self.credentials.issuer_folder,
            str(self.slot.port("issuer")), certificate, key,
        ]  # fmt: skip
        answers = self._answers("issuer", "/keys")
        return Component("issuer", self.slot, command, answers, {"PYTHONPATH": str(CHECKOUT)})

    def _etcd(self) -> Component:
        client = self.etcd_url
        command: Command = [
            self.programs["etcd"], "--data-dir", self.etcd_data, "--unsafe-no-fsync", "--log-level", "warn",
            "--listen-client-urls", client, "--advertise-client-urls", client,
            "--listen-peer-urls", self._etcd_peer, *self.etcd_membership,
        ]  # fmt: skip
        return Component("etcd", self.slot, command, self._answers("etcd", "/health", scheme="http"))

    @property
    def etcd_url(self) -> str:
        return f"http://127.0.0.1:{self.slot.port('etcd')}"

    @property
    def _etcd_peer(self) -> str:
        return f"http://127.0.0.1:{self.slot.port('etcd-peer')}"

    @property
    def etcd_membership(self) -> Sequence[str]:
        """A cluster of this one member, as etcd and its restore are told."""
        peer = self._etcd_peer
        return ["--initial-advertise-peer-urls", peer, "--initial-cluster", f"default={peer}"]

    def _apiserver(self) -> Component:
        certificate, key = self.credentials.server
        kubelet_certificate, kubelet_key = self.credentials.kubelet_client
        accounts = self.credentials.accounts_key
        command: Command = [
            self.programs["kube-apiserver"], "--etcd-servers", self.etcd_url,
            "--bind-address", "127.0.0.1", "--secure-port", str(self.slot.port("apiserver")),
            "--tls-cert-file", certificate, "--tls-private-key-file", key,
            "--client-ca-file", self.credentials.authority,
            "--kubelet-certificate-authority", self.credentials.authority,
            "--kubelet-client-certificate", kubelet_certificate, "--kubelet-client-key", kubelet_key,
            "--kubelet-preferred-address-types", "InternalIP",
            "--token-auth-file", self.credentials.fixed_tokens_file,
            "--authentication-config", self._authentication(),
            "--authorization-mode", "Node,RBAC", "--enable-admission-plugins", "NodeRestriction",
            "--service-account-issuer", "https://kubernetes.default.svc",
            "--service-account-key-file", accounts.with_suffix(".pub"),
            "--service-account-signing-key-file", accounts,
            "--service-cluster-ip-range", "10.96.0.0/24", "--endpoint-reconciler-type", "none",
            "--allow-privileged", *self._auditing(),
        ]  # fmt: skip
        return Component("apiserver", self.slot, command, self._answers("apiserver", "/readyz", "admin"))

    def _auditing(self) -> Sequence[str | Path]:
        if self.audit_log is None:
            return []
        return ["--audit-policy-file", self._audit_policy(), "--audit-log-path", self.audit_log]

    def _controllers(self) -> Component:
        allowed = self.pace.controller_requests
        command: Command = [
            self.programs["kube-controller-manager"], *self._client_of_its_own("controller-manager"),
            "--service-account-private-key-file", self.credentials.accounts_key,
            "--root-ca-file", self.credentials.authority, "--use-service-account-credentials",
            "--kube-api-qps", str(allowed), "--kube-api-burst", str(2 * allowed), "--concurrent-job-syncs", "20",
            "--node-monitor-period", "1s", "--node-monitor-grace-period", f"{self.pace.grace_s}s",
            "--node-eviction-rate", "10",
        ]  # fmt: skip
        return Component(
            "controller-manager", self.slot, command, self._answers("controller-manager", "/healthz")
        )

    def _scheduler(self) -> Component:
        allowed = self.pace.scheduler_requests
        command: Command = [
            self.programs["kube-scheduler"], *self._client_of_its_own("scheduler"),
            "--kube-api-qps", str(allowed), "--kube-api-burst", str(2 * allowed),
        ]  # fmt: skip
        return Component("scheduler", self.slot, command, self._answers("scheduler", "/healthz"))

    def _client_of_its_own(self, name: str) -> Sequence[str | Path]:
        """What controller-manager and scheduler have in common."""
        own = self.credentials.kubeconfig(name, self.credentials.fixed(name))
        certificate, key = self.credentials.server
        return [
            "--kubeconfig", own, "--authentication-kubeconfig", own, "--authorization-kubeconfig", own,
            "--bind-address", "127.0.0.1", "--secure-port", str(self.slot.port(name)),
            "--tls-cert-file", certificate, "--tls-private-key-file", key, "--leader-elect=false",
        ]  # fmt: skip

    def _kwok(self) -> Component:
        stages = self.slot.folder / "stages.yaml"
        stages.write_text("\n---\n".join(path.read_text() for path in sorted(STAGES.glob("*.yaml"))))
        command: Command = [
            self.programs["kwok"], "--config", stages, "--v", "WARN",
            "--kubeconfig", self.credentials.kubeconfig("kwok", self.credentials.fixed("kwok")),
            "--manage-all-nodes=false", "--manage-nodes-with-label-selector", f"{PLAYED}=yes",
            "--node-lease-duration-seconds", str(4 * self.pace.heartbeat_s),  # it renews after a quarter
            "--server-address", f"127.0.0.1:{self.slot.port('kwok')}",
        ]  # fmt: skip
        return Component("kwok", self.slot, command, self._answers("kwok", "/healthz", scheme="http"))

    def _answers(self, name: str, path: str, token: str = "", scheme: str = "https") -> Callable[[], bool]:
        """Whether this component answers well on its loopback port."""
        url = f"{scheme}://127.0.0.1:{self.slot.port(name)}{path}"
        headers = {"Authorization": f"Bearer {self.credentials.fixed(token)}"} if token else {}

        def answers() -> bool:
            with httpx.Client(verify=self.trust, trust_env=False) as client:
                return client.get(url, headers=headers, timeout=5).is_success

        return answers

    # Its files

    def _authentication(self) -> Path:
        issuer = {
            "url": self.credentials.issuer_url, "audiences": [AUDIENCE],
            "certificateAuthority": self.credentials.authority.read_text(),
        }  # fmt: skip
        mappings = {"username": {"claim": "sub", "prefix": ""}, "groups": {"claim": "groups", "prefix": ""}}
        return self._write(
            "authentication.yaml",
            apiVersion="apiserver.config.k8s.io/v1",
            kind="AuthenticationConfiguration",
            jwt=[{"issuer": issuer, "claimMappings": mappings}],
        )

    def _audit_policy(self) -> Path:
        """Pods, Jobs and nodes in full whenever they are written; who asked for what else; no leases, no events."""
        told = ["create", "update", "patch", "delete", "deletecollection"]
        full = [{"group": "", "resources": ["pods", "pods/*", "nodes", "nodes/*"]}, {"group": "batch"}]
        quiet = [{"group": "coordination.k8s.io"}, {"group": "", "resources": ["events"]}]
        probes = ["/healthz*", "/livez*", "/readyz*", "/version", "/openapi/*"]
        rules = [
            {"level": "None", "resources": [*quiet, {"group": "events.k8s.io"}]},
            {"level": "None", "nonResourceURLs": probes},
            {"level": "RequestResponse", "verbs": told, "resources": full, "omitManagedFields": True},
            {"level": "Metadata"},
        ]
        return self._write(
            "audit-policy.yaml",
            apiVersion="audit.k8s.io/v1",
            kind="Policy",
            omitStages=["RequestReceived", "ResponseStarted"],
            rules=rules,
        )

    def _write(self, name: str, **content: Any) -> Path:
        place = self.slot.folder / name
        place.write_text(json.dumps(content))  # JSON is YAML
        return place
