"""kill -9 for a server and all its children; shims are nobody's children and stay."""

from __future__ import annotations

import contextlib
import os
import signal
from pathlib import Path

from tests.rig.room import PATIENCE_S, ServedRoom


def _children(pid: int) -> list[int]:
    try:
        named = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    except OSError:
        return []
    below = [int(child) for child in named]
    return below + [grandchild for child in below for grandchild in _children(child)]


def _is_shim(pid: int) -> bool:
    try:
        return b"dure.backends.local.shim" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False


def kill_server_and_children(room: ServedRoom) -> None:
    """End the server and everything below it but shims, at once and without warning."""
    assert room.process is not None
    doomed = [room.process.pid, *(pid for pid in _children(room.process.pid) if not _is_shim(pid))]
    for pid in doomed:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    room.process.wait(PATIENCE_S)
