"""The calendar: what entries and maintenance keep on which nodes, from when and for whom (DESIGN 3.3, Also policy).

Maintenance keeps whole nodes. An entry keeps its amounts, resource by resource, on as few nodes as will do (see
`choosing`), so that a start beside what is kept moves nothing of it. Until `grace` before its beginning a block
binds only jobs that may not be preempted and would run into it; preemptible ones count as gone by then. From there
on it binds all but the jobs under the entry; of nodes that give as much it takes those that the least has to leave.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import TypeAlias

from dure.model.instants import Instant, Interval
from dure.model.job import TenantId
from dure.model.plan import Rule
from dure.model.resources import Quota
from dure.model.rules import CalendarEntry, Maintenance, Rules
from dure.planning.axes import FIRST_GPU, Amounts, Vector, add, together
from dure.planning.choosing import Choice, Leaving
from dure.planning.nodes import Row
from dure.planning.running import Active
from dure.planning.shape import Demand
from dure.planning.state import State

_ByRow: TypeAlias = dict[Row, Vector]


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """What one entry, or one maintenance, keeps over [at, until).

    `kept` is what it keeps on each node, `used` what jobs under the entry hold of it, `extra` what is left there
    beside it for everybody else, `short` what preemptible jobs must still leave to it. `closed`: from now on nobody
    else starts on what is kept. `inside` names the entries whose kept amounts `extra` leaves out, `before` those
    whose jobs it makes room for.
    """

    name: str
    rule: Rule
    at: Instant
    until: Instant
    closed: bool
    tenants: tuple[TenantId, ...]
    before: frozenset[str]
    inside: frozenset[str]
    kept: _ByRow
    used: _ByRow
    extra: _ByRow
    short: _ByRow

    def idle(self, row: Row) -> Vector:
        """What it keeps on a node and nobody uses yet."""
        used = self.used.get(row)
        kept = self.kept[row]
        return [some - mine for some, mine in zip(kept, used, strict=True)] if used else kept

    def binds(self, demand: Demand, now: Instant) -> bool:
        """Whether a job, started by now, would stand in its way."""
        return self.closed or (demand.firm and now + demand.limit > self.at)

    def counts(self, active: Active) -> bool:
        """Whether what a running job holds is missing in `extra`."""
        if active.under in self.inside:
            return False
        return self.closed or (not active.job.preemptible and active.latest_end > self.at)

    def left_now(self, row: Row) -> Vector:
        """What a start may have of a node beside it: what vacates, and is not claimed, is still there."""
        there = zip(self.extra[row], row.vacating, row.claimed, strict=True)
        return [left - max(0, leaving - claimed) for left, leaving, claimed in there]


def blocks(state: State, now: Instant) -> list[Block]:
    """All that the calendar keeps, or will keep, as the room now is."""
    planned = list(_planned(state.rules, now))
    made: list[Block] = []
    for one in planned:
        made.append(_Keeping(state, one, made, now).block())
    return [_with_extra(state, block, made) for block in made]


def edges(rules: Rules, now: Instant) -> Iterator[Instant]:
    """Every instant after now at which the calendar changes what may start, or who must leave."""
    grace = rules.planning.grace
    spans = (*(one.interval for one in rules.calendar), *(one.interval for one in rules.maintenance))
    for start, end in ((span.start, span.end) for span in spans):
        yield from (at for at in (start - grace, start, end) if at > now)


@dataclass(frozen=True, slots=True)
class _Planned:
    name: str
    interval: Interval
    closed: bool
    entry: CalendarEntry | None
    nodes: tuple[str, ...]

    def meets(self, at: Instant, until: Instant) -> bool:
        return self.interval.start < until and at < self.interval.end


def _planned(rules: Rules, now: Instant) -> Iterator[_Planned]:
    """Maintenance first: no entry is kept on nodes that are out meanwhile. Then by start, then as written."""
    some: list[tuple[CalendarEntry | None, CalendarEntry | Maintenance]] = [
        (None, one) for one in rules.maintenance
    ]
    some += sorted(((one, one) for one in rules.calendar), key=lambda one: one[1].interval.start)
    for entry, one in some:
        span = one.interval
        if now < span.end and span.length:
            closed = now >= span.start - rules.planning.grace
            nodes = one.nodes if isinstance(one, Maintenance) else ()
            yield _Planned(one.name, span, closed, entry, nodes)


class _Keeping:
    """Where one block is kept, beside those before it."""

    def __init__(self, state: State, planned: _Planned, before: Sequence[Block], now: Instant) -> None:
        self._state, self._planned = state, planned
        self._gone = max(now, planned.interval.start) if planned.closed else planned.interval.start
        span = planned.interval
        self._meeting = [other for other in before if other.at < span.end and span.start < other.until]
        self._before = _names(self._meeting) | ({planned.name} if planned.entry else set())
        self._movable = self._room(movable=True)
        self._steady = self._room() if planned.closed else self._movable
        self._leaving = Leaving(state, now, self._may_leave())

    def block(self) -> Block:
        planned, span = self._planned, self._planned.interval
        rule = Rule.CALENDAR if planned.entry else Rule.MAINTENANCE
        tenants = planned.entry.tenants if planned.entry else ()
        used = _held(self._state, lambda active: bool(planned.entry) and active.under == planned.name)
        kept, short = self._of_entry(planned.entry, used) if planned.entry else self._of_nodes()
        return Block(
            planned.name, rule, span.start, span.end, planned.closed, tenants, self._before, frozenset(), kept,
            used, {}, short,
        )  # fmt: skip

    def _of_nodes(self) -> tuple[_ByRow, _ByRow]:
        rows = self._state.nodes.rows
        return {rows[node]: list(rows[node].capacity) for node in self._planned.nodes if node in rows}, {}

    def _of_entry(self, entry: CalendarEntry, used: _ByRow) -> tuple[_ByRow, _ByRow]:
        """Chosen as if nothing ran under it yet, so that a start under it moves nothing; what it uses stays its."""
        state, zeros = self._state, self._state.axes.zeros
        kept = {row: list(amounts) for row, amounts in used.items()}
        short: _ByRow = {}
        amounts = asked(entry.resources, state)
        devices = [axis for axis, _ in amounts if axis >= FIRST_GPU]
        for axis, amount in sorted(amounts, key=lambda one: (one[0] < FIRST_GPU, one[0])):
            near = [] if axis in devices else [row for row in kept if any(kept[row][one] for one in devices)]
            missing = amount - sum(vector[axis] for vector in kept.values())
            for row, some in self._chosen(axis, amount, near, used).items():
                there = kept[row][axis] if row in kept else 0
                if (more := min(missing, some - there)) > 0:
                    kept.setdefault(row, zeros())[axis] += more
                    missing -= more
            for row, vector in kept.items():
                mine = used[row][axis] if row in used else 0
                if (lacking := vector[axis] - max(self._steady(row)[axis], mine)) > 0:
                    short.setdefault(row, zeros())[axis] = lacking
        return kept, short

    def _chosen(self, axis: int, amount: int, near: Sequence[Row], used: _ByRow) -> dict[Row, int]:
        """So much of one resource on as few nodes as will do, on those that are near first."""
        rows = self._rows(axis)
        values, zeros = self._state.values, self._state.axes.zeros

        def short(row: Row, some: int) -> Vector:
            lacking = zeros()
            lacking[axis] = some - self._steady(row)[axis]
            return lacking

        def rank(row: Row) -> tuple[int, int, str]:
            worth = sum(map(int.__mul__, row.capacity, values))
            return (-used[row][axis] if row in used else 0, worth, row.id)

        leaving = _at(self._state, self._leaves_for_others())

        def late(row: Row) -> int:
            return max(0, leaving[row][axis] - row.claimed[axis]) if row in leaving else 0

        room = {row: self._movable(row)[axis] for row in rows}
        choice = Choice(room, lambda row: self._steady(row)[axis], short, late, self._leaving, rank)
        here = set(near)
        chosen = choice.take(amount, (row for row in rows if row in here))
        return chosen | choice.take(amount - sum(chosen.values()), (row for row in rows if row not in here))

    def _rows(self, axis: int) -> list[Row]:
        out = {row for other in self._meeting if other.rule is Rule.MAINTENANCE for row in other.kept}
        return [row for row in self._state.nodes.candidates(axis) if row not in out]

    def _room(self, movable: bool = False) -> Callable[[Row], Vector]:
        """What it could keep on a node: all that will be free, once preemptible jobs are gone if `movable`."""
        held = _held(self._state, lambda active: self._stays(active, movable))
        others = [other.kept for other in self._meeting]
        return cache(lambda row: _less(row.capacity, (held, *others), row))

    def _stays(self, active: Active, movable: bool) -> bool:
        may_leave = active.job.preemptible and (movable or not self._planned.closed)
        return active.latest_end > self._gone and not may_leave and active.under not in self._before

    def _leaves_for_others(self) -> Iterator[Active]:
        """What vacates for something else, so that it may be there after the beginning."""
        for active in self._state.active.vacating.values() if self._planned.closed else ():
            why = active.vacating
            if why is None or why.rule is not Rule.CALENDAR or why.by != self._planned.name:
                yield active

    def _may_leave(self) -> Iterator[Active]:
        """What holds something that it could keep if that left."""
        some = staying(self._state)
        return (one for one in some if self._stays(one, movable=False) and not self._stays(one, movable=True))


def _with_extra(state: State, block: Block, made: Sequence[Block]) -> Block:
    """What is left beside it, and beside all others that are kept when it is."""
    others = [other for other in made if other is not block and _at_once(block, other)]
    block = replace(block, inside=_names([block, *others]))
    held = _held(state, block.counts)
    kept = [held, block.kept, *(other.kept for other in others)]
    return replace(block, extra={row: _less(row.capacity, kept, row) for row in block.kept})


def _names(some: Iterable[Block]) -> frozenset[str]:
    return frozenset(block.name for block in some if block.rule is Rule.CALENDAR)


def _at_once(block: Block, other: Block) -> bool:
    if block.closed:
        return other.closed and block.at < other.until and other.at < block.until
    return other.at <= block.at < other.until


def _less(capacity: Vector, taken: Iterable[_ByRow], row: Row) -> Vector:
    left = list(capacity)
    for some in taken:
        for axis, amount in enumerate(some.get(row, ())):
            left[axis] -= amount
    return left


def staying(state: State) -> Iterator[Active]:
    """What runs and was not told to leave, and what claims hold."""
    yield from (active for active in state.active.jobs.values() if active.vacating is None)
    yield from state.active.claims.values()


def _held(state: State, wanted: Callable[[Active], bool]) -> _ByRow:
    return _at(state, (active for active in staying(state) if wanted(active)))


def _at(state: State, some: Iterable[Active]) -> _ByRow:
    held: _ByRow = {}
    for active in some:
        for place in active.places:
            if place.left and (row := state.nodes.rows.get(place.node)) is not None:
                add(held.setdefault(row, state.axes.zeros()), place.amounts, place.left)
    return held


def asked(resources: Quota, state: State) -> Amounts:
    """What an entry states, by axis; what the room has no axis for it cannot keep."""
    index = state.axes.index
    return tuple(sorted((index[name], amount) for name, amount in resources.stated if name in index))


def has_any(rules: Rules, now: Instant) -> bool:
    """Whether the calendar has anything to say from now on."""
    spans = (*(one.interval for one in rules.calendar), *(one.interval for one in rules.maintenance))
    return any(now < span.end for span in spans)


def on_top(state: State, now: Instant, until: Instant) -> Amounts:
    """The most that entries keep together, resource by resource, at any instant over [now, until)."""
    entries = [one for one in state.rules.calendar if one.interval.start < until and now < one.interval.end]
    most: dict[int, int] = {}
    for at in {max(now, entry.interval.start) for entry in entries}:
        sums = together((asked(entry.resources, state), 1) for entry in entries if at in entry.interval)
        most |= {axis: max(amount, most.get(axis, 0)) for axis, amount in sums}
    return tuple(sorted(most.items()))
