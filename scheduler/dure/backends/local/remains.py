"""What a lost shim left running: found by the mark in its environment, and killed."""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

from dure.backends.local.shims import MARK

_SCANS: Final = 3
_PAUSE_S: Final = 0.01


def kill_remains(run: str) -> int:
    """Kill every process of the task whose folder is `run`; how many there were.

    A process that rewrote its own environment is not found; the main process never outlives its shim. One that is
    about to run another program shows no environment for a moment, and one that was just killed may have left
    another: so a few scans in a row must find nothing.
    """
    mark = f"{MARK}={run}".encode()
    killed, quiet = set[int](), 0
    while quiet < _SCANS:
        found = {pid for pid in _processes() if mark in _environment(pid)} - killed
        for pid in found:
            with suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        killed |= found
        quiet = 0 if found else quiet + 1
        time.sleep(_PAUSE_S)
    return len(killed)


def _processes() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdecimal()]


def _environment(pid: int) -> list[bytes]:
    try:
        return Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return []
