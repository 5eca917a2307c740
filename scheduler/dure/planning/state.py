"""The state of a room: nodes, what runs, what waits, and what each tenant holds; every move keeps them together."""

from __future__ import annotations

from collections.abc import Iterable

from dure.model.instants import Instant
from dure.model.job import JobId, Placement, TenantId
from dure.model.node import Node
from dure.model.resources import Flavor
from dure.model.rules import Order, Rules
from dure.planning.axes import Axes, Vector, add
from dure.planning.nodes import Nodes
from dure.planning.placement import fits_when_empty
from dure.planning.queue import Entry, Queue
from dure.planning.quota import Quotas
from dure.planning.running import Active, Activity
from dure.planning.shape import Shape
from dure.planning.tree import Tree


class State:
    """All that a decision works on. The same moves serve what happened and what a decision tries and undoes."""

    __slots__ = ("_lent",
        "_version", "active", "axes", "fair", "nodes", "paused", "queue", "quotas", "room_paused", "rules",
                 "tree", "values")  # fmt: skip

    def __init__(self, rules: Rules, flavors: Iterable[Flavor]) -> None:
        self.rules = rules
        self.axes = Axes((*flavors, *(flavor.name for flavor in rules.flavors)))
        self.values: Vector = self.axes.values(rules.flavors)
        self.tree = Tree(rules, self.axes)
        self.fair = rules.planning.order is Order.FAIR
        self.nodes = Nodes(self.axes)
        self.quotas = Quotas(self.tree)
        self.queue = Queue(self.axes, self.values, self.quotas, self.fair)
        self.active = Activity()
        self.paused: set[TenantId] = set()
        self._lent: list[Entry] = []
        self._version = 0
        self.room_paused = False

    def put_node(self, node: Node) -> None:
        """A node came or changed."""
        held = self.axes.zeros()
        for active in self.active.jobs.values():
            for place in active.places:
                if place.node == node.id:
                    add(held, place.amounts, place.left)
        self.nodes.put(node, held)

    def begin(self, active: Active) -> None:
        """An attempt takes its places."""
        self.active.put(active)
        self._hold(active, 1)

    def over(self, job: JobId) -> Active:
        """An attempt gives back what it still holds."""
        active = self.active.take(job)
        self._hold(active, -1)
        return active

    def task_over(self, active: Active, task: int) -> None:
        """One task of an attempt gives back what it held."""
        place = active.place_of(task)
        self.active.task_over(active, place)
        if row := self.nodes.rows.get(place.node):
            self.nodes.take(row, place.amounts, -1)
        account = self.quotas.account(active.job.tenant)
        self.quotas.hold(account, active.job.user, place.amounts, -1)
        self.queue.released(account)

    def try_start(self, job: JobId, now: Instant, placements: tuple[Placement, ...]) -> Active:
        """A pending job takes places, for the time of a decision."""
        entry = self.queue.entries[job]
        self.queue.lend(job)
        if not self._lent:
            self._version = self.active.version
        active = Active(entry.job, entry.attempts + 1, now, placements, self.axes)
        self.begin(active)
        self._lent.append(entry)
        return active

    def undo_starts(self) -> None:
        """Everything that a decision tried is as it was."""
        if not self._lent:
            return
        while self._lent:
            entry = self._lent.pop()
            self.over(entry.job.id)
            self.queue.give_back(entry)
        self.active.version = self._version

    def fits_empty(self, shape: Shape) -> bool:
        """Whether the room would hold the shape if nothing else ran, whatever its nodes' state."""
        return any(fits_when_empty(demand, self.nodes, self.values) for demand in shape.demands)

    def _hold(self, active: Active, times: int) -> None:
        account = self.quotas.account(active.job.tenant)
        for place in active.places:
            if place.left:
                if row := self.nodes.rows.get(place.node):
                    self.nodes.take(row, place.amounts, place.left * times)
                self.quotas.hold(account, active.job.user, place.amounts, place.left * times)
        if times < 0:
            self.queue.released(account)
