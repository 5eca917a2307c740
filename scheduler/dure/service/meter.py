"""Metering: a backend's slices and the planner's own account, into the ledger together (interfaces.md)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from dure.accounting.occupied import nodes_at, occupied
from dure.accounting.states import StateAccount
from dure.model.change import Change
from dure.model.instants import Instant
from dure.model.record import JobRecord
from dure.model.rules import CalendarEntry
from dure.model.use import CapacityFact, Slice
from dure.ports import Backend, Ingested, Metered
from dure.service.books import Books


class Meter:
    """Knows up to where everything is in the ledger, and brings it further.

    What the account gave and the ledger has not yet taken is kept: the same rows are offered again, and the
    ledger takes each once.
    """

    def __init__(self, backend: Backend, books: Books, account: StateAccount, watermark: Instant) -> None:
        self._backend = backend
        self._books = books
        self._account = account
        self._planner: list[Slice] = []
        self._facts: list[CapacityFact] = []
        self.watermark = watermark

    @classmethod
    async def resume(
        cls, backend: Backend, books: Books, records: Sequence[JobRecord], watched_from: Instant,
        calendar: tuple[CalendarEntry, ...],
    ) -> Meter:  # fmt: skip
        """A meter that goes on where the ledger stands; nothing was watched from there to `watched_from`."""
        known = await books.read(lambda ledger: ledger.watermark(backend.source, backend.cluster))
        facts = await books.read(lambda ledger: ledger.capacity())
        begins = min((task.started for task in occupied(records, 0)), default=watched_from)
        start = min(begins, watched_from) if known is None else known
        nodes = nodes_at(facts, start, backend.cluster)
        account = StateAccount(backend.cluster, start, nodes, occupied(records, start), calendar)
        account.unobserved(until=watched_from)
        return cls(backend, books, account, start)

    def apply(self, change: Change) -> None:
        """Let the account see a change."""
        self._account.apply(change)

    def use_calendar(self, at: Instant, calendar: tuple[CalendarEntry, ...]) -> None:
        """From `at` on the calendar holds these entries."""
        self._account.use_calendar(at, calendar)

    async def settle(self, until: Instant, drain: Callable[[], Awaitable[None]]) -> Ingested:
        """Bring the ledger up to `until`, or as far as the backend's record is complete.

        `drain` must apply everything that the backend has reported, before the account is settled.
        """
        metered: Metered = await self._backend.slices(self.watermark, max(until, self.watermark))
        await drain()
        if metered.watermark > self._account.settled:
            self._planner += self._account.settle(metered.watermark)
            self._facts += self._account.facts()
        source, cluster = self._backend.source, self._backend.cluster
        planner, facts = tuple(self._planner), tuple(self._facts)
        done = await self._books.write(
            lambda ledger: ledger.ingest(
                source, cluster, metered.watermark, metered.slices, planner=planner, capacity=facts
            )
        )
        self._planner.clear()
        self._facts.clear()
        self.watermark = metered.watermark
        return done
