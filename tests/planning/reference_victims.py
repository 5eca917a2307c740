"""The reference planner's victims: lacking, the walk, and the set, found by trying every subset."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from dure.model.job import Job, Placement
from dure.model.resources import gpu
from tests.planning.reference_places import Choice, For, finds_a_place, free_for_claim, place, window
from tests.planning.reference_room import Amounts, Book, Holder, Promise, Use, total

Quota: TypeAlias = Callable[[Choice, tuple[str, ...]], bool]
"""Whether a choice is allowed once these jobs are gone."""

Found: TypeAlias = tuple[tuple[str, ...], Choice, tuple[Placement, ...]]
"""Victims, the choice of flavors, and the place once they are gone."""


@dataclass(frozen=True)
class Need:
    """A job that asks for a place under one choice of flavors; `quota`: whether it may once some are gone."""

    book: Book
    job: Job
    choice: Choice
    bound: tuple[Promise, ...]
    quota: Quota = lambda choice, gone: True

    def place(self, gone: Iterable[str]) -> tuple[Placement, ...] | None:
        """The place that best fit gives once these jobs are gone, where quota allows it then."""
        gone = tuple(gone)
        if not self.quota(self.choice, gone):
            return None
        view = window(self.book, For.CLAIM, self.book.now, self.choice.limit, self.bound, gone)
        return place(self.book, self.choice.parts, view)

    def lacking(self) -> set[str]:
        """The axes on which, taken alone, the tasks find no place; all where each alone finds one."""
        view = free_for_claim(self.book)
        asked = {name for part in self.choice.parts for name, amount in part.one.items() if amount}
        lacking = {name for name in asked if not self._alone(name, view)}
        return lacking or asked

    def _alone(self, name: str, view: dict[str, Amounts]) -> bool:
        parts = [replace(part, one={name: part.one.get(name, 0)}) for part in self.choice.parts]
        having = {
            part.flavor: {n for n in view if self.book.nodes[n].capacity.amount(gpu(part.flavor))}
            for part in parts
        }
        return finds_a_place([part for part in parts if part.one[name]], view, having)

    def usable(self) -> set[str]:
        """The nodes that could hold a task."""
        takes = free_for_claim(self.book)
        return {
            node
            for node in takes
            for part in self.choice.parts
            if all(self.book.nodes[node].capacity.amount(n) >= a for n, a in part.one.items())
        }


def limiting(book: Book, choice: Choice, bound: Iterable[Promise]) -> list[Use]:
    """Reservations that count against limits: a job that would still run when they begin."""
    end = None if choice.limit is None else book.now + choice.limit
    return [
        Use(p.job.tenant, p.job.user, total(p.spots)) for p in bound if end is None or p.at < end
    ]  # fmt: skip


def lost(book: Book, holder: Holder) -> int:
    """Ms since the last checkpoint, reported or by the declared interval, else since the start."""
    since = holder.begun
    if holder.run is not None and holder.run.checkpoint is not None:
        since = holder.run.checkpoint
    elif holder.job.checkpoint_interval:
        since = book.now - max(0, book.now - since) % holder.job.checkpoint_interval
    return max(0, book.now - since)


def cost(book: Book, holder: Holder) -> tuple[int, int]:
    """What an eviction throws away."""
    work = lost(book, holder)
    return (book.worth(holder.held) * work, holder.held.get("cpu", 0) * work)


def least_first(book: Book, name: str) -> tuple[object, ...]:
    """Least work lost, then latest start, then largest id (which `_backward` turns around)."""
    holder = book.stay[name]
    return (*cost(book, holder), -holder.begun, _backward(name))


def _backward(name: str) -> tuple[int, ...]:
    return (*(-ord(letter) for letter in name), 1)


# Reclaim


def reclaim(
    book: Book, job: Job, tried: Sequence[Choice], bound: Sequence[Promise], quota: Quota
) -> Found | None:  # fmt: skip
    """For each flavor, soft victims then all, from the nearest common ancestor outward."""
    for choice in tried:
        need = Need(book, job, choice, tuple(bound), quota)
        for soft in (True, False):
            for level in range(len(book.path(job.tenant)) + 1):
                candidates = _Reclaim(need, soft, level).candidates
                taken = walk(need, candidates)
                if taken is not None:
                    return smallest(need, taken)
    return None


class _Reclaim:
    """One round: who may be a victim once those taken are gone."""

    def __init__(self, need: Need, soft: bool, level: int) -> None:
        self.need, self.soft, self.level = need, soft, level
        self.lacking, self.usable = need.lacking(), need.usable()
        self.borrowed = need.book.borrowed()

    def candidates(self, taken: Sequence[str]) -> Iterator[str]:
        book = self.need.book
        uses = book.uses(taken)
        for name, holder in book.stay.items():
            fit = name in self.borrowed and name not in taken and self._near(holder)
            fit = fit and eligible(self.need, holder)
            if fit and above(book, uses, self.need, holder, self.lacking, self.usable, self.soft):
                yield name

    def _near(self, holder: Holder) -> bool:
        book, tenant = self.need.book, self.need.job.tenant
        common = book.common(tenant, holder.job.tenant)
        levels: list[str | None] = [*book.path(tenant), None]
        return levels.index(common) <= self.level


def eligible(need: Need, holder: Holder) -> bool:
    """Preemptible, of another tenant, not started at this instant."""
    return (
        holder.job.preemptible and holder.job.tenant != need.job.tenant and holder.since != need.book.now
    )  # fmt: skip


def above(
    book: Book,
    uses: Sequence[Use],
    need: Need,
    holder: Holder,
    lacking: set[str],
    usable: set[str],
    soft: bool,
) -> bool:
    """Whether the chain below the common ancestor overflows on what is lacking and held."""
    here = {
        name for node, amounts in holder.spots.items() if node in usable for name, a in amounts.items() if a
    }
    names = {name for name, amount in holder.held.items() if amount} & lacking
    chain = book.below(holder.job.tenant, book.common(need.job.tenant, holder.job.tenant))
    if not here & lacking or not any(book.overflow(uses, t, name) > 0 for t in chain for name in names):
        return False
    held = holder.held
    return not soft or all(book.overflow(uses, t, name) >= held[name] for t in chain for name in names)


def walk(need: Need, candidates: Callable[[Sequence[str]], Iterable[str]]) -> tuple[str, ...] | None:
    """Take the worst again and again until the demand has a place; None where nobody is left before."""
    taken: list[str] = []
    while need.place(taken) is None:
        uses, worst = need.book.uses(taken), None
        for name in candidates(taken):
            if worst is None or _worse(need.book, uses, name, worst):
                worst = name
        if worst is None:
            return None
        taken.append(worst)
    return tuple(taken) or None  # a place that needs nobody gone is no matter of preemption


def _worse(book: Book, uses: Sequence[Use], one: str, other: str) -> bool:
    mine = book.borrower(uses, book.stay[one].job.tenant)
    theirs = book.borrower(uses, book.stay[other].job.tenant)
    if mine != theirs:
        return mine > theirs
    return least_first(book, one) < least_first(book, other)


def smallest(
    need: Need, taken: Sequence[str], allowed: Callable[[Sequence[str]], bool] = lambda _: True
) -> Found | None:
    """Of all subsets that give a place the one whose worst member is best, then the next worst.

    Subsets are numbered so that the last taken weighs most: the first number that works is that set.
    """
    for number in range(2 ** len(taken)):
        subset = tuple(name for turn, name in enumerate(taken) if number >> turn & 1)
        found = need.place(subset)
        if found is not None and allowed(subset):
            return subset, need.choice, found
    return None


# Between borrowers


def between(
    book: Book, job: Job, tried: Sequence[Choice], bound: Sequence[Promise]
) -> Found | None:  # fmt: skip
    """A borrower that is behind takes from those ahead, while it stays strictly behind them."""
    for choice in tried:
        need = Need(book, job, choice, tuple(bound))
        round_ = _Between(need)
        taken = walk(need, round_.candidates)
        if taken is not None:
            found = smallest(need, taken, round_.accepts)
            if found is not None:
                return found
    return None


class _Between:
    def __init__(self, need: Need) -> None:
        self.need = need
        self.lacking, self.usable = need.lacking(), need.usable()
        self.borrowed = need.book.borrowed()

    def candidates(self, taken: Sequence[str]) -> Iterator[str]:
        book, planning = self.need.book, self.need.book.rules.planning
        uses = book.uses(taken)
        for name, holder in book.stay.items():
            evictions = holder.run.evictions if holder.run else 0
            worn = planning.eviction_budget is not None and evictions >= planning.eviction_budget
            if (
                name in taken
                or name not in self.borrowed
                or worn
                or book.now - holder.begun < planning.min_runtime
            ):
                continue
            fit = eligible(self.need, holder) and above(
                book, uses, self.need, holder, self.lacking, self.usable, soft=True
            )
            if fit and self.accepts((*taken, name)):
                yield name

    def accepts(self, victims: Sequence[str]) -> bool:
        """Strictly behind every victim, for this set and all accepted at this instant."""
        book, tenant = self.need.book, self.need.job.tenant
        new = [name for name, holder in book.stay.items() if holder.since == book.now]
        uses = [
            *book.uses((*victims, *new)),
            Use(tenant, self.need.job.user, self.need.choice.amounts),
        ]
        here = (tenant, tuple(book.stay[name].job.tenant for name in victims))
        return all(
            behind(book, uses, by, victim) for by, whom in (*book.sets, here) for victim in whom
        )  # fmt: skip


def behind(book: Book, uses: Sequence[Use], one: str, other: str) -> bool:
    """Whether one's branch below the common ancestor has a current score strictly below the other's."""
    common = book.common(one, other)
    mine, theirs = book.below(one, common), book.below(other, common)
    if not mine or not theirs:
        return False
    return book.score(uses, mine[-1], 0.0) < book.score(uses, theirs[-1], 0.0)


# Within a tenant


def within_tenant(
    book: Book, job: Job, tried: Sequence[Choice], bound: Sequence[Promise], quota: Quota
) -> Found | None:  # fmt: skip
    """Jobs of the same tenant with strictly lower priority, lowest first."""
    lower = [
        name
        for name, holder in book.stay.items()
        if holder.job.tenant == job.tenant
        and holder.job.preemptible
        and holder.job.priority < job.priority
        and holder.since != book.now
    ]
    lower.sort(key=lambda name: (book.stay[name].job.priority, *least_first(book, name)))
    for choice in tried:
        need = Need(book, job, choice, tuple(bound), quota)
        for count in range(1, len(lower) + 1):
            if need.place(lower[:count]) is not None:
                return smallest(need, lower[:count])
    return None
