"""Where everything lies under the data directory, and which names may become part of a path."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from dure.model.instants import Instant
from dure.model.job import JobId, TenantId
from dure.ports import Refused

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}")


def checked_name(kind: str, name: str) -> str:
    """A name that is safe as one part of a path. Raises Refused."""
    if not _NAME.fullmatch(name):
        raise Refused(
            f"{kind} {name[:40]!r} cannot be used; up to 128 letters, digits, '.', '_' and '-', first no sign"
        )
    return name


def checked_variable(kind: str, name: str) -> str:
    """A name that is safe as a path and as an environment variable. Raises Refused."""
    if not _VARIABLE.fullmatch(name):
        raise Refused(
            f"{kind} {name[:40]!r} cannot be used; up to 128 letters, digits and '_', first no digit"
        )
    return name


@dataclass(frozen=True, slots=True)
class Layout:
    """The paths of one pool under `data` (docs/contributor/interfaces.md)."""

    data: Path
    pool: str

    @property
    def root(self) -> Path:
        """The pool's own folder."""
        return self.data / "local" / self.pool

    @property
    def jobs(self) -> Path:
        """One folder per job."""
        return self.root / "jobs"

    @property
    def bell(self) -> Path:
        """The FIFO by which shims wake the server."""
        return self.root / "bell"

    @property
    def watermark(self) -> Path:
        """The last watermark given out."""
        return self.root / "watermark"

    def job(self, job: JobId) -> Path:
        """A job's folder."""
        return self.jobs / job

    def attempt(self, job: JobId, number: int) -> Path:
        """An attempt's folder, complete from the moment it exists."""
        return self.jobs / job / str(number)

    def task(self, job: JobId, number: int, task: int) -> Path:
        """A task's folder."""
        return self.jobs / job / str(number) / str(task)

    def work(self, job: JobId) -> Path:
        """Where a job's tasks work, in every attempt."""
        return self.jobs / job / "work"

    def checkpoint(self, job: JobId, number: int) -> Path:
        """The file that an attempt's tasks touch to say that they made a checkpoint."""
        return self.work(job) / f".checkpoint-{number}"

    def secret(self, tenant: TenantId, name: str) -> Path:
        """The file that holds a secret's value."""
        return self.data / "secrets" / tenant / name


def read_instant(text: bytes | None) -> Instant:
    """An instant from a file of its own, 0 where there is none."""
    return int(text) if text else 0
