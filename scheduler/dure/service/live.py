"""What the server holds while it serves: the room as seen, the Room child, the meter, the last plan."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field

from dure.ledger import Promises
from dure.model.change import Change, Ended, Evicting, Starting, Withdrawn
from dure.model.instants import Instant
from dure.model.job import JobId, TenantId
from dure.model.plan import Plan
from dure.model.rules import Rules
from dure.model.tenant import BudgetState
from dure.ports import Backend, Clock
from dure.service import events
from dure.service.books import Books
from dure.service.meter import Meter
from dure.service.observed import Attempt, Observed
from dure.service.outlook import Outlook
from dure.service.room_client import RoomClient, RoomGone
from dure.service.settings import Settings
from dure.telemetry import LoopLatency, logger
from dure.turns import in_turns

log = logger("dure.service")


@dataclass(slots=True)
class LoopStats:
    """What the loop says of itself: counts since the start, the last cycle, and how long its decision took."""

    cycles: int = 0
    failures: int = 0
    refused_starts: int = 0
    broken_plans: int = 0
    last_cycle: Instant | None = None
    last_decide_seconds: float = 0.0
    latency: LoopLatency = field(default_factory=LoopLatency)


@dataclass
class Live:
    """Everything that the loop changes and the API reads; both run on one event loop.

    `room` and `meter` are None until the first recovery. `ending` are jobs told to end and not yet seen ended;
    `kept` are jobs being queued on hold, which may not start in between. `use_rules` tells the backend of new
    rules; `findings` say why the newest bundle was refused; `answering`: the last turn went well. `wake` makes the
    loop take a turn; `listeners` are told every change, and must be quick; `readers` are shown
    a room that was read anew, before it is served. `promised` is what stands on record of
    claims and reservations; `budgets` names the tenants that have a budget, with where each stands, and `outlooks`
    how much money that is.
    """

    settings: Settings
    backend: Backend
    books: Books
    clock: Clock
    rules: Rules
    use_rules: Callable[[Rules], None]
    rules_since: Instant = 0
    inherited: tuple[int, ...] = ()
    observed: Observed = field(default_factory=Observed)
    meter: Meter | None = None
    room: RoomClient | None = None
    plan: Plan | None = None
    revision: int | None = None
    ending: set[JobId] = field(default_factory=set)
    kept: set[JobId] = field(default_factory=set)
    promised: Promises = field(default_factory=Promises)
    budgets: dict[TenantId, BudgetState] = field(default_factory=dict)
    outlooks: dict[TenantId, Outlook] = field(default_factory=dict)
    stats: LoopStats = field(default_factory=LoopStats)
    findings: tuple[str, ...] = ()
    answering: bool = False
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    listeners: list[Callable[[Change], None]] = field(default_factory=list)
    readers: list[Callable[[Observed], Awaitable[None]]] = field(default_factory=list)
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    def now(self) -> Instant:
        """The present, never before anything that was seen."""
        return max(self.clock.now(), self.observed.at)

    @property
    def ready(self) -> bool:
        """Whether the room is known and the loop decides."""
        return self.room is not None and self.plan is not None and not self.stopping.is_set()

    def child(self) -> RoomClient:
        """The Room child. Raises RoomGone before the first recovery."""
        if self.room is None:
            raise RoomGone("the room is not known yet")
        return self.room

    def metering(self) -> Meter:
        """The meter. Raises RoomGone before the first recovery."""
        if self.meter is None:
            raise RoomGone("the room is not known yet")
        return self.meter

    async def take(self, changes: Iterable[Change]) -> None:
        """Let everyone who keeps account of the room know these changes, in this order."""
        fresh = [change for change in changes if not self._assumed(change)]
        async for change in in_turns(fresh):
            events.tell(self.observed, change)
            self.observed.apply(change)
            self.metering().apply(change)
            for listener in self.listeners:
                listener(change)
            if isinstance(change, Withdrawn | Ended):
                self.ending.discard(change.job)
        await self.child().apply(fresh)
        if fresh:
            self.announce()

    async def drain(self) -> bool:
        """Take in all that the backend has reported up to now; whether there was anything."""
        seen = await self.backend.observe(self.revision, 0)
        await self.take(seen.changes)
        self.revision = seen.revision
        return bool(seen.changes)

    def announce(self) -> None:
        """Wake those who wait for news."""
        told, self._news = self._news, asyncio.Event()
        told.set()

    async def news(self, timeout_s: float) -> None:
        """Wait for the next change, or until the time is over."""
        event = self._news
        try:
            await asyncio.wait_for(event.wait(), timeout_s)
        except TimeoutError:
            return

    def _assumed(self, change: Change) -> bool:
        """Whether this is the backend's word of a start or an eviction that was taken in when it was decided."""
        match change:
            case Starting(job=job, attempt=attempt):
                return self._attempt(job, attempt) is not None
            case Evicting(eviction=eviction):
                known = self._attempt(eviction.job, eviction.attempt)
                return known is not None and known.vacating is not None
        return False

    def _attempt(self, job: JobId, number: int) -> Attempt | None:
        entry = self.observed.jobs.get(job)
        attempt = entry.attempt if entry else None
        return attempt if attempt and attempt.number == number else None
