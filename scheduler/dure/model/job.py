"""A job: a gang of tasks that start together or not at all, and all it carries to any backend."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

from dure.model.instants import Instant, Millis
from dure.model.resources import Flavor, Resources

JobId: TypeAlias = str
TenantId: TypeAlias = str
NodeId: TypeAlias = str
UserId: TypeAlias = str


@dataclass(frozen=True, slots=True)
class TaskGroup:
    """`count` equal tasks of a gang.

    `cpu` (millicores), `memory` (MiB) and `gpus` (devices) are of one task. `flavors` names the GPU flavors
    that will do, best first; all tasks of a group get the same one. Empty where `gpus` is 0. An empty
    `command` means the job's own.
    """

    count: int = 1
    cpu: int = 0
    memory: int = 0
    gpus: int = 0
    flavors: tuple[Flavor, ...] = ()
    name: str = ""
    command: tuple[str, ...] = ()

    def request(self, flavor: Flavor = "") -> Resources:
        """What one task asks for when it gets this flavor ("" where it asks for no GPU)."""
        return Resources(self.cpu, self.memory, ((flavor, self.gpus),) if self.gpus else ())


@dataclass(frozen=True, slots=True)
class Mount:
    """A volume of the tenant (by its policy name) seen by the job's tasks at `path`."""

    volume: str
    path: str
    read_only: bool = False


@dataclass(frozen=True, slots=True)
class Job:
    """What a user asked for. `id` is the uid derived from (tenant, user, idempotency key).

    `time_limit` in ms is None only where policy gives no default. `secrets` are names, never values; each is
    seen by the tasks as an environment variable of that name. `after` names jobs that must have succeeded
    before this one may start. `checkpoint_interval` in ms, None where the job makes no checkpoints.
    `time_limits` are limits of their own under some flavors (speed differs); see `limit_under`.
    """

    id: JobId
    tenant: TenantId
    user: UserId
    submitted: Instant
    groups: tuple[TaskGroup, ...]
    command: tuple[str, ...] = ()
    name: str = ""
    priority: int = 0
    preemptible: bool = True
    time_limit: Millis | None = None
    project: str = ""
    image: str = ""
    workdir: str = ""
    environment: tuple[tuple[str, str], ...] = ()
    mounts: tuple[Mount, ...] = ()
    secrets: tuple[str, ...] = ()
    after: tuple[JobId, ...] = ()
    checkpoint_interval: Millis | None = None
    idempotency_key: str = ""
    time_limits: tuple[tuple[Flavor, Millis], ...] = ()

    def limit_under(self, flavors: Iterable[Flavor]) -> Millis | None:
        """The time limit in ms when the groups get these flavors."""
        return longest_limit(self.time_limit, self.time_limits, flavors)

    @property
    def tasks(self) -> int:
        """Tasks over all groups."""
        return sum(group.count for group in self.groups)


@dataclass(frozen=True, slots=True)
class JobClass:
    """What makes pending jobs identical to the planner: they share one verdict.

    `waiting` is true while a job it comes after has not succeeded, `held` while its user or an admin holds it.
    """

    tenant: TenantId
    user: UserId
    priority: int
    preemptible: bool
    time_limit: Millis | None
    groups: tuple[TaskGroup, ...]
    held: bool = False
    waiting: bool = False
    time_limits: tuple[tuple[Flavor, Millis], ...] = ()


def longest_limit(
    limit: Millis | None, limits: tuple[tuple[Flavor, Millis], ...], flavors: Iterable[Flavor]
) -> Millis | None:
    """The longest of what is stated for these flavors; `limit` where nothing is stated for one of them.

    A gang ends when its slowest group must have ended; None is no limit at all.
    """
    if not limits:
        return limit
    stated = dict(limits)
    found = [stated.get(flavor, limit) for flavor in flavors]
    return None if None in found else max((one for one in found if one is not None), default=limit)


@dataclass(frozen=True, slots=True)
class Placement:
    """`tasks` tasks of group number `group` on one node, each with devices of `flavor` ("" for none).

    The tasks of a job are numbered from 0: group by group, within a group in the order of its placements.
    """

    group: int
    node: NodeId
    flavor: Flavor = ""
    tasks: int = 1


def held_by(job: Job, placement: Placement) -> Resources:
    """What all tasks of one placement hold together on its node."""
    return job.groups[placement.group].request(placement.flavor) * placement.tasks


def task_placements(placements: tuple[Placement, ...]) -> tuple[Placement, ...]:
    """One single-task placement per task, indexed by task number."""
    ordered = sorted(placements, key=lambda placement: placement.group)
    return tuple(Placement(p.group, p.node, p.flavor) for p in ordered for _ in range(p.tasks))
