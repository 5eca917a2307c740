"""A small process beside each rig that sweeps when the rig's owner has ended, however it ended.

It reads its standard input, which only the owner holds open. Orderly stop, failed start and killed test run are
therefore one and the same thing: the pipe closes.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from tests.rig.kubernetes.leftovers import sweep
from tests.rig.kubernetes.slot import Slot

CHECKOUT = Path(__file__).resolve().parents[3]


class Keeper:
    """The owner's end of the pipe."""

    def __init__(self, slot: Slot, lock: int) -> None:
        command = [sys.executable, "-m", "tests.rig.kubernetes.keeper", str(slot.number), str(slot.home)]
        self._process = subprocess.Popen(
            command, cwd=CHECKOUT, stdin=subprocess.PIPE, pass_fds=[lock], start_new_session=True
        )
        os.close(lock)  # from here on the keeper alone holds the slot

    def sweep(self) -> None:
        """Have everything of the rig swept, and the slot given back."""
        self._process.communicate()


def main(number: str, folder: str) -> None:
    for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)
    sys.stdin.buffer.read()
    sweep(Slot(int(number), Path(folder)))


if __name__ == "__main__":
    main(*sys.argv[1:])
