"""Reaching behind the backend: the shim of a task, and what stands in its files."""

import json
import os
import signal
from pathlib import Path
from typing import Any

from dure.backends.local.processes import start_ticks
from dure.model.job import Job
from tests.backends.desk import Desk


def folder(desk: Desk, job: Job, task: int = 0, attempt: int = 1) -> Path:
    return desk.data / "local/pool/jobs" / job.id / str(attempt) / str(task)


def started(desk: Desk, job: Job, task: int = 0) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder(desk, job, task) / "started").read_text())
    return found


def kill_shim(desk: Desk, job: Job, task: int = 0) -> None:
    """SIGKILL to the shim of a running task; returns when it is gone."""
    pid = int(started(desk, job, task)["pid"])
    os.kill(pid, signal.SIGKILL)
    desk.until(lambda: start_ticks(pid) is None)
