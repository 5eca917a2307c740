"""A slot: the one number from which a rig's folder, ports, pod addresses and cgroup follow.

A file lock holds it. The rig's keeper inherits the lock, so a slot is free only when its leftovers are gone; should
the keeper be killed too, the next taker of the slot finds the lock free and sweeps first.
"""

from __future__ import annotations

import fcntl
import os
import socket
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tests.rig.kubernetes.failures import RigError

SLOTS = 64
FIRST_PORT = 21_000
"""Below the ports that the kernel gives to outgoing connections, so that none of these takes one."""
PORTS = (
    "apiserver",
    "etcd",
    "etcd-peer",
    "controller-manager",
    "scheduler",
    "kwok",
    "issuer",
    "kubelet",
    "cri",
)
MARK = "DURE_TEST_RIG"
"""The variable that every process of a rig carries; its value is the slot's `mark`."""


@dataclass(frozen=True, slots=True)
class Slot:
    """One number, and what follows from it."""

    number: int
    home: Path

    @property
    def folder(self) -> Path:
        """Where everything of this rig lies; short, because socket paths must be."""
        return self.home / f"{self.number:02}"

    @property
    def lock_file(self) -> Path:
        return self.home / f"{self.number:02}.lock"

    @property
    def mark(self) -> str:
        """What no rig of another slot has, nor one in a container with the same folders and other files."""
        return f"{self.folder}:{self.lock_file.stat().st_ino}"

    @property
    def name(self) -> str:
        """What cgroups and pod networks of this rig are called."""
        return f"dure-rig-{self.number:02}"

    @property
    def pod_subnet(self) -> str:
        return f"10.244.{self.number}.0/24"

    def port(self, purpose: str) -> int:
        """The loopback port for one of PORTS."""
        return FIRST_PORT + self.number * len(PORTS) + PORTS.index(purpose)

    def is_quiet(self) -> bool:
        """Whether no stranger listens on one of its ports."""
        return all(is_free(self.port(purpose)) for purpose in PORTS)


def home() -> Path:
    """The folder of this user's rigs, which nobody else can read."""
    folder = Path(tempfile.gettempdir()) / f"dure-rig-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    seen = folder.lstat()
    if seen.st_uid != os.getuid() or seen.st_mode & 0o77:
        raise RigError(f"{folder} belongs to someone else or is open to others; remove it")
    return folder


def lock(slot: Slot) -> int | None:
    """The open lock of this slot, or None where another rig holds it."""
    held = os.open(slot.lock_file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(held)
        return None
    return held


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
