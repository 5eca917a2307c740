"""The state of a room: nodes, what runs, what waits, and what each tenant holds; every move keeps them together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from itertools import count

from dure.model.instants import Instant
from dure.model.job import JobId, Placement, TenantId, UserId
from dure.model.node import Node
from dure.model.plan import Claim, Eviction, Reservation
from dure.model.resources import Flavor
from dure.model.rules import CalendarEntry, Order, Rules
from dure.model.tenant import BudgetState
from dure.planning.axes import Amounts, Axes, Vector
from dure.planning.nodes import Nodes, Row
from dure.planning.placement import fits_when_empty
from dure.planning.queue import Entry, Queue
from dure.planning.quota import Account, Quotas
from dure.planning.running import Active, Activity, Place
from dure.planning.shape import Shape
from dure.planning.tree import Tree


class State:
    """All that a decision works on. The same moves serve what happened and what a decision tries and undoes.

    `open` names the entries of the calendar that are in force: what runs under them is not counted in quota and
    scores. `claims` are those that stand, by job, in the order in which they were made, with the entry of the job,
    which stands in no line meanwhile. `reservations` are the sticky ones. `budgets` names tenants whose budget is
    not in order.
    """

    __slots__ = ("_numbers", "_tried", "_version", "active", "axes", "budgets", "claimed", "claims", "fair",
                 "nodes", "open", "paused", "queue", "quotas", "reservations", "room_paused", "rules", "tree",
                 "values")  # fmt: skip

    def __init__(
        self, rules: Rules, flavors: Iterable[Flavor], open_entries: Iterable[CalendarEntry] = ()
    ) -> None:
        self.rules = rules
        self.open = frozenset(entry.name for entry in open_entries)
        self.axes = Axes((*flavors, *(flavor.name for flavor in rules.flavors)))
        self.values: Vector = self.axes.values(rules.flavors)
        self.tree = Tree(rules, self.axes)
        self.fair = rules.planning.order is Order.FAIR
        self.nodes = Nodes(self.axes)
        self.quotas = Quotas(self.tree)
        self.queue = Queue(self.axes, self.values, self.quotas, self.fair)
        self.active = Activity()
        self.claims: dict[JobId, Claim] = {}
        self.claimed: dict[JobId, Entry] = {}
        self.reservations: tuple[Reservation, ...] = ()
        self.budgets: dict[TenantId, BudgetState] = {}
        self.paused: set[TenantId] = set()
        self.room_paused = False
        self._tried: list[Callable[[], None] | Entry] = []
        self._version = 0
        self._numbers = count(1)

    def put_node(self, node: Node) -> None:
        """A node came or changed."""
        row = self.nodes.put(node)
        for active in self.active.jobs.values():
            for place in active.places:
                if place.node == node.id and place.left:
                    self._occupy(active, row, place.amounts, place.left)
        for claim in self.active.claims.values():
            for place in claim.places:
                if place.node == node.id:
                    self.nodes.claim(row, place.amounts, place.left)

    def begin(self, active: Active) -> None:
        """An attempt takes its places."""
        self.active.put(active)
        self._place(active, 1)
        if active.vacating is None:
            self._count(active, 1)

    def over(self, job: JobId) -> Active:
        """An attempt gives back what it still holds."""
        active = self.active.take(job)
        self._place(active, -1)
        if active.vacating is None:
            self._count(active, -1)
        return active

    def task_over(self, active: Active, task: int) -> None:
        """One task of an attempt gives back what it held."""
        place = active.place_of(task)
        self.active.task_over(active, place)
        if row := self.nodes.rows.get(place.node):
            self._occupy(active, row, place.amounts, -1)
        if active.vacating is None and active.under not in self.open:
            account = self.quotas.account(active.job.tenant)
            self.quotas.hold(account, active.job.user, place.amounts, -1)
            self.queue.released(account)

    def evict(self, active: Active, eviction: Eviction, since: Instant) -> None:
        """An attempt vacates its places: it still holds them, and counts no longer in quota and scores."""
        self._place(active, -1)
        self._count(active, -1)
        self.active.vacate(active, eviction, since)
        self._place(active, 1)

    def keep(self, active: Active) -> None:
        """An attempt need not leave after all."""
        self._place(active, -1)
        self.active.vacate(active, None, None)
        self._place(active, 1)
        self._count(active, 1)

    def claim(self, claim: Claim, number: int = 0) -> None:
        """Places are kept for a pending job from now on; it stands in no line until the claim ends.

        The claim is the last one, but where it has its `number` from before.
        """
        entry = self.queue.entries[claim.job]
        self.queue.lend(claim.job)
        assert entry.kind is not None  # noqa: S101 - queued entries have one
        entry.kind.claimed += 1
        active = Active.of(entry.job, entry.attempts + 1, claim.since, claim.placements, self.axes)
        active.delay = self.rules.planning.claim_timeout
        active.number = number or next(self._numbers)
        self.claims[claim.job], self.claimed[claim.job] = claim, entry
        self.active.claim(active)
        self._keep_claimed(active, 1)

    def unclaim(self, job: JobId) -> Entry:
        """A claim ends: its job is in line again."""
        del self.claims[job]
        entry = self.claimed.pop(job)
        assert entry.kind is not None  # noqa: S101 - queued entries have one
        entry.kind.claimed -= 1
        self._keep_claimed(self.active.unclaim(job), -1)
        self.queue.give_back(entry)
        return entry

    def try_start(
        self, job: JobId, now: Instant, placements: tuple[Placement, ...], under: str = "",
        places: list[Place] | None = None,
    ) -> Active:  # fmt: skip
        """A pending job takes places, for the time of a decision; `places` say again where and how much."""
        self._begin_trial()
        entry = self.queue.entries[job]
        self.queue.lend(job)
        if places is None:
            active = Active.of(entry.job, entry.attempts + 1, now, placements, self.axes)
        else:
            active = Active(entry.job, entry.attempts + 1, now, placements, places)
        active.under, active.evictions = under, entry.evictions
        self.begin(active)
        self._tried.append(entry)
        return active

    def try_evict(self, active: Active, eviction: Eviction, now: Instant) -> None:
        """A running attempt vacates, for the time of a decision."""
        self._begin_trial()
        self.evict(active, eviction, now)
        self._tried.append(lambda: self.keep(active))

    def try_claim(self, claim: Claim) -> None:
        """A claim stands, for the time of a decision."""
        self._begin_trial()
        self.claim(claim)
        self._tried.append(lambda: self._drop(claim.job))

    def try_unclaim(self, job: JobId) -> None:
        """A claim ends, for the time of a decision."""
        self._begin_trial()
        order, claim, number = list(self.claims), self.claims[job], self.active.claims[job].number
        self.unclaim(job)
        self._tried.append(lambda: self._claim_again(claim, order, number))

    def tried(self) -> int:
        """How much a decision has tried so far, for `undo`."""
        return len(self._tried)

    def undo(self, back_to: int = 0) -> None:
        """Everything that a decision tried since is as it was."""
        tried = self._tried
        if not tried:
            return
        while len(tried) > back_to:
            step = tried.pop()
            if isinstance(step, Entry):
                self._unstart([step, *self._starts_before(back_to)])
            else:
                step()
        if not tried:
            self.active.version = self._version

    def fits_empty(self, shape: Shape) -> bool:
        """Whether the room would hold the shape if nothing else ran, whatever its nodes' state."""
        return any(fits_when_empty(demand, self.nodes, self.values) for demand in shape.demands)

    def _begin_trial(self) -> None:
        if not self._tried:
            self._version = self.active.version

    def _drop(self, job: JobId) -> None:
        self.unclaim(job)

    def _starts_before(self, back_to: int) -> Iterator[Entry]:
        """Those that were tried last, one after another."""
        while len(self._tried) > back_to and isinstance(last := self._tried[-1], Entry):
            self._tried.pop()
            yield last

    def _unstart(self, entries: list[Entry]) -> None:
        """Starts are undone all at once, so that what they held is given back together."""
        held: dict[tuple[Account, UserId], Counter[Amounts]] = {}
        jobs = Counter[tuple[Account, UserId]]()
        for entry in entries:
            active = self.active.take(entry.job.id)
            self._place(active, -1)
            if active.under not in self.open:
                whose = (self.quotas.account(entry.job.tenant), entry.job.user)
                jobs[whose] += 1
                for place in active.places:
                    held.setdefault(whose, Counter())[place.amounts] += place.left
        for (account, user), amounts in held.items():
            for one, times in amounts.items():
                self.quotas.hold(account, user, one, -times)
        for (account, user), times in jobs.items():
            self.quotas.count(account, user, -times)
        self.queue.give_back_all(entries)
        for account, _ in jobs:
            self.queue.released(account)

    def _claim_again(self, claim: Claim, order: list[JobId], number: int) -> None:
        self.claim(claim, number)
        self.claims = {job: self.claims[job] for job in order}
        self.active.claims = {job: self.active.claims[job] for job in order}

    def _place(self, active: Active, times: int) -> None:
        for place in active.places:
            if place.left and (row := self.nodes.rows.get(place.node)):
                self._occupy(active, row, place.amounts, place.left * times)

    def _occupy(self, active: Active, row: Row, amounts: tuple[tuple[int, int], ...], times: int) -> None:
        if active.vacating is None:
            self.nodes.take(row, amounts, times)
        else:
            self.nodes.vacate(row, amounts, times)

    def _count(self, active: Active, times: int) -> None:
        if active.under in self.open:
            return
        account = self.quotas.account(active.job.tenant)
        for place in active.places:
            if place.left:
                self.quotas.hold(account, active.job.user, place.amounts, place.left * times)
        self.quotas.count(account, active.job.user, times)
        if times < 0:
            self.queue.released(account)

    def _keep_claimed(self, active: Active, times: int) -> None:
        for place in active.places:
            if row := self.nodes.rows.get(place.node):
                self.nodes.claim(row, place.amounts, place.left * times)
        self._count(active, times)
