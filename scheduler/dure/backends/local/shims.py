"""Starting shims: what each is told, and how it is let go of."""

from __future__ import annotations

import marshal
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO, Final

from dure.backends.local import requests
from dure.backends.local.kept import Attempt
from dure.backends.local.layout import Layout
from dure.backends.local.shim.orders import Orders
from dure.model.instants import Millis
from dure.model.job import Job, TenantId, UserId
from dure.model.tenant import Tenant

MARK: Final = "DURE_RUN"
"""The environment variable by which a task's processes are found again when their shim is lost."""

_PROGRAM = Path(__file__).with_name("shim") / "__main__.py"
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class Shims:
    """Makes shims for the tasks of one pool."""

    def __init__(self, layout: Layout, options: Mapping[str, str]) -> None:
        self.layout = layout
        self.tenants: Mapping[TenantId, Tenant] = {}
        self.grace: Millis = 0
        self._path = options.get("path", _PATH)

    def spawn(self, job: Job, attempt: Attempt, number: int) -> subprocess.Popen[bytes]:
        """Start the shim of one task, in a session of its own, with nothing of this server's but its orders.

        Raises OSError or Refused where it cannot be started.
        """
        folder = self.layout.task(job.id, attempt.number, number)
        orders = self.orders(job, attempt, number)
        _make_work(Path(orders["work"]), orders["user"])
        with _memory_file(orders) as file, (folder / "shim.log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-I", "-S", str(_PROGRAM), str(folder)],
                stdin=file, stdout=log, stderr=log, cwd="/", env={}, start_new_session=True,
            )  # fmt: skip

    def orders(self, job: Job, attempt: Attempt, number: int) -> Orders:
        """What the shim of one task is told. Raises Refused where what it needs is no longer there."""
        group = job.groups[attempt.tasks[number].placement.group]
        user = requests.unix_user(job.tenant, self.tenants)
        return Orders(
            bell=str(self.layout.bell),
            name=f"{job.id}/{attempt.number}/{number}",
            decided=attempt.decided,
            argv=list(group.command or job.command),
            environment=self._environment(job, attempt, number, user.pw_name if user else ""),
            secrets=[(name, str(self.layout.secret(job.tenant, name))) for name in job.secrets],
            links=requests.links(job, self.tenants),
            work=str(self.layout.work(job.id)),
            workdir=job.workdir,
            user=(user.pw_uid, user.pw_gid, os.getgrouplist(user.pw_name, user.pw_gid)) if user else None,
            memory=group.memory,
            limit=job.limit_under(placement.flavor for placement in attempt.placements),
            grace=self.grace,
        )

    def _environment(self, job: Job, attempt: Attempt, number: int, user: UserId) -> dict[str, str]:
        """The user may set anything but what says where the task is and which devices are its own."""
        task = attempt.tasks[number]
        plain = {"PATH": self._path, "HOME": str(self.layout.work(job.id)), "LANG": "C.UTF-8"}
        if user:
            plain |= {"USER": user, "LOGNAME": user}
        ours = {
            "DURE_JOB": job.id,
            "DURE_ATTEMPT": str(attempt.number),
            "DURE_TASK": str(number),
            "DURE_TASKS": str(job.tasks),
            "DURE_GROUP": job.groups[task.placement.group].name or str(task.placement.group),
            "DURE_NODE": task.placement.node,
            "DURE_TENANT": job.tenant,
            "DURE_CHECKPOINT_FILE": str(self.layout.checkpoint(job.id, attempt.number)),
            "CUDA_VISIBLE_DEVICES": ",".join(map(str, task.devices)),
            MARK: str(self.layout.task(job.id, attempt.number, number)),
        }
        return plain | dict(job.environment) | ours


def _make_work(work: Path, user: tuple[int, int, list[int]] | None) -> None:
    """The directory in which a job's tasks work: its own, and nobody else's to look into."""
    work.mkdir(mode=0o700, exist_ok=True)
    if user:
        os.chown(work, user[0], user[1])


def _memory_file(orders: Orders) -> BinaryIO:
    """The orders in a file without a name, gone with its readers: they meet no disk and no command line."""
    file = os.fdopen(os.memfd_create("orders"), "w+b")
    file.write(marshal.dumps(dict(orders)))
    file.seek(0)
    return file
