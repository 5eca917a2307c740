"""The reference planner: DESIGN 3.3 and docs/decisions/0026 word for word, plain and slow, for tiny rooms.

It shares no code with the planner, only its values. What it covers: quota, scores (histories of nothing), order,
place, claims, reclaim, preemption between borrowers and within a tenant, reservations of any depth, and jobs that
may not be preempted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from dure.model.job import Job, Placement
from dure.model.node import NodeState
from dure.model.plan import Claim, Eviction, Rule, Start
from dure.model.rules import BetweenBorrowers, Order, Rules, WithinTenant
from dure.model.snapshot import Snapshot
from tests.planning.reference_places import (
    Choice,
    For,
    choices,
    earliest,
    free_beside_all,
    place,
    window,
)
from tests.planning.reference_room import Book, Holder, Promise, Use, limit_of, plus, spots_of, total
from tests.planning.reference_victims import Found, Quota, between, limiting, lost, reclaim, within_tenant


@dataclass(frozen=True)
class Said:
    """What the reference decides; comparable with a plan's."""

    starts: tuple[Start, ...]
    evictions: tuple[Eviction, ...]
    claims: tuple[Claim, ...]
    reservations: tuple[tuple[str, int, tuple[Placement, ...], bool], ...]
    scores: Mapping[str, tuple[float, float]]


def reference(snapshot: Snapshot, rules: Rules, now: int) -> Said:
    """The decision for a snapshot at `now`."""
    book = Book(snapshot, rules, now)
    book.promises = [
        Promise(book.jobs[r.job], r.at, None, r.placements, r.guaranteed)
        for r in snapshot.reservations
        if r.job in book.pending
    ]
    while Pass(book).run():
        pass
    uses, memory = book.uses(), rules.planning.memory
    return Said(
        tuple(book.starts),
        tuple(book.evictions),
        tuple(book.claims),
        tuple((p.job.id, p.at, p.placements, p.guaranteed) for p in book.promises),
        {t.id: (book.part(uses, t.id, memory), book.score(uses, t.id, memory)) for t in rules.tenants},
    )


class Pass:
    """One pass; `run` says whether it changed anything."""

    def __init__(self, book: Book) -> None:
        self.book = book
        self.planning = book.rules.planning

    def run(self) -> bool:
        """Steps 1 to 5."""
        before = self._state()
        sticky, self.book.promises = self.book.promises, []
        self._claims()
        self._guaranteed([*self._stood(), *(promise.job for promise in sticky if promise.guaranteed)])
        self._otherwise()
        if self.planning.backfill:
            self._sticky([promise for promise in sticky if not promise.guaranteed])
        self._walk(self._waiting(), self._borrower)
        if self.planning.between_borrowers is BetweenBorrowers.FAIR:
            reserved = {promise.job.id for promise in self.book.promises}
            self._walk([job for job in self._waiting() if job.id in reserved], self._between)
            self._challenge([job for job in self._waiting() if job.id not in reserved])
        return self._state() != before

    def _state(self) -> tuple[int, int, tuple[Claim, ...]]:
        return len(self.book.starts), len(self.book.evictions), tuple(self.book.claims)

    def _stood(self) -> list[Job]:
        """Jobs within guarantee whose reservations stood before this decision."""
        standing = self.book.snapshot.reservations
        return [
            self.book.jobs[one.job] for one in standing if one.guaranteed and one.job in self.book.pending
        ]

    # 1: claims

    def _claims(self) -> None:
        for claim in list(self.book.claims):
            if self._stale(claim):
                self.book.end_claim(claim)
        for claim in list(self.book.claims):
            job = self.book.jobs[claim.job]
            if self._is_empty(job, claim.placements):
                self.book.end_claim(claim)
                self.book.start(job, claim.placements, claim.guaranteed, claimed=True)

    def _is_empty(self, job: Job, placements: tuple[Placement, ...]) -> bool:
        free, spots = free_beside_all(self.book), spots_of(job, placements)
        return all(free[n].get(name, 0) >= a for n, held in spots.items() for name, a in held.items() if a)

    def _stale(self, claim: Claim) -> bool:
        book = self.book
        pending = book.pending.get(claim.job)
        if pending is None or not book.may_start(pending):
            return True
        if book.now >= claim.since + self.planning.claim_timeout and claim.since != book.now:
            return True
        nodes = [book.nodes.get(placement.node) for placement in claim.placements]
        return any(node is None or node.state is not NodeState.UP for node in nodes)

    # 2 and 3: jobs within guarantee

    def _waiting(self) -> list[Job]:
        claimed = {claim.job for claim in self.book.claims}
        return [
            pending.job
            for name, pending in self.book.pending.items()
            if name not in claimed and self.book.may_start(pending)
        ]

    def _order(self, jobs: Sequence[Job], guaranteed: bool) -> Job:
        book, uses = self.book, self.book.uses()
        if self.planning.order is Order.FIFO:
            return min(jobs, key=book.age)
        rank = book.entitled if guaranteed else book.borrower
        return min(jobs, key=lambda job: (*rank(uses, job.tenant), book.inside(uses, job)))

    def _guaranteed(self, first: list[Job]) -> None:
        """In order, but those that held a reservation before the others."""
        left, first, beyond, evicted = self._waiting(), list(first), list[Job](), len(self.book.evictions)
        while left:
            job = next((one for one in first if one in left), None) or self._order(left, guaranteed=True)
            left.remove(job)
            first = [one for one in first if one != job]
            uses = self.book.uses(reserved=True)
            tried = [c for c in choices(self.book, job) if self.book.within(uses, job.tenant, c.amounts)]
            if tried:
                self._entitled(job, tried)
            else:
                beyond.append(job)
            if len(self.book.evictions) > evicted:
                left, beyond, evicted = left + beyond, [], len(self.book.evictions)

    def _entitled(self, job: Job, tried: list[Choice]) -> None:
        bound = [promise for promise in self.book.promises if promise.guaranteed]
        if self._start(job, tried, bound) or self._vacant(job, tried, bound):
            return
        if self._inside(job, self._allowed(job, tried, bound), bound, lambda choice, gone: True):
            return
        if found := reclaim(self.book, job, tried, bound, self._limited(job, bound)):
            self._take(job, found, Rule.RECLAIM, bound)
            return
        self._reserve(job, tried, bound, guaranteed=True)

    # 4: borrowers

    def _otherwise(self) -> None:
        """Jobs within guarantee that hold a reservation may start as borrowers under other flavors."""
        for promise in list(self.book.promises):
            job = promise.job
            bound = [other for other in self.book.promises if other.job.id != job.id]
            self._start(job, self._open(job), bound)

    def _walk(self, left: list[Job], step: Callable[[Job], bool]) -> None:
        while left:
            job = self._order(left, guaranteed=False)
            left.remove(job)
            if step(job) and not self.planning.backfill:
                return

    def _sticky(self, standing: list[Promise]) -> None:
        may = {job.id for job in self._waiting()}
        for promise in standing:
            job, bound = promise.job, list(self.book.promises)
            tried = self._open(job)
            if job.id not in may or job.id in {other.job.id for other in bound}:
                continue
            if self._start(job, tried, bound) or self._vacant(job, tried, bound):
                continue
            if not self._displaces(job, bound) and self._room_left():
                self._reserve(job, tried, bound, guaranteed=False)

    def _room_left(self) -> bool:
        """Whether fewer than `depth` borrowers hold a reservation; in strict order none does."""
        depth = self.planning.depth if self.planning.backfill else 0
        return depth is None or len([p for p in self.book.promises if not p.guaranteed]) < depth

    def _borrower(self, job: Job) -> bool:
        """A borrower's turn; whether it found no place, and not for want of quota."""
        bound = [promise for promise in self.book.promises if promise.job.id != job.id]
        tried = self._open(job)
        if self._start(job, tried, bound) or self._vacant(job, tried, bound):
            return False
        if self._displaces(job, bound):
            return False
        has = any(promise.job.id == job.id for promise in self.book.promises)
        if not has and self._room_left():
            self._reserve(job, tried, self.book.promises, guaranteed=False)
        return any(self._fits_empty(choice) for choice in self._allowed(job, tried, bound))

    def _displaces(self, job: Job, bound: Sequence[Promise]) -> bool:
        """Whether a job in the turn of borrowers preempts inside its tenant; quota is judged with victims gone."""
        may = self._limited(job, bound)
        return self._inside(
            job,
            list(choices(self.book, job)),
            bound,
            lambda choice, gone: may(choice, gone) and not self._firm(job, choice, gone),
        )

    def _fits_empty(self, choice: Choice) -> bool:
        whole = {node.id: dict(node.capacity.items()) for node in self.book.nodes.values()}
        return place(self.book, choice.parts, whole) is not None

    def _between(self, job: Job) -> bool:
        """A borrower's turn to preempt others; whether it found no place, and not for want of quota."""
        bound = [promise for promise in self.book.promises if promise.job.id != job.id]
        tried = self._allowed(job, self._open(job), bound)
        if found := between(self.book, job, tried, bound):
            self._take(job, found, Rule.BETWEEN_BORROWERS, bound)
            whom = tuple(self.book.leaving[name].job.tenant for name in found[0])
            self.book.sets.append((job.tenant, whom))
            return False
        return any(self._fits_empty(choice) for choice in tried)

    def _challenge(self, left: list[Job]) -> None:
        """Those without a reservation; whom quota refuses has another turn once anybody was evicted."""
        refused, evicted = list[Job](), len(self.book.evictions)
        while left:
            job = self._order(left, guaranteed=False)
            left.remove(job)
            bound = [promise for promise in self.book.promises if promise.job.id != job.id]
            if not self._allowed(job, self._open(job), bound):
                refused.append(job)
            elif self._between(job) and not self.planning.backfill:
                return
            if len(self.book.evictions) > evicted:
                left, refused, evicted = left + refused, [], len(self.book.evictions)

    def _borrowed(self, job: Job) -> list[Choice]:
        """The choices that are beyond guarantee."""
        return [choice for choice in choices(self.book, job) if not self._within(job, choice)]

    def _open(self, job: Job) -> list[Choice]:
        """Those of them that the rule for jobs that may not be preempted leaves."""
        return [choice for choice in self._borrowed(job) if not self._firm(job, choice)]

    def _firm(self, job: Job, choice: Choice, gone: tuple[str, ...] = ()) -> bool:
        book = self.book
        if job.preemptible or book.within(book.uses(gone, reserved=True), job.tenant, choice.amounts):
            return False
        if choice.limit is not None and choice.limit <= self.planning.reclaim_within:
            return False
        kept, whole = self._kept(job, choice, gone), book.capacity()
        return any(
            kept.get(name, 0) + amount > max(0, whole.get(name, 0) - self._promised(name))
            for name, amount in choice.amounts.items()
        )

    def _promised(self, name: str) -> int:
        roots = [t.id for t in self.book.rules.tenants if t.parent is None]
        return sum(self.book.promised(root, name) for root in roots)

    def _kept(self, job: Job, choice: Choice, gone: tuple[str, ...]) -> dict[str, int]:
        """What is held beyond guarantee without being preemptible; reservations that the job would meet too."""
        book, kept, borrowed = self.book, dict[str, int](), self.book.borrowed(gone)
        for name, holder in book.stay.items():
            if name in borrowed and not holder.job.preemptible and not self._soon(holder):
                kept = plus(kept, holder.held)
        for claim in book.claims:
            job, limit = book.jobs[claim.job], limit_of(book.jobs[claim.job], claim.placements)
            soon = limit is not None and limit <= self.planning.reclaim_within
            if job.id in borrowed and not job.preemptible and not soon:
                kept = plus(kept, book.claimed_use(claim).amounts)
        end = None if choice.limit is None else book.now + choice.limit
        for p in book.promises:
            soon = p.ends is not None and p.ends - p.at <= self.planning.reclaim_within
            meets = p.job.id != job.id and (end is None or p.at < end)
            if meets and not p.job.preemptible and not p.guaranteed and not soon:
                kept = plus(kept, total(p.spots))
        return kept

    def _soon(self, holder: Holder) -> bool:
        return holder.limit is not None and holder.limit - self.book.now <= self.planning.reclaim_within

    # What a job is given

    def _allowed(self, job: Job, tried: Sequence[Choice], bound: Sequence[Promise]) -> list[Choice]:
        may = self._limited(job, bound)
        return [choice for choice in tried if may(choice, ())]

    def _start(self, job: Job, tried: Sequence[Choice], bound: Sequence[Promise]) -> bool:
        for choice in self._allowed(job, tried, bound):
            view = window(self.book, For.START, self.book.now, choice.limit, bound)
            if (found := place(self.book, choice.parts, view)) is not None:
                self.book.start(job, found, self._within(job, choice), claimed=False)
                return True
        return False

    def _vacant(self, job: Job, tried: Sequence[Choice], bound: Sequence[Promise]) -> bool:
        for choice in self._allowed(job, tried, bound):
            view = window(self.book, For.CLAIM, self.book.now, choice.limit, bound)
            if (found := place(self.book, choice.parts, view)) is not None:
                if self._is_empty(job, found):
                    self.book.start(job, found, self._within(job, choice), claimed=False)
                else:
                    self.book.claim(job, found, self._within(job, choice))
                return True
        return False

    def _limited(self, job: Job, bound: Sequence[Promise]) -> Quota:
        """Whether limits allow a choice once some are gone."""

        def allows(choice: Choice, gone: tuple[str, ...]) -> bool:
            uses = [*self.book.uses(gone), *limiting(self.book, choice, bound)]
            return not self.book.over_limit(uses, job.tenant, choice.amounts)

        return allows

    def _inside(self, job: Job, tried: Sequence[Choice], bound: Sequence[Promise], quota: Quota) -> bool:
        if self.planning.within_tenant is not WithinTenant.PRIORITY:
            return False
        found = within_tenant(self.book, job, tried, bound, quota)
        if found:
            self._take(job, found, Rule.WITHIN_TENANT, bound)
        return found is not None

    def _take(self, job: Job, found: Found, rule: Rule, bound: Sequence[Promise]) -> None:
        victims, choice, placements = found
        for name in victims:
            holder = self.book.stay[name]
            attempt = holder.run.attempt if holder.run else 0
            self.book.evict(Eviction(name, attempt, rule, job.id, lost(self.book, holder)))
        view = window(self.book, For.START, self.book.now, choice.limit, bound)
        there = place(self.book, choice.parts, view)
        if there is None and self._is_empty(job, placements):
            there = placements
        if there is not None:  # as where quota alone stood in the way
            self.book.start(job, there, self._within(job, choice), claimed=False)
        else:
            self.book.claim(job, placements, self._within(job, choice))

    def _reserve(
        self, job: Job, tried: Sequence[Choice], bound: Sequence[Promise], guaranteed: bool
    ) -> None:  # fmt: skip
        found = earliest(self.book, self._allowed(job, tried, bound), bound)
        if found is not None:
            at, choice, placements = found
            ends = None if choice.limit is None else at + choice.limit
            self.book.promises.append(
                Promise(job, at, ends, placements, guaranteed, frozenset(self.book.leaving))
            )

    def _within(self, job: Job, choice: Choice) -> bool:
        others = [p for p in self.book.promises if p.job.id != job.id and p.guaranteed]
        uses = [*self.book.uses(), *(Use(p.job.tenant, p.job.user, total(p.spots)) for p in others)]
        return self.book.within(uses, job.tenant, choice.amounts)
