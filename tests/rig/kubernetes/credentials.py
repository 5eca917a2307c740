"""Who is who in a rig: its authority, certificates, fixed tokens, and tokens for users at any time."""

from __future__ import annotations

import base64
import json
import secrets
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.rig.kubernetes.failures import RigError
from tests.rig.kubernetes.slot import Slot

DAYS = "30"
AUDIENCE = "dure-rig"
FIXED = {
    "admin": ("admin", "system:masters"),
    "kwok": ("kwok", "system:masters"),
    "controller-manager": ("system:kube-controller-manager", ""),
    "scheduler": ("system:kube-scheduler", ""),
}
"""Tokens that are there from the start: for whom, and in which group."""


class Credentials:
    """Keys, certificates and tokens of one rig, as files in its folder."""

    def __init__(self, slot: Slot, nodes: Sequence[str]) -> None:
        self.slot, self.folder = slot, slot.folder / "pki"
        self.folder.mkdir()
        self.authority = self.folder / "ca.crt"
        self._make_authority()
        self.server = self.certificate("server", "/CN=dure-rig", "serverAuth")
        self.kubelet_client = self.certificate(
            "kubelet-client", "/O=system:masters/CN=apiserver", "clientAuth"
        )
        self.accounts_key = self._rsa_key("accounts")
        self._issuer_key = self._rsa_key("issuer")
        self._write_issuer()
        self._tokens = {name: secrets.token_hex(16) for name in (*FIXED, *nodes)}
        self._write_fixed_tokens()

    # Certificates

    def _make_authority(self) -> None:
        run_openssl(
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
            "-subj", "/CN=dure-rig-authority", "-days", DAYS, "-addext", "keyUsage=critical,keyCertSign,cRLSign",
            "-keyout", self.folder / "ca.key", "-out", self.authority,
        )  # fmt: skip

    def certificate(self, name: str, subject: str, use: str) -> tuple[Path, Path]:
        """A certificate for 127.0.0.1 that the rig's authority signed, and its key."""
        made, key = self.folder / f"{name}.crt", self.folder / f"{name}.key"
        run_openssl(
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
            "-subj", subject, "-days", DAYS, "-CA", self.authority, "-CAkey", self.folder / "ca.key",
            "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost,DNS:kubernetes.default.svc",
            "-addext", f"extendedKeyUsage={use}", "-addext", "basicConstraints=critical,CA:FALSE",
            "-keyout", key, "-out", made,
        )  # fmt: skip
        return made, key

    def _rsa_key(self, name: str) -> Path:
        key = self.folder / f"{name}.key"
        run_openssl("genrsa", "-out", key, "2048")
        run_openssl("rsa", "-in", key, "-pubout", "-out", key.with_suffix(".pub"))
        return key

    # Fixed tokens

    def _write_fixed_tokens(self) -> None:
        rows = [(self._tokens[name], user, group) for name, (user, group) in FIXED.items()]
        nodes = [name for name in self._tokens if name not in FIXED]
        rows += [(self._tokens[name], f"system:node:{name}", "system:nodes") for name in nodes]
        lines = [f"{token},{user},{user},{group}\n" for token, user, group in rows]
        self.fixed_tokens_file.write_text("".join(lines))

    @property
    def fixed_tokens_file(self) -> Path:
        return self.folder / "tokens.csv"

    def fixed(self, name: str) -> str:
        """The token of one of FIXED, or of a real node."""
        return self._tokens[name]

    def kubeconfig(self, name: str, token: str) -> Path:
        """A kubeconfig with this token, written as `name`.conf."""
        place = self.slot.folder / f"{name}.conf"
        place.touch(mode=0o600)
        place.write_text(json.dumps(kubeconfig(self.server_url, self.authority, name, token)))
        return place

    @property
    def server_url(self) -> str:
        return f"https://127.0.0.1:{self.slot.port('apiserver')}"

    # Tokens for users, as an identity provider issues them

    @property
    def issuer_url(self) -> str:
        return f"https://127.0.0.1:{self.slot.port('issuer')}"

    def token(self, user: str, groups: Sequence[str], lifetime_s: int) -> str:
        """A token by which the API server knows its bearer as this user in these groups."""
        now = int(time.time())
        claims = {
            "iss": self.issuer_url, "aud": AUDIENCE, "sub": user, "groups": list(groups),
            "iat": now, "nbf": now - 5, "exp": now + lifetime_s,
        }  # fmt: skip
        said = ".".join(encoded(part) for part in ({"alg": "RS256", "kid": "rig"}, claims))
        signature = run_openssl("dgst", "-sha256", "-sign", self._issuer_key, text=said)
        return f"{said}.{base64url(signature)}"

    def _write_issuer(self) -> None:
        """What an OpenID issuer tells about itself, as the files that it serves."""
        shown = run_openssl("rsa", "-in", self._issuer_key, "-noout", "-modulus").decode()
        modulus = bytes.fromhex(shown.strip().partition("=")[2])
        key = {"kty": "RSA", "use": "sig", "alg": "RS256", "kid": "rig"}
        keys = {"keys": [key | {"n": base64url(modulus), "e": base64url(b"\x01\x00\x01")}]}
        about = {
            "issuer": self.issuer_url, "jwks_uri": f"{self.issuer_url}/keys",
            "response_types_supported": ["id_token"], "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
        }  # fmt: skip
        folder = self.issuer_folder / ".well-known"
        folder.mkdir(parents=True)
        (folder / "openid-configuration").write_text(json.dumps(about))
        (self.issuer_folder / "keys").write_text(json.dumps(keys))

    @property
    def issuer_folder(self) -> Path:
        return self.slot.folder / "issuer"


def kubeconfig(server: str, authority: Path, name: str, token: str) -> dict[str, Any]:
    """A kubeconfig with one cluster, one user and one context."""
    return {
        "apiVersion": "v1", "kind": "Config", "current-context": "rig",
        "clusters": [{"name": "rig", "cluster": {"server": server, "certificate-authority": str(authority)}}],
        "users": [{"name": name, "user": {"token": token}}],
        "contexts": [{"name": "rig", "context": {"cluster": "rig", "user": name}}],
    }  # fmt: skip


def run_openssl(*words: str | Path, text: str = "") -> bytes:
    """What openssl prints; raises RigError with its own words where it fails or is not there."""
    try:
        done = subprocess.run(["openssl", *words], check=False, input=text.encode(), capture_output=True)
    except FileNotFoundError:
        raise RigError("openssl is missing; `make setup-test` installs it") from None
    if done.returncode:
        raise RigError(f"openssl {words[0]} failed: {done.stderr.decode(errors='replace')}")
    return done.stdout


def encoded(value: dict[str, Any]) -> str:
    return base64url(json.dumps(value, separators=(",", ":")).encode())


def base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
