"""Jobs and attempts as JSON, as they stand on disk."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from dure.backends.local.kept import Attempt, Ending, Task, Withdrawal
from dure.model.job import Job, Mount, Placement, TaskGroup
from dure.model.plan import Eviction, Rule


def encode(value: dict[str, Any]) -> bytes:
    """One line of JSON."""
    return json.dumps(value, ensure_ascii=False, separators=(", ", ": ")).encode() + b"\n"


def job_bytes(job: Job) -> bytes:
    """A job as it stands in job.json."""
    return encode(asdict(job))


def job_from(content: bytes) -> Job:
    """The inverse of `job_bytes`. Raises ValueError, TypeError or KeyError where it is something else."""
    fields = json.loads(content)
    groups = tuple(
        TaskGroup(**{**group, "flavors": tuple(group["flavors"]), "command": tuple(group["command"])})
        for group in fields.pop("groups")
    )
    mounts = tuple(Mount(**mount) for mount in fields.pop("mounts"))
    environment = tuple((name, value) for name, value in fields.pop("environment"))
    limits = tuple((flavor, limit) for flavor, limit in fields.pop("time_limits", ()))
    fields |= {name: tuple(fields[name]) for name in ("command", "secrets", "after")}
    return Job(**fields, groups=groups, mounts=mounts, environment=environment, time_limits=limits)


def attempt_bytes(attempt: Attempt) -> bytes:
    """An attempt as it stands in attempt.json: decided when, and which task goes where with which devices."""
    tasks = [{**asdict(task.placement), "devices": task.devices} for task in attempt.tasks]
    placements = [asdict(placement) for placement in attempt.placements]
    return encode({
        "attempt": attempt.number, "decided": attempt.decided, "under": attempt.under,
        "placements": placements, "tasks": tasks,
    })  # fmt: skip


def attempt_from(content: bytes) -> Attempt:
    """The inverse of `attempt_bytes`; nothing has happened to its tasks yet."""
    fields = json.loads(content)
    tasks = [
        Task(devices=tuple(task.pop("devices")), placement=Placement(**task)) for task in fields["tasks"]
    ]
    placements = tuple(Placement(**placement) for placement in fields["placements"])
    return Attempt(fields["attempt"], fields["decided"], placements, tasks, under=fields.get("under", ""))


def ending_bytes(ending: Ending) -> bytes:
    """An order to end, as it stands in end.json."""
    return encode(asdict(ending))


def ending_from(content: bytes | None) -> Ending | None:
    """The inverse of `ending_bytes`."""
    if not content:
        return None
    fields = json.loads(content)
    decided = fields.pop("eviction", None)
    return Ending(**fields, eviction=_eviction(decided) if decided else None)


def _eviction(fields: dict[str, Any]) -> Eviction:
    return Eviction(**{**fields, "rule": Rule(fields["rule"])})


def withdrawal_bytes(withdrawal: Withdrawal) -> bytes:
    """A withdrawal, as it stands in withdrawn.json."""
    return encode(asdict(withdrawal))


def withdrawal_from(content: bytes | None) -> Withdrawal | None:
    """The inverse of `withdrawal_bytes`."""
    return Withdrawal(**json.loads(content)) if content else None
