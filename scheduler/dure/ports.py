"""What the engine needs of the world: the few protocols that the shell implements."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from dure.model.change import Change
from dure.model.instants import Instant, Interval
from dure.model.job import Job, JobId, NodeId, TenantId
from dure.model.plan import Eviction, Start
from dure.model.record import JobRecord, JobState
from dure.model.resources import ResourceName
from dure.model.rules import Rules
from dure.model.use import CapacityFact, Slice, State


class Clock(Protocol):
    """Where the present comes from."""

    def now(self) -> Instant:
        """The present instant."""
        ...


@dataclass(frozen=True, slots=True)
class Observation:
    """Changes since a revision, in the order in which they were seen, and the revision to ask from next."""

    revision: int
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class Metered:
    """Slices complete up to `watermark`, none of them beginning before the watermark asked from."""

    watermark: Instant
    slices: tuple[Slice, ...]


class Refused(Exception):  # noqa: N818 - a refusal is an answer, not an error
    """A backend will not do what was asked; `reason` says why and what to do instead, for the user to read."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class KeyReused(Refused):
    """The idempotency key already stands for a different job."""


class Backend(Protocol):
    """One engine that queues and runs jobs; it owns its queue and the record of what ran (DESIGN 5)."""

    source: str
    cluster: str

    async def open(self) -> None:
        """Read the queue from where it is kept and adopt what runs."""
        ...

    async def observe(self, since: int | None, wait: float) -> Observation:
        """Changes after revision `since`; if there are none, wait at most `wait` seconds for one.

        None asks for everything as of now: nodes, then every job that is not final (`Submitted`, then
        `Starting`, `TaskStarted`, `Checkpointed`, `Evicting`, `TaskEnded` with their recorded instants for those
        that hold places).
        """
        ...

    async def enqueue(self, job: Job) -> JobRecord:
        """Queue a job durably. The same job again returns its record as it is now.

        Raises KeyReused where the id exists with another request, Refused where the backend cannot run it.
        """
        ...

    async def hold(self, job: JobId, held: bool) -> None:
        """Hold or release a pending job durably. Raises KeyError for an unknown one."""
        ...

    async def start(self, start: Start) -> None:
        """Start an attempt exactly where the plan says. Raises Refused where its view was stale."""
        ...

    async def evict(self, eviction: Eviction) -> None:
        """Tell a running attempt to leave, with grace; its job is pending again once it is gone.

        The eviction stands in the attempt's record before anything is signalled. An attempt that is over, or was
        told to end already, is left alone. Raises KeyError for an unknown job, Refused where the view was stale.
        """
        ...

    async def checkpointed(self, job: JobId, attempt: int, at: Instant) -> None:
        """A running attempt says that it made a checkpoint at `at`; an older one than is known changes nothing.

        Raises KeyError for an unknown job, Refused where this attempt does not run.
        """
        ...

    async def drain(self, node: NodeId, draining: bool) -> None:
        """Let a node take no more jobs, or take them again; what runs goes on. Kept until the backend is closed.

        Raises KeyError for an unknown node.
        """
        ...

    async def end(self, job: JobId, reason: str, requeue: bool = False) -> None:
        """End a running job with grace, or withdraw a pending one; ended ones are left alone.

        Raises KeyError for an unknown job.
        """
        ...

    async def record(self, job: JobId) -> JobRecord:
        """All that is known of a job. Raises KeyError for an unknown one."""
        ...

    async def records(self, tried: bool = False) -> tuple[JobRecord, ...]:
        """Every job still kept, by (submitted, id); with `tried` those that made an attempt, all of one moment."""
        ...

    async def counts(self) -> Mapping[JobState, int]:
        """How many of the jobs still kept are in each state."""
        ...

    def logs(self, job: JobId, task: int, offset: int, follow: bool) -> AsyncIterator[bytes]:
        """What the last attempt's task wrote from a byte offset on; following ends when the task has."""
        ...

    async def slices(self, since: Instant, until: Instant) -> Metered:
        """Use of tenants over [since, watermark), watermark at most `until`; asked again it answers the same."""
        ...

    async def close(self) -> None:
        """Let go without touching what runs."""
        ...


@dataclass(frozen=True, slots=True)
class Ingested:
    """What a batch did: slices that were new, that stood already, and that were put in quarantine."""

    new: int
    known: int
    quarantined: int


@dataclass(frozen=True, slots=True)
class Totals:
    """Running totals of the ledger, moved in the transaction that brought the slices.

    `use`: (tenant, resource) -> amount x ms. `states`: (state, resource) -> amount x ms. `corrections`: as
    `use`, what negative corrections took. `watermarks`: (source, cluster) -> instant.
    """

    use: Mapping[tuple[TenantId, ResourceName], int]
    states: Mapping[tuple[State, ResourceName], int]
    corrections: Mapping[tuple[TenantId, ResourceName], int]
    watermarks: Mapping[tuple[str, str], Instant]
    quarantined: int


class Ledger(Protocol):
    """The append-only record of use; one writer."""

    def ingest(
        self, source: str, cluster: str, watermark: Instant, slices: Iterable[Slice],
        planner: Iterable[Slice] = (), capacity: Iterable[CapacityFact] = (),
    ) -> Ingested:  # fmt: skip
        """Write a batch and move its cursor and the running totals, in one transaction; idempotent.

        `slices` is what the backend metered up to `watermark`, `planner` what the planner's account says of
        everything else over the same time (idle, down, unobserved; source `planner`).
        """
        ...

    def watermark(self, source: str, cluster: str) -> Instant | None:
        """Up to where this backend's use is recorded."""
        ...

    def slices(self, interval: Interval) -> Iterator[Slice]:
        """Recorded slices (corrections included) that meet the interval, by start."""
        ...

    def capacity(self) -> tuple[CapacityFact, ...]:
        """Every recorded fact of capacity, by instant."""
        ...

    def record_policy(self, at: Instant, version: str, rules: Rules) -> None:
        """Record that these rules are in force from `at` on; the version already in force changes nothing."""
        ...

    def policies(self) -> tuple[tuple[Instant, Rules], ...]:
        """Every recorded policy version with its instant, oldest first."""
        ...

    def totals(self) -> Totals:
        """The running totals as last committed."""
        ...


class PolicyRefused(Exception):  # noqa: N818 - a refusal is an answer, not an error
    """A bundle has errors; `findings` are lines `file:line:column: what; what would be right`."""

    def __init__(self, findings: tuple[str, ...]) -> None:
        super().__init__("\n".join(findings))
        self.findings = findings


class PolicySource(Protocol):
    """Where the rules come from."""

    def read(self) -> Rules:
        """The rules as they stand now. Raises PolicyRefused with every finding."""
        ...

    def changed(self) -> bool:
        """Whether what `read` would read has changed since it was last read."""
        ...


class SpecReader(Protocol):
    """Reads a job file's text (YAML) into the JSON form of the API."""

    def __call__(self, text: str, name: str) -> dict[str, object]:
        """The mapping in the file. Raises PolicyRefused with findings that name file, line and column."""
        ...
