"""Hears of tasks at once: a bell that shims ring, and the kernel's word when a shim is gone."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

from dure.model.job import JobId

TaskKey: TypeAlias = tuple[JobId, int, int]
"""(job, attempt number, task number)."""


class Watch:
    """Calls `heard` with the key of a task of which there may be news."""

    def __init__(self, heard: Callable[[TaskKey], None]) -> None:
        self._heard = heard
        self._bell = -1
        self._rest = b""
        self._shims: dict[TaskKey, int] = {}

    def open(self, bell: Path) -> None:
        """Listen to the bell. Held open for writing too, so that it never reads as closed."""
        self._bell = os.open(bell, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        asyncio.get_running_loop().add_reader(self._bell, self._rung)

    def add(self, key: TaskKey, pid: int) -> None:
        """Follow the process `pid`, in place of any other followed for this task. Raises OSError: it is gone."""
        handle = os.pidfd_open(pid)
        self.drop(key)
        self._shims[key] = handle
        asyncio.get_running_loop().add_reader(handle, self._gone, key)

    def has(self, key: TaskKey) -> bool:
        """Whether a process is followed for this task."""
        return key in self._shims

    def tell(self, key: TaskKey, number: int) -> None:
        """Signal the followed process, which cannot have become another one; one that is gone is no error."""
        if handle := self._shims.get(key):
            try:
                signal.pidfd_send_signal(handle, number)
            except ProcessLookupError:
                return

    def drop(self, key: TaskKey) -> None:
        """Follow this task's process no more."""
        handle = self._shims.pop(key, None)
        if handle is not None:
            asyncio.get_running_loop().remove_reader(handle)
            os.close(handle)

    def close(self) -> None:
        """Let go of everything."""
        for key in list(self._shims):
            self.drop(key)
        if self._bell >= 0:
            asyncio.get_running_loop().remove_reader(self._bell)
            os.close(self._bell)
            self._bell = -1

    def _gone(self, key: TaskKey) -> None:
        self.drop(key)
        self._heard(key)

    def _rung(self) -> None:
        *lines, self._rest = (self._rest + os.read(self._bell, 1 << 16)).split(b"\n")
        for line in dict.fromkeys(lines):
            match line.decode(errors="replace").rsplit("/", 2):
                case [job, number, task] if number.isdecimal() and task.isdecimal():
                    self._heard((job, int(number), int(task)))
