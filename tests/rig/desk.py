"""A terminal: the real `dure` command as a process, at a served room."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.rig.room import PATIENCE_S, ServedRoom

Done = subprocess.CompletedProcess[str]


class Desk:
    """A terminal with DURE_SERVER and DURE_TOKEN set to one room and one user of it."""

    program = Path(sys.executable).parent / "dure"

    def __init__(self, room: ServedRoom, token: str) -> None:
        kept = {k: v for k, v in os.environ.items() if not k.startswith("DURE_")}
        self.environment = kept | {"DURE_SERVER": room.url, "DURE_TOKEN": token, "DURE_LANG": "en"}

    def begin(self, *words: str, **environment: str) -> subprocess.Popen[str]:
        """The command, running."""
        return subprocess.Popen(
            [str(self.program), *words],
            env=self.environment | environment, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip

    def type(self, *words: str, **environment: str) -> Done:
        """The command, ended; no traceback, whatever it was."""
        running = self.begin(*words, **environment)
        out, err = running.communicate(timeout=PATIENCE_S)
        assert "Traceback" not in err
        return subprocess.CompletedProcess(words, running.returncode, out, err)


def desk_of(room: ServedRoom, tenant: str, user: str = "kim") -> Desk:
    """The terminal of a user of this tenant, with a token made for it."""
    admin = Desk(room, (room.data / "admin-token").read_text().strip())
    made = admin.type("token", "create", "--tenant", tenant, "--user", user)
    assert made.returncode == 0
    return Desk(room, made.stdout.strip())
