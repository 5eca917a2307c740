"""One real node: containerd, a kubelet, Debian's runc and CNI plugins, an image made on the spot. Needs root."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from tests.rig.kubernetes.api import Api, Refused
from tests.rig.kubernetes.component import Command, Component
from tests.rig.kubernetes.credentials import Credentials
from tests.rig.kubernetes.failures import RigError
from tests.rig.kubernetes.image import busybox_image
from tests.rig.kubernetes.keeper import CHECKOUT
from tests.rig.kubernetes.leftovers import cgroup_places
from tests.rig.kubernetes.slot import Slot

NAME = "real-0"
PROGRAMS = ("containerd", "containerd-shim-runc-v2", "ctr", "kubelet")
IMAGE = "localhost/busybox:1"
"""What real pods may run without any registry: busybox, its applets on PATH."""
PAUSE = "localhost/pause:1"
UNPACKED = CHECKOUT / ".cache/debian"
OUTSIDE = ("/var/lib/kubelet", "/var/lib/cni", "/var/log/containers")
"""Folders of the machine that the kubelet and containerd use whatever they are told."""
RUNTIME = "[plugins.'io.containerd.cri.v1.runtime']"
RUNC = "[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc"


class RealNode:
    """The node's two processes, and its images."""

    def __init__(
        self, slot: Slot, programs: Mapping[str, Path], credentials: Credentials, heartbeat_s: int
    ) -> None:
        if os.geteuid() != 0:
            raise RigError("a real node mounts and makes cgroups: that needs root")
        self.slot, self.programs, self.credentials = slot, programs, credentials
        self.heartbeat_s = heartbeat_s
        self.folder = slot.folder / "node"
        self.folder.mkdir()
        self.mounts = Component("mounts", slot, self._mounts_command(), self._mounts_pid.exists)
        self.containerd = Component(
            "containerd", slot, self._inside(programs["containerd"], "-c", self._containerd_settings()),
            self._containerd_answers, {"PATH": self._where_containerd_looks()},
        )  # fmt: skip
        self._api: Api | None = None
        self.kubelet = Component("kubelet", slot, self._inside(*self._kubelet_command()), self._is_ready)

    def start(self, api: Api) -> None:
        """Start containerd, import the images, register the node, start the kubelet until the node is ready."""
        self._api = api
        try:
            self._make_cgroups()
        except OSError as error:
            raise RigError(f"a real node needs cgroups of its own: {error}") from error
        self.mounts.start()
        self.containerd.start()
        busybox = debian("bin/busybox", "busybox-static")
        self.import_image(busybox_image(PAUSE, busybox, ["/bin/sleep", "2147483647"]))
        self.import_image(busybox_image(IMAGE, busybox))
        self._register(api)
        self.kubelet.start()

    def import_image(self, archive: bytes) -> None:
        """Have containerd know the images of an OCI archive."""
        done = self._ctr("images", "import", "--local", "-", text=archive)
        if done.returncode:
            raise RigError(f"containerd took no image: {done.stderr.decode(errors='replace')}")

    def _ctr(self, *words: str, text: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        command: list[str | Path] = [self.programs["ctr"], "-a", self._socket, "-n", "k8s.io", *words]
        return subprocess.run(command, check=False, input=text, capture_output=True, timeout=60)

    @property
    def _socket(self) -> Path:
        return self.folder / "containerd.sock"

    # The node's own view of the files: its mounts go with its processes, and the machine's own node sees nothing

    def _mounts_command(self) -> Command:
        """A process that holds a mount namespace in which OUTSIDE are folders of the rig."""
        own = [self.folder / "outside" / place.replace("/", "-") for place in OUTSIDE]
        binds = [f"mkdir -p {o} {own} && mount --bind {own} {o}" for o, own in zip(OUTSIDE, own, strict=True)]
        steps = [*binds, "mount --make-rshared /", f"echo $$ > {self._mounts_pid}", "exec sleep 2147483647"]
        return ["unshare", "--mount", "--propagation", "slave", "sh", "-c", " && ".join(steps)]

    def _inside(self, *command: str | Path) -> Command:
        """The command that runs another one in that namespace, in the same process."""
        enter = f'exec nsenter --mount=/proc/$(cat {self._mounts_pid})/ns/mnt -- "$@"'
        return ["sh", "-c", enter, "sh", *command]

    @property
    def _mounts_pid(self) -> Path:
        return self.folder / "mounts.pid"

    # containerd

    def _containerd_answers(self) -> bool:
        return self._socket.exists() and self._ctr("version").returncode == 0

    def _where_containerd_looks(self) -> str:
        shim = self.programs["containerd-shim-runc-v2"].parent
        return f"{shim}:{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin"

    def _containerd_settings(self) -> Path:
        runc = debian("usr/sbin/runc", "runc")
        plugins = debian("usr/lib/cni/ptp", "containernetworking-plugins").parent
        place = self.folder / "containerd.toml"
        # native: copies of small images, where an overlay could not lie on what /tmp is made of.
        place.write_text(f"""\
version = 3
root = "{self.folder}/containerd"
state = "{self.folder}/state"
[grpc]
  address = "{self._socket}"
[ttrpc]
  address = "{self._socket}.ttrpc"
[plugins.'io.containerd.nri.v1.nri']
  disable = true
[plugins.'io.containerd.internal.v1.opt']
  path = "{self.folder}/opt"
[plugins.'io.containerd.shim.v1.manager']
  socket_dir = "{self.slot.folder}/s"
[plugins.'io.containerd.cri.v1.images']
  snapshotter = "native"
[plugins.'io.containerd.cri.v1.images'.pinned_images]
  sandbox = "{PAUSE}"
[plugins.'io.containerd.grpc.v1.cri']
  stream_server_address = "127.0.0.1"
  stream_server_port = "{self.slot.port("cri")}"
{RUNTIME}
  restrict_oom_score_adj = true
  netns_mounts_under_state_dir = true
[plugins.'io.containerd.cri.v1.runtime'.cni]
  bin_dirs = ["{plugins}"]
  conf_dir = "{self._network_settings()}"
{RUNC}]
  runtime_type = "io.containerd.runc.v2"
  snapshotter = "native"
{RUNC}.options]
  BinaryName = "{runc}"
  Root = "{self.folder}/runc"
""")
        return place

    def _network_settings(self) -> Path:
        folder = self.folder / "cni"
        folder.mkdir()
        addresses = {"type": "host-local", "dataDir": str(self.folder / "ipam")}
        plugin = {"type": "ptp", "ipam": addresses | {"subnet": self.slot.pod_subnet}}
        network = {"cniVersion": "1.0.0", "name": self.slot.name, "plugins": [plugin]}
        (folder / "10-rig.conflist").write_text(json.dumps(network))
        return folder

    # The kubelet

    def _kubelet_command(self) -> list[str | Path]:
        own = self.credentials.kubeconfig(NAME, self.credentials.fixed(NAME))
        return [
            self.programs["kubelet"], "--config", self._kubelet_settings(), "--kubeconfig", own,
            "--hostname-override", NAME, "--root-dir", self.folder / "kubelet", "--cert-dir", self.folder / "pki",
            # It refuses a loopback address of its own; as with a cloud's nodes, the address comes from outside.
            "--cloud-provider", "external",
        ]  # fmt: skip

    def _kubelet_settings(self) -> Path:
        certificate, key = self.credentials.server
        settings = {
            "apiVersion": "kubelet.config.k8s.io/v1beta1", "kind": "KubeletConfiguration",
            "address": "127.0.0.1", "port": self.slot.port("kubelet"), "healthzPort": 0,
            "tlsCertFile": str(certificate), "tlsPrivateKeyFile": str(key),
            "authentication": {
                "anonymous": {"enabled": False}, "webhook": {"enabled": True},
                "x509": {"clientCAFile": str(self.credentials.authority)},
            },
            "authorization": {"mode": "Webhook"},
            "registerNode": False, "nodeLeaseDurationSeconds": 4 * self.heartbeat_s,
            "containerRuntimeEndpoint": f"unix://{self._socket}",
            "cgroupDriver": "cgroupfs", "cgroupRoot": f"/{self.slot.name}", "failCgroupV1": False,
            "failSwapOn": False, "makeIPTablesUtilChains": False,
            "podLogsDir": str(self.folder / "pods"), "volumePluginDir": str(self.folder / "volumes"),
            "evictionHard": {"nodefs.available": "1%", "imagefs.available": "1%", "memory.available": "100Mi"},
            "imageGCHighThresholdPercent": 100,
        }  # fmt: skip
        place = self.folder / "kubelet.yaml"
        place.write_text(json.dumps(settings))
        return place

    def _register(self, api: Api) -> None:
        labels = {"kubernetes.io/hostname": NAME, "kubernetes.io/os": "linux", "rig.dure/real": "yes"}
        api.post("/api/v1/nodes", {"metadata": {"name": NAME, "labels": labels}})
        addresses = [{"type": "InternalIP", "address": "127.0.0.1"}, {"type": "Hostname", "address": NAME}]
        api.patch(f"/api/v1/nodes/{NAME}/status", {"status": {"addresses": addresses}})

    def _is_ready(self) -> bool:
        """Whether the node is ready and takes pods."""
        assert self._api is not None
        try:
            node = self._api.get(f"/api/v1/nodes/{NAME}")
        except Refused:
            return False
        conditions = {one["type"]: one["status"] for one in node["status"].get("conditions", [])}
        return conditions.get("Ready") == "True" and not node["spec"].get("taints")

    def _make_cgroups(self) -> None:
        """A cgroup of this rig's own for its pods: a second kubelet clears away what it does not know."""
        for folder in cgroup_places(self.slot):
            hand_down_controllers(folder.parent)
            folder.mkdir(exist_ok=True)
            for name in ("cpuset.cpus", "cpuset.mems"):  # an empty set of the first version runs nothing
                if (folder / name).exists() and not (folder / "cgroup.controllers").exists():
                    (folder / name).write_text((folder.parent / name).read_text())


def hand_down_controllers(root: Path) -> None:
    """In the second version of cgroups a child has the controllers that its parent hands down."""
    available, given = root / "cgroup.controllers", root / "cgroup.subtree_control"
    for controller in available.read_text().split() if available.exists() else ():
        if controller not in given.read_text().split():
            given.write_text(f"+{controller}")


def debian(path: str, package: str) -> Path:
    """A program that tools/setup.py unpacked, or that the system has."""
    own = shutil.which(Path(path).name)
    for place in (UNPACKED / path, Path("/", path), *([Path(own)] if own else [])):
        if place.exists():
            return place
    raise RigError(f"{path} is missing; `make setup-test` fetches it (Debian's package {package})")
