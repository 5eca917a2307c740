"""What a lost shim left running: found by the mark in its environment, and killed."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from dure.backends.local.shims import MARK


def kill_remains(run: str) -> int:
    """Kill every process of the task whose folder is `run`; how many there were.

    A process that rewrote its own environment is not found; the main process never outlives its shim.
    """
    mark = f"{MARK}={run}".encode()
    found = [pid for pid in _processes() if mark in _environment(pid)]
    for pid in found:
        try:
            os.kill(pid, signal.SIGKILL)
        except OSError:
            continue
    return len(found)


def _processes() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdecimal()]


def _environment(pid: int) -> list[bytes]:
    try:
        return Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return []
