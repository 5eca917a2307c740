"""Which programs the rig runs, from which Go module, and where they lie once built."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

MODULES = Path(__file__).parent / "modules"


@dataclass(frozen=True, slots=True)
class Program:
    """One program: the folder under modules/ whose go.mod pins it, and its package."""

    name: str
    module: str
    package: str

    @property
    def linked(self) -> str:
        """The linker's flags: no symbols, and the version where a program cannot do without."""
        return " ".join(["-s", "-w", *(f"-X {name}={value}" for name, value in _stamps(self.module).items())])


CONTAINERD = "github.com/containerd/containerd/v2"
PROGRAMS = {
    program.name: program
    for program in (
        Program("etcd", "etcd", "go.etcd.io/etcd/server/v3"),
        Program("etcdutl", "etcd", "go.etcd.io/etcd/etcdutl/v3"),
        Program("kwok", "kwok", "sigs.k8s.io/kwok/cmd/kwok"),
        Program("containerd", "containerd", f"{CONTAINERD}/cmd/containerd"),
        Program("containerd-shim-runc-v2", "containerd", f"{CONTAINERD}/cmd/containerd-shim-runc-v2"),
        Program("ctr", "containerd", f"{CONTAINERD}/cmd/ctr"),
        Program("kubectl", "kubernetes", "k8s.io/kubernetes/cmd/kubectl"),
        Program("kube-scheduler", "kubernetes", "k8s.io/kubernetes/cmd/kube-scheduler"),
        Program("kube-controller-manager", "kubernetes", "k8s.io/kubernetes/cmd/kube-controller-manager"),
        Program("kubelet", "kubernetes", "k8s.io/kubernetes/cmd/kubelet"),
        Program("kube-apiserver", "kubernetes", "k8s.io/kubernetes/cmd/kube-apiserver"),
    )
}
"""Every program, the quick builds first."""


def version_of(module: str, path: str) -> str:
    """The version to which modules/`module`/go.mod pins the Go module at `path`, as in v1.37.2."""
    pinned = re.search(rf"^\s*(?:require )?{re.escape(path)} (v\S+)", go_mod(module), re.MULTILINE)
    assert pinned is not None, f"modules/{module}/go.mod pins no {path}"
    return pinned[1]


def go_mod(module: str) -> str:
    return (MODULES / module / "go.mod").read_text(encoding="utf-8")


def oldest_go() -> tuple[int, ...]:
    """The oldest Go that can build all modules."""
    lines = [re.search(r"^go ([\d.]+)$", go_mod(folder.name), re.MULTILINE) for folder in MODULES.iterdir()]
    return max(tuple(map(int, line[1].split("."))) for line in lines if line)


def _stamps(module: str) -> dict[str, str]:
    # Without its version Kubernetes takes itself for v0.0.0 and its feature gates go wrong.
    if module == "kubernetes":
        version = version_of(module, "k8s.io/kubernetes")
        major, minor, _ = version.removeprefix("v").split(".")
        told = {"gitVersion": version, "gitMajor": major, "gitMinor": minor, "gitTreeState": "clean"}
        packages = ("k8s.io/component-base/version", "k8s.io/client-go/pkg/version")
        return {f"{package}.{name}": value for package in packages for name, value in told.items()}
    if module == "containerd":
        return {f"{CONTAINERD}/version.Version": version_of(module, CONTAINERD)}
    return {}


# Where they lie


def cache_folder() -> Path:
    """The user's cache for built programs, outside every checkout."""
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home) / "dure" / "rig-programs"


def place_of(program: Program, go_version: str) -> Path:
    """Where this program lies, built by this Go: another pin or another Go is another place."""
    digest = hashlib.sha256(go_version.encode())
    for name in ("go.mod", "go.sum"):
        digest.update((MODULES / program.module / name).read_bytes())
    digest.update(program.linked.encode())
    return cache_folder() / f"{program.module}-{digest.hexdigest()[:16]}" / program.name


def given(names: Sequence[str]) -> dict[str, Path]:
    """Those of the named programs that lie in the folder KUBEBUILDER_ASSETS."""
    folder = os.environ.get("KUBEBUILDER_ASSETS")
    places = {name: Path(folder) / name for name in names} if folder else {}
    return {name: place for name, place in places.items() if os.access(place, os.X_OK)}
