"""Which jobs there are, newest first: so that a list of the newest costs what it shows, not what waits."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator
from heapq import merge
from typing import TypeAlias

from dure.model.change import Change, Ended, Submitted, Withdrawn
from dure.model.instants import Instant
from dure.model.job import Job, JobId, TenantId
from dure.service.observed import Observed
from dure.turns import in_turns

_Key: TypeAlias = tuple[Instant, JobId]


class Listing:
    """Jobs that are not over, as far as the room was told; a job that was just queued is added by hand."""

    def __init__(self) -> None:
        self._of: Observed | None = None
        self._tenant: dict[JobId, tuple[TenantId, _Key]] = {}
        self._keys: dict[TenantId, list[_Key]] = {}

    def follow(self, room: Observed) -> None:
        """Begin anew where the room was read anew."""
        if self._of is not room:
            self._of = room
            self._tenant.clear()
            self._keys.clear()
            for entry in room.jobs.values():
                self.add(entry.job)

    async def read(self, room: Observed) -> None:
        """Begin anew with a room that is about to be served."""
        fresh = Listing()
        async for entry in in_turns(room.jobs.values()):
            fresh.add(entry.job)
        self._of, self._tenant, self._keys = room, fresh._tenant, fresh._keys

    def hear(self, change: Change) -> None:
        """Take a change in."""
        if isinstance(change, Submitted):
            self.add(change.job)
        elif isinstance(change, Withdrawn) or (isinstance(change, Ended) and not change.requeue):
            self._remove(change.job)

    def add(self, job: Job) -> None:
        """A job is queued; one that is known already changes nothing."""
        if job.id not in self._tenant:
            key = (job.submitted, job.id)
            self._tenant[job.id] = job.tenant, key
            insort(self._keys.setdefault(job.tenant, []), key)

    def newest(self, tenants: Iterable[TenantId]) -> Iterator[JobId]:
        """Ids of these tenants' jobs, the newest first (by submitted, then id)."""
        lists = [self._keys[tenant] for tenant in tenants if tenant in self._keys]
        return (job for _, job in merge(*(reversed(keys) for keys in lists), reverse=True))

    def tenants(self) -> Iterable[TenantId]:
        """Whose jobs there are."""
        return tuple(self._keys)

    def _remove(self, job: JobId) -> None:
        if (known := self._tenant.pop(job, None)) is not None:
            tenant, key = known
            keys = self._keys[tenant]
            at = bisect_left(keys, key)
            del keys[at]
