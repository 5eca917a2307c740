"""Ends and removes whatever there is of a rig: processes, mounts, cgroups, files. Stopping a rig is this."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from tests.rig.kubernetes.slot import MARK, Slot

PATIENCE_S = 20.0


def sweep(slot: Slot) -> None:
    """Leave nothing of the rig of this slot, in whatever state it is."""
    end_processes(slot)
    unmount(slot.folder)
    remove_cgroups(slot)
    shutil.rmtree(slot.folder, ignore_errors=True)


# Processes


def end_processes(slot: Slot) -> None:
    """Kill until two looks in a row find nobody: a process between two programs shows no mark."""
    until, quiet = time.monotonic() + PATIENCE_S, 0
    while quiet < 2 and time.monotonic() < until:
        found = {*marked(slot), *contained(slot)}
        for pid in found:
            _kill(pid)
        quiet = 0 if found else quiet + 1
        time.sleep(0.05)


def marked(slot: Slot) -> Iterator[int]:
    """Processes that a rig in this slot started, and what these started (a shim of containerd, say)."""
    wanted = f"{MARK}={slot.mark}".encode()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and wanted in _content(entry / "environ").split(b"\0"):
            yield int(entry.name)


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:  # gone, or of another user
        return b""


def contained(slot: Slot) -> Iterator[int]:
    """Processes in the pods of a rig in this slot: they carry the mark of nobody, but sit in its cgroup."""
    for root in cgroups(slot):
        for folder, _, _ in os.walk(root):  # it passes over what goes away while it walks
            yield from map(int, _content(Path(folder, "cgroup.procs")).split())


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


# Mounts


def unmount(folder: Path) -> None:
    """Take away every mount under a folder, the innermost first; network namespaces are held by such mounts too."""
    mounts = sorted((place for place, _ in mount_points() if place.is_relative_to(folder)), reverse=True)
    if mounts:
        subprocess.run(["umount", "--lazy", *mounts], check=False, capture_output=True)


def mount_points() -> Iterator[tuple[Path, str]]:
    """Every mount of this machine: where it is, and its kind."""
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        own, _, rest = line.partition(" - ")
        yield Path(own.split()[4].encode().decode("unicode_escape")), rest.split()[0]


# cgroups


def cgroups(slot: Slot) -> list[Path]:
    """The cgroup of this slot in each hierarchy where there is one."""
    return [folder for folder in cgroup_places(slot) if folder.is_dir()]


def cgroup_places(slot: Slot) -> list[Path]:
    roots = {place for place, kind in mount_points() if kind in ("cgroup", "cgroup2")}
    return [root / slot.name for root in sorted(roots)]


def remove_cgroups(slot: Slot) -> None:
    until = time.monotonic() + PATIENCE_S
    while (left := cgroups(slot)) and time.monotonic() < until:
        for folder in left:
            _remove_cgroup(folder)


def _remove_cgroup(folder: Path) -> None:
    for inner, _, _ in os.walk(folder, topdown=False):
        _remove_empty(Path(inner))


def _remove_empty(folder: Path) -> None:
    try:
        folder.rmdir()
    except OSError:  # its last process is still on its way out, or it went by itself
        time.sleep(0.01)
