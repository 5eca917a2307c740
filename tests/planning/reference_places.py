"""The reference planner's places: what nodes have and when, the stated best fit, and who finds a place at all."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from itertools import combinations_with_replacement, product

from dure.model.instants import SECOND
from dure.model.job import Job, Placement
from dure.model.node import NodeState
from tests.planning.reference_room import Amounts, Book, Promise, Spots, plus, spots_of


class For(Enum):
    """What a place is looked for."""

    START = "start"
    CLAIM = "claim"
    LATER = "later"


@dataclass(frozen=True)
class Part:
    """The tasks of one group under one flavor."""

    group: int
    count: int
    flavor: str
    one: Amounts


@dataclass(frozen=True)
class Choice:
    """A job under one choice of flavors, hardest group first."""

    job: Job
    parts: tuple[Part, ...]
    limit: int | None

    @property
    def amounts(self) -> Amounts:
        """What all tasks ask for together."""
        asked: Amounts = {}
        for part in self.parts:
            asked = plus(asked, part.one, part.count)
        return {name: amount for name, amount in asked.items() if amount}


def choices(book: Book, job: Job) -> Iterator[Choice]:
    """All choices of flavors, the first group's preference first."""
    for flavors in product(*(group.flavors if group.gpus else ("",) for group in job.groups)):
        parts = [
            Part(number, group.count, flavor, dict(group.request(flavor).items()))
            for number, (group, flavor) in enumerate(zip(job.groups, flavors, strict=True))
        ]
        parts.sort(key=lambda p: (-book.worth(p.one), -p.one.get("cpu", 0), -p.one.get("memory", 0), p.group))
        yield Choice(job, tuple(parts), job.limit_under(flavors))


def tasks_in(one: Amounts, free: Amounts, most: int) -> int:
    """How many such tasks fit."""
    return max(0, min([most, *(free.get(name, 0) // amount for name, amount in one.items() if amount)]))


def place(book: Book, parts: Iterable[Part], view: Spots) -> tuple[Placement, ...] | None:
    """The stated best fit, group by group."""
    left, found = {node: dict(free) for node, free in view.items()}, []
    for part in parts:
        chosen = _spread(book, part, left)
        if chosen is None:
            return None
        for node, tasks in chosen:
            found.append(Placement(part.group, node, part.flavor, tasks))
            left[node] = plus(left[node], part.one, -tasks)
    return tuple(sorted(found, key=lambda placement: placement.group))


def _spread(book: Book, part: Part, view: Spots) -> list[tuple[str, int]] | None:
    """The tightest node that holds all that is left; else the one that holds most, and so on."""

    def tight(node: str) -> tuple[object, ...]:
        free = view[node]
        return (book.worth(free), free.get("cpu", 0), free.get("memory", 0), node)

    fits = {node: tasks_in(part.one, free, part.count) for node, free in view.items()}
    if sum(fits.values()) < part.count:
        return None
    chosen: list[tuple[str, int]] = []
    left = part.count
    while True:
        whole = [node for node in fits if fits[node] >= left]
        if whole:
            return [*chosen, (min(whole, key=tight), left)]
        best = min(fits, key=lambda node: (-fits[node], tight(node)))
        tasks = fits.pop(best)
        chosen.append((best, tasks))
        left -= tasks


def finds_a_place(parts: Iterable[Part], view: Spots, having: Mapping[str, set[str]] | None = None) -> bool:
    """Whether any assignment of tasks to nodes fits: all are tried. `having`: the nodes that have a flavor."""
    parts = tuple(parts)
    if not parts:
        return True
    first, rest = parts[0], parts[1:]
    allowed = set(view) if having is None or not first.flavor else having.get(first.flavor, set())
    for nodes in combinations_with_replacement(sorted(allowed & set(view)), first.count):
        left = dict(view)
        for node in nodes:
            left[node] = plus(left[node], first.one, -1)
        fits = all(left[n].get(name, 0) >= 0 for n in set(nodes) for name, a in first.one.items() if a)
        if fits and finds_a_place(rest, left, having):
            return True
    return False


def free_for_claim(book: Book, gone: Iterable[str] = ()) -> Spots:
    """`capacity - held by jobs that stay - claimed`, on nodes that take jobs."""
    return _minus(_up(book), [*_staying(book, book.now, gone), *_claimed(book, book.now)])


def free_beside_all(book: Book) -> Spots:
    """`capacity - held by all that is still there`: claims start in it."""
    return _minus(_up(book), [h.spots for h in (*book.stay.values(), *book.leaving.values())])


def window(
    book: Book, why: For, begin: int, limit: int | None, bound: Iterable[Promise], gone: Iterable[str] = ()
) -> Spots:
    """The least that nodes have at any instant of [begin, begin + limit), beside the promises that bind."""
    bound, gone = list(bound), tuple(gone)
    end = None if limit is None else begin + limit
    view = at_instant(book, why, begin, bound, gone)
    for at in _edges(book, bound):
        if begin < at and (end is None or at < end):
            if why is For.LATER:
                view = _least(view, at_instant(book, why, at, bound, gone))
            for promise in bound if why is not For.LATER else ():
                if _begun(promise, at):
                    then = at_instant(book, For.LATER, at, bound, gone, promise.leaving)
                    view = _least(view, {p.node: then[p.node] for p in promise.placements if p.node in then})
    return view


def at_instant(
    book: Book,
    why: For,
    at: int,
    bound: Iterable[Promise],
    gone: Iterable[str] = (),
    leaving: Iterable[str] | None = None,
) -> Spots:
    """What nodes have at an instant: time limits are kept to; a start now fits beside what still vacates.

    `leaving`: of those who vacate only these count.
    """
    view = _minus(_up(book), [*_staying(book, at, gone), *_promised(bound, at)])
    claimed, vacating = _sum(_claimed(book, at)), dict[str, Amounts]()
    if (why is For.START and at == book.now) or why is For.LATER:
        names = set(book.leaving if leaving is None else leaving)
        vacating = _sum(holder.spots for name, holder in book.leaving.items() if name in names)
    for node in view:
        v, c = vacating.get(node, {}), claimed.get(node, {})
        if why is For.LATER and at >= left(book, node):
            v = {}
        view[node] = plus(view[node], {name: max(v.get(name, 0), c.get(name, 0)) for name in {*v, *c}}, -1)
    return view


def left(book: Book, node: str) -> int:
    """When all that vacates has left a node."""
    ends = [
        h.ends for h in book.leaving.values() if h.ends is not None and any(h.spots.get(node, {}).values())
    ]
    last = max(ends, default=book.now)
    return last if last > book.now or not ends else book.now + SECOND


def _edges(book: Book, bound: Iterable[Promise]) -> list[int]:
    ends: list[int | None] = [left(book, node) for node in book.nodes]
    ends += [holder.ends for holder in book.stay.values()]
    ends += [_claim_ends(book, number) for number in range(len(book.claims))]
    ends += [edge for promise in bound for edge in (promise.at, promise.ends)]
    return sorted({end for end in ends if end is not None})


def earliest(
    book: Book, tried: Iterable[Choice], bound: Iterable[Promise]
) -> tuple[int, Choice, tuple[Placement, ...]] | None:
    """The first instant at which a job has a place for as long as it may run."""
    bound, tried = list(bound), list(tried)
    for at in sorted({book.now, *(edge for edge in _edges(book, bound) if edge > book.now)}):
        for choice in tried:
            found = place(book, choice.parts, window(book, For.LATER, at, choice.limit, bound))
            if found is not None:
                return at, choice, found
    return None


def _up(book: Book) -> Spots:
    return {
        n.id: dict(n.capacity.items()) for n in book.nodes.values() if n.state is NodeState.UP
    }  # fmt: skip


def _staying(book: Book, at: int, gone: Iterable[str] = ()) -> list[Spots]:
    return [
        holder.spots
        for name, holder in book.stay.items()
        if name not in gone and (at == book.now or holder.ends is None or holder.ends > at)
    ]


def _claim_ends(book: Book, number: int) -> int | None:
    claim = book.claims[number]
    limit = book.jobs[claim.job].limit_under([placement.flavor for placement in claim.placements])
    ends = None if limit is None else claim.since + book.rules.planning.grace + limit
    return ends if ends is None or ends > book.now else book.now + SECOND


def _claimed(book: Book, at: int) -> list[Spots]:
    found = []
    for number, claim in enumerate(book.claims):
        ends = _claim_ends(book, number)
        if ends is None or ends > at or at == book.now:
            found.append(spots_of(book.jobs[claim.job], claim.placements))
    return found


def _promised(bound: Iterable[Promise], at: int) -> list[Spots]:
    return [promise.spots for promise in bound if _begun(promise, at)]


def _begun(promise: Promise, at: int) -> bool:
    return promise.at <= at and (promise.ends is None or at < promise.ends)


def _sum(many: Iterable[Spots]) -> Spots:
    together: Spots = {}
    for spots in many:
        for node, amounts in spots.items():
            together[node] = plus(together.get(node, {}), amounts)
    return together


def _minus(view: Spots, taken: Iterable[Spots]) -> Spots:
    away = _sum(taken)
    return {node: plus(free, away.get(node, {}), -1) for node, free in view.items()}


def _least(one: Spots, other: Spots) -> Spots:
    """The lesser of both, axis by axis, on the nodes that the second speaks of."""
    return {
        node: {name: min(free.get(name, 0), other[node].get(name, 0)) for name in {*free, *other[node]}}
        if node in other
        else free
        for node, free in one.items()
    }
