"""Named points at which a test may have this process killed; inert unless DURE_CRASH_AT names one."""

import os
import signal


def crash_point(name: str) -> None:
    """End this process as kill -9 would, if the environment variable DURE_CRASH_AT is this name."""
    if os.environ.get("DURE_CRASH_AT") == name:
        os.kill(os.getpid(), signal.SIGKILL)
