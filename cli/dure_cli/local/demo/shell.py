"""The demo's hands: a server as a process, the real `dure` as a process, and its output shown as it is typed."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

_DURE = (sys.executable, "-m", "dure_cli.main")
_START_SECONDS = 30
_STOP_SECONDS = 30


class Failed(Exception):  # noqa: N818 - the demo could not go on; the text says why
    """Something that the demo needs did not come up."""


def say(text: str = "") -> None:
    """One line of the demo's own, at once."""
    print(text, flush=True)  # noqa: T201 - the demo speaks to a person


def dure(
    *arguments: str, token: str = "", server: str = "", show: bool = False
) -> subprocess.CompletedProcess[str]:
    """Run `dure ARGUMENTS` to its end; with `show`, print the command and what it says."""
    environment = os.environ | {"DURE_SERVER": server, "DURE_TOKEN": token, "LC_ALL": "C.UTF-8"}
    if show:
        say("\n$ dure " + shlex.join(arguments))
    done = subprocess.run(
        [*_DURE, *arguments], env=environment, capture_output=True, text=True, timeout=300, check=False
    )
    if show:
        say((done.stdout + done.stderr).rstrip())
    return done


class Server:
    """`dure serve` on a data directory: up after `start`, down after `stop`; its log is DATA/server.log."""

    def __init__(self, policy: Path, data: Path) -> None:
        self.policy, self.data = policy, data
        self.process: subprocess.Popen[bytes] | None = None
        self.url = ""

    def start(self) -> None:
        """Start it and wait until it answers. Raises Failed where it does not."""
        (self.data / "server.json").unlink(missing_ok=True)
        with (self.data / "server.log").open("ab") as log:
            self.process = subprocess.Popen(
                [*_DURE, "serve", "--policy", str(self.policy), "--data", str(self.data), "--port", "0"],
                stdout=log, stderr=log, stdin=subprocess.DEVNULL,
            )  # fmt: skip
        deadline = time.monotonic() + _START_SECONDS
        while not self._ready():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise Failed(f"the room did not start; see {self.data / 'server.log'}")
            time.sleep(0.1)

    def _ready(self) -> bool:
        try:
            self.url = json.loads((self.data / "server.json").read_text(encoding="utf-8"))["url"]
        except (OSError, ValueError, KeyError):
            return False
        return dure("ps", server=self.url, token=self.admin_token).returncode == 0

    @property
    def admin_token(self) -> str:
        """The admin's token, as the first start wrote it ("" before)."""
        path = self.data / "admin-token"
        return path.read_text(encoding="utf-8").strip() if path.exists() else ""

    def stop(self) -> int:
        """Ask it to stop and return its exit code. Raises Failed where it does not."""
        if self.process is None:
            return 0
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise Failed("the room did not stop in time") from None
