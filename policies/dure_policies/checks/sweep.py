"""One resource through time: promises begin and end, and wherever they do, what is promised must be there.

What a tenant is promised is its own guarantee where it states one, else what its children are promised together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

from dure.model.instants import Instant
from dure_policies.findings import Place

BEGINNING: Instant = 0
ROOM = ""
MOST_STEPS = 1_000_000

When: TypeAlias = Callable[[Instant, Instant | None], bool]
"""Whether what is swept holds at some instant of [start, end); None: there is no end."""


class TooManyCasesError(Exception):
    """There are more instants and windows to try than is worth the time."""


@dataclass(slots=True)
class Steps:
    """How many steps may still be taken, over all sweeps of a bundle."""

    left: int = MOST_STEPS

    def take(self, count: int = 1) -> None:
        """Take so many. Raises TooManyCasesError where they are not left."""
        self.left -= count
        if self.left < 0:
            raise TooManyCasesError


@dataclass(frozen=True, slots=True)
class Promise:
    """An amount to a tenant, or to a calendar entry (`tenant` is ROOM), from `start` to `end`.

    `yields`: the tenants whose guarantees give way to it.
    """

    tenant: str
    amount: int
    place: Place
    start: Instant = BEGINNING
    end: Instant | None = None
    yields: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Limit:
    """The most that a tenant may hold; `place` where a window says so."""

    amount: int
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class Excess:
    """More than there is: `what` adds up to `total`, `holder` has `has`, and who yields gives `given`.

    `by` is the promise that is one too many; `limit` the place of the limit, where that is to blame.
    """

    what: str
    total: int
    holder: str
    has: int
    at: Instant
    by: Promise
    limit: Place | None = None
    given: int = 0
    mine: bool = False

    @property
    def less(self) -> int:
        """How much too much it is."""
        return self.total - self.has - self.given


@dataclass(slots=True)
class Sweep:
    """The state at an instant. `below`: what the children of a tenant, or of the room, are promised.

    `whole`: guarantees that are too much already are not told from the calendar on top of them.
    """

    parents: dict[str, str]
    limits: dict[str, Limit]
    capacity: int | None
    steps: Steps
    whole: bool = False
    below: dict[str, int] = field(default_factory=dict)
    own: dict[str, int] = field(default_factory=dict)
    entries: dict[int, Promise] = field(default_factory=dict)
    reserved: int = 0

    def run(self, promises: list[Promise], when: When) -> Iterator[Excess]:
        """Let the promises begin and end in order of time; what is too much at a time that counts."""
        events = [(p.start, 1, n) for n, p in enumerate(promises)]
        events += [(p.end, 0, n) for n, p in enumerate(promises) if p.end is not None]
        events.sort()
        following = _following([at for at, _, _ in events])
        unchecked: dict[int, Promise] = {}
        for (at, begins, number), until in zip(events, following, strict=True):
            self.steps.take()
            self._change(number, promises[number], begins=bool(begins))
            if begins:
                unchecked[number] = promises[number]
            else:
                unchecked.pop(number, None)
            if unchecked and when(at, until):
                for promise in unchecked.values():
                    yield from self._too_much(promise, at)
                unchecked.clear()

    def _change(self, number: int, promise: Promise, *, begins: bool) -> None:
        if promise.tenant == ROOM:
            self.reserved += promise.amount if begins else -promise.amount
            if begins:
                self.entries[number] = promise
            else:
                del self.entries[number]
            return
        before = self._promised(promise.tenant)
        if begins:
            self.own[promise.tenant] = promise.amount
        else:
            self.own.pop(promise.tenant, None)
        self._pass_up(promise.tenant, before)

    def _pass_up(self, tenant: str, before: int) -> None:
        while tenant != ROOM and (more := self._promised(tenant) - before):
            parent = self.parents[tenant]
            before = self._promised(parent)
            self.below[parent] = self.below.get(parent, 0) + more
            tenant = parent

    def _promised(self, tenant: str) -> int:
        return self.own.get(tenant, self.below.get(tenant, 0))

    def _too_much(self, promise: Promise, at: Instant) -> Iterator[Excess]:
        """Every sum to which this promise belongs and which is more than there is."""
        tenant = promise.tenant
        while tenant != ROOM:
            yield from self._too_much_in(tenant, promise, at)
            tenant = self.parents[tenant]
        total = self.below.get(ROOM, 0)
        if self.capacity is None or total + self.reserved <= self.capacity:
            return
        if total > self.capacity and not self.whole:
            yield Excess("the guarantees", total, "the room has", self.capacity, at, promise)
        elif total + self.reserved - self.capacity > (given := self._given()):
            both = ("the guarantees and the calendar", total + self.reserved)
            yield Excess(*both, "the room has", self.capacity, at, promise, given=given)

    def _too_much_in(self, tenant: str, promise: Promise, at: Instant) -> Iterator[Excess]:
        promised, below, limit = self._promised(tenant), self.below.get(tenant, 0), self.limits.get(tenant)
        if tenant in self.own and below > self.own[tenant]:
            mine = tenant == promise.tenant
            what, holder = f"the guarantees below {tenant}", f"{tenant} is guaranteed"
            yield Excess(what, below, holder, self.own[tenant], at, promise, mine=mine)
        if tenant not in self.own and limit and promised > limit.amount:
            what, holder = f"the guarantees in {tenant}", f"{tenant} is limited to"
            yield Excess(what, promised, holder, limit.amount, at, promise, limit.place)

    def _given(self) -> int:
        """What those who yield give the entries that stand, in the order of the file.

        A tenant gives what of its own guarantee is not promised below it: no two give the same.
        """
        used: dict[str, int] = {}
        given = 0
        for _, entry in sorted(self.entries.items()):
            wanted = entry.amount
            for tenant in entry.yields:
                self.steps.take()
                left = self.own.get(tenant, 0) - self.below.get(tenant, 0) - used.get(tenant, 0)
                drawn = max(0, min(wanted, left))
                used[tenant] = used.get(tenant, 0) + drawn
                wanted -= drawn
            given += entry.amount - wanted
        return given


def _following(instants: list[Instant]) -> list[Instant | None]:
    """For each of the sorted instants the next later one, None where there is none."""
    later: list[Instant | None] = []
    found: Instant | None = None
    for number in range(len(instants) - 1, -1, -1):
        if number + 1 < len(instants) and instants[number + 1] != instants[number]:
            found = instants[number + 1]
        later.append(found)
    return later[::-1]
