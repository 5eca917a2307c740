"""One process of the rig: started until it is ready, stopped, killed, paused, started again; with its log."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import httpx

from tests.rig.kubernetes.failures import RigError
from tests.rig.kubernetes.slot import MARK, Slot

Command = Sequence[str | Path]
PATIENCE_S = 60.0
"""How long a program may take to be ready or to end: far more than it needs, for busy machines."""


class Component:
    """A program of the rig. `ready` is asked until it is true; it may raise OSError and the errors of httpx."""

    def __init__(
        self, name: str, slot: Slot, command: Command, ready: Callable[[], bool],
        environment: Mapping[str, str] | None = None,
    ) -> None:  # fmt: skip
        self.name, self.command, self._ready = name, [str(word) for word in command], ready
        self._folder = slot.folder
        self._environment = {**(environment or {}), MARK: slot.mark}
        self._process: subprocess.Popen[bytes] | None = None

    # Its life

    def start(self) -> None:
        """Start it and wait until it is ready; raises RigError with the end of its log where it is not."""
        self.launch()
        self.until_ready()

    def launch(self) -> None:
        """Start it and do not wait."""
        assert not self.is_running, f"{self.name} runs already"
        with self.log_file.open("ab") as log:
            self._process = subprocess.Popen(
                self.command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self._folder,
                env={**os.environ, **self._environment}, start_new_session=True,
            )  # fmt: skip

    def until_ready(self) -> None:
        until = time.monotonic() + PATIENCE_S
        while not self._is_ready():
            if not self.is_running:
                ended = f"{self.name} ended with {self.exit_code} before it was ready"
                raise RigError(f"{ended}\n{self.end_of_log()}")
            if time.monotonic() > until:
                raise RigError(f"{self.name} was not ready after {PATIENCE_S:.0f} s\n{self.end_of_log()}")
            time.sleep(0.05)

    def _is_ready(self) -> bool:
        try:
            return self._ready()
        except (OSError, httpx.HTTPError):
            return False

    def stop(self) -> None:
        """Ask it to end, and wait until it has."""
        self._signal(signal.SIGTERM)
        self._until_ended()

    def kill(self) -> None:
        """End it as a power cut would."""
        self._signal(signal.SIGKILL)
        self._until_ended()

    def pause(self) -> None:
        """Let it do nothing until `resume`, its connections open: what a hung program looks like."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        self._signal(signal.SIGCONT)

    def restart(self) -> None:
        """Stop and start."""
        self.stop()
        self.start()

    def _signal(self, number: signal.Signals) -> None:
        assert self._process is not None, f"{self.name} was never started"
        self._process.send_signal(number)

    def _until_ended(self) -> None:
        assert self._process is not None
        try:
            self._process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            message = f"{self.name} did not end within {PATIENCE_S:.0f} s\n{self.end_of_log()}"
            raise RigError(message) from None

    def abandon(self) -> None:
        """End it without waiting long, whatever its state; the keeper has the last word."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(PATIENCE_S)

    # What is known of it

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def exit_code(self) -> int | None:
        return None if self._process is None else self._process.poll()

    @property
    def pid(self) -> int:
        assert self._process is not None, f"{self.name} was never started"
        return self._process.pid

    @property
    def log_file(self) -> Path:
        return self._folder / f"{self.name}.log"

    def end_of_log(self, lines: int = 30) -> str:
        """The last lines that it wrote, under the file's name."""
        text = self.log_file.read_text(errors="replace") if self.log_file.exists() else ""
        return "\n".join([f"the end of {self.log_file}:", *text.splitlines()[-lines:]])
