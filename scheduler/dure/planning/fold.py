"""The fold behind histories: it takes events by instant and keeps (t0, h(t0), value) of every line (DESIGN 3.2)."""

from __future__ import annotations

from collections.abc import Iterator
from math import exp2
from typing import Final

from dure.model.instants import Instant, Millis
from dure.model.job import NodeId, TenantId, UserId
from dure.model.rules import Rules
from dure.model.snapshot import Dimension, History
from dure.model.use import CapacityFact
from dure.planning.axes import Amounts, Axes, Vector, add
from dure.planning.nodes import counted
from dure.planning.score import ByDimension, above, parts, whole
from dure.planning.tree import Tree
from dure.planning.windows import Timetable

DIMENSIONS: Final = (Dimension.CPU, Dimension.MEMORY, Dimension.GPU)


class Weighing:
    """What of one policy version histories depend on: also its edges, at which other guarantees come into force."""

    __slots__ = ("_axes", "_calendar", "_trees", "half_life", "rules", "times", "values")

    def __init__(self, rules: Rules, axes: Axes) -> None:
        self.rules, self.times = rules, Timetable(rules)
        self.half_life = rules.planning.half_life
        self.values = axes.values(rules.flavors)
        self._axes = axes
        self._trees: list[tuple[Rules, Tree]] = []
        self._calendar = [(entry, axes.vector(entry.resources.stated)) for entry in rules.calendar]

    def tree(self, at: Instant) -> Tree:
        """The tenants as they are promised at `at`."""
        rules = self.times.in_force(at)  # the same object for the same windows, tenancies and entries
        for known, tree in self._trees:
            if known is rules:
                return tree
        self._trees.append((rules, Tree(rules, self._axes)))
        return self._trees[-1][1]

    def on_top(self, at: Instant) -> dict[TenantId, Vector]:
        """What entries of the calendar that are open at `at` promise on top, to tenants and all above them."""
        promised: dict[TenantId, Vector] = {}
        for entry, amounts in self._calendar:
            if at in entry.interval:
                tree = self.tree(at)
                for tenant in {over for one in entry.tenants for over in tree.branch(one).path}:
                    before = promised.get(tenant, self._axes.zeros())
                    promised[tenant] = [one + other for one, other in zip(before, amounts, strict=True)]
        return promised


class Track:
    """One history: of a tenant with all below it (user ""), or of a user in a tenant.

    By dimension: since when `value` is in force, and `level`, h at that instant.
    """

    __slots__ = ("level", "since", "use", "value")

    def __init__(self, use: Vector, since: Instant) -> None:
        self.use = use
        self.since = [since] * 3
        self.level = [0.0] * 3
        self.value = [0.0] * 3

    def copy(self) -> Track:
        """One that changes apart from this one."""
        other = Track(list(self.use), 0)
        other.since, other.level, other.value = list(self.since), list(self.level), list(self.value)
        return other

    def at(self, dimension: int, now: Instant, half_life: Millis) -> float:
        """h(now) in closed form; before `since` it is what it is there."""
        if not self.level[dimension] and not self.value[dimension]:
            return 0.0
        away = max(0, now - self.since[dimension])
        kept = exp2(-away / half_life)
        return self.level[dimension] * kept + self.value[dimension] * (1.0 - kept)


class Fold:
    """State after all events up to some instant.

    Values are compared when an instant closes, so what happens within one counts net; at a breakpoint the level
    is advanced under the value before it. Edges of the rules in force (see windows) are passed on the way: `_edge`
    is the next one, `open_at` the instant that is still open.
    """

    __slots__ = (
        "_all",
        "_axes",
        "_direct",
        "_edge",
        "_facts",
        "_on_top",
        "_room",
        "_touched",
        "_tracks",
        "_tree",
        "_weighed_at",
        "_weighing",
        "open_at",
    )  # fmt: skip

    def __init__(self, axes: Axes, weighed_at: Instant, weighing: Weighing, at: Instant) -> None:
        self._axes = axes
        self._weighing, self._weighed_at = weighing, weighed_at
        self.open_at = at
        self._room = axes.zeros()
        self._facts: dict[NodeId, CapacityFact] = {}
        self._direct: dict[tuple[TenantId, UserId], Vector] = {}
        self._tracks: dict[tuple[TenantId, UserId], Track] = {}
        self._touched: dict[tuple[TenantId, UserId], None] = {}
        self._all = True
        self._enter(at)

    def copy(self) -> Fold:
        """One that changes apart from this one."""
        other = Fold(self._axes, self._weighed_at, self._weighing, self.open_at)
        other._all = self._all
        other._room, other._facts = list(self._room), dict(self._facts)
        other._direct = {key: list(use) for key, use in self._direct.items()}
        other._tracks = {key: track.copy() for key, track in self._tracks.items()}
        other._touched = dict(self._touched)
        return other

    @property
    def policy(self) -> tuple[Instant, Rules]:
        """The rules in force, and since when."""
        return self._weighed_at, self._weighing.rules

    def fact(self, node: NodeId) -> CapacityFact | None:
        """The fact of a node in force, where one is known."""
        return self._facts.get(node)

    def load(self, history: History) -> None:
        """Take up one settled history."""
        track = self._track(history.tenant, history.user)
        dimension = DIMENSIONS.index(history.dimension)
        track.since[dimension] = history.at
        track.level[dimension], track.value[dimension] = history.settled, history.value

    def histories(self) -> Iterator[History]:
        """Every history that is not nothing, sorted."""
        for (tenant, user), track in sorted(self._tracks.items()):
            for n, dimension in enumerate(DIMENSIONS):
                if track.level[n] or track.value[n]:
                    yield History(tenant, user, dimension, track.since[n], track.level[n], track.value[n])

    def use(self, at: Instant, tenant: TenantId, user: UserId, amounts: Amounts, times: int) -> None:
        """Recorded use of a user of a tenant changes."""
        self.close(at)
        direct = self._direct.get((tenant, user))
        if direct is None:
            direct = self._direct[tenant, user] = self._axes.zeros()
        add(direct, amounts, times)
        if not any(direct):
            del self._direct[tenant, user]
        for key in self._lines(tenant, user):
            add(self._track(*key).use, amounts, times)
            self._touched[key] = None

    def capacity(self, fact: CapacityFact) -> None:
        """A node came, changed or left: every share of the room changes with it."""
        self.close(fact.at)
        for sign, known in ((-1, self._facts.get(fact.node_id)), (1, fact)):
            if known is not None and known.node is not None and counted(known.node):
                add(self._room, self._axes.amounts(known.node.capacity), sign)
        self._facts[fact.node_id] = fact
        self._all = True

    def weigh(self, at: Instant, weighing: Weighing) -> None:
        """Another policy version: all histories first advance under the old one."""
        self.close(at)
        if weighing.half_life != self._weighing.half_life:
            self._advance_all()
        self._weighing, self._weighed_at = weighing, at
        self._enter(self.open_at)
        for track in self._tracks.values():
            track.use = self._axes.zeros()
        for (tenant, user), direct in self._direct.items():
            for key in self._lines(tenant, user):
                use = self._track(*key).use
                use[:] = [one + other for one, other in zip(use, direct, strict=True)]
        self._all = True

    def level(self, tenant: TenantId, user: UserId, now: Instant) -> ByDimension:
        """h(now) of one line. An open instant is read as if it closed now, and stays open."""
        track = self._tracks.get((tenant, user))
        if track is None:
            return (0.0, 0.0, 0.0)
        if self._all or (tenant, user) in self._touched:
            track = track.copy()
            self._close_track(tenant, user, track)
        half_life = self._weighing.half_life
        return track.at(0, now, half_life), track.at(1, now, half_life), track.at(2, now, half_life)

    def close(self, at: Instant) -> None:
        """Close every instant before `at`; be it an edge or not, `at` itself is open then."""
        if at > self.open_at:
            self.advance(at)
        if at > self.open_at:
            self._close(at)

    def advance(self, at: Instant) -> None:
        """Pass every edge up to and with `at`; the last one stays open."""
        if self._edge is None or self._edge > at:
            return
        edges = self._weighing.times.edges(self.open_at, at) if self._tracks else (self._last_edge(at),)
        for edge in edges:
            self._close(edge)
            self._enter(edge)
            self._all = True

    def _last_edge(self, at: Instant) -> Instant:
        """Where nobody has used anything yet, no edge before the last one matters."""
        edge = self._weighing.times.last_edge(at)
        assert edge is not None  # noqa: S101 - asked only where one lies before
        return edge

    def _enter(self, at: Instant) -> None:
        """What is promised from `at` on."""
        self._tree, self._edge = self._weighing.tree(at), self._weighing.times.next_edge(at)
        self._on_top = self._weighing.on_top(at)

    def _close(self, at: Instant) -> None:
        for tenant, user in self._tracks if self._all else self._touched:
            self._close_track(tenant, user, self._tracks[tenant, user])
        self._touched.clear()
        self._all = False
        self.open_at = at

    def _close_track(self, tenant: TenantId, user: UserId, track: Track) -> None:
        promised = self._axes.zeros() if user else self._tree.branch(tenant).promised
        if not user and tenant in self._on_top:
            promised = [one + other for one, other in zip(promised, self._on_top[tenant], strict=True)]
        used = above(track.use, promised, self._weighing.values)
        values = parts(used, whole(self._room, self._weighing.values))
        for n, value in enumerate(values):
            if value != track.value[n]:
                track.level[n] = track.at(n, self.open_at, self._weighing.half_life)
                track.since[n], track.value[n] = self.open_at, value

    def _advance_all(self) -> None:
        for track in self._tracks.values():
            for n in range(3):
                track.level[n] = track.at(n, self.open_at, self._weighing.half_life)
                track.since[n] = max(track.since[n], self.open_at)

    def _track(self, tenant: TenantId, user: UserId) -> Track:
        track = self._tracks.get((tenant, user))
        if track is None:
            track = self._tracks[tenant, user] = Track(self._axes.zeros(), self.open_at)
        return track

    def _lines(self, tenant: TenantId, user: UserId) -> Iterator[tuple[TenantId, UserId]]:
        """The histories that use of a user of a tenant counts in: the tenants' up the tree, and the user's."""
        for above_it in self._tree.branch(tenant).path:
            yield above_it, ""
        if user:
            yield tenant, user
