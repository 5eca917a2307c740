"""One server per data directory: a lock that its children inherit and shims do not (DESIGN 2)."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable
from pathlib import Path

_TRIES_APART_S = 0.1


class DataLock:
    """Holds DATA/lock from `acquire` until `release`, or until the last process that inherited it ends."""

    def __init__(self, data: Path) -> None:
        self._path = data / "lock"
        self._fd = -1

    @property
    def fd(self) -> int:
        """The descriptor, for children to inherit."""
        return self._fd

    @property
    def known(self) -> bool:
        """Whether there ever was a server on this data directory."""
        return self._path.exists()

    def acquire(self, say: Callable[[str], None], give_up: Callable[[], bool]) -> bool:
        """Wait for the lock, saying so once; False where `give_up` came true first."""
        self._fd = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        said = False
        while not self._taken():
            if not said:
                say(f"another server (or its last child) still holds {self._path}; waiting for it to end")
                said = True
            if give_up():
                self.release()
                return False
            time.sleep(_TRIES_APART_S)
        return True

    def release(self) -> None:
        """Let go; children that inherited the lock keep it until they end."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def _taken(self) -> bool:
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
