"""The reference planner's room: who holds what, who is above guarantee, who comes first.

Written from DESIGN 3 and docs/decisions/0026 alone, without the planner: plain dictionaries, worked out anew
whenever asked. For tiny rooms only.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from dure.model.instants import SECOND
from dure.model.job import Job, Placement, held_by, task_placements
from dure.model.node import Node, NodeState
from dure.model.plan import Claim, Eviction, Start
from dure.model.resources import Quota, flavor_of
from dure.model.rules import Rules
from dure.model.snapshot import Pending, Running, Snapshot
from dure.model.tenant import BudgetState

Amounts: TypeAlias = dict[str, int]
Spots: TypeAlias = dict[str, Amounts]


def plus(one: Amounts, other: Amounts, times: int = 1) -> Amounts:
    """The sum, axis by axis."""
    return {name: one.get(name, 0) + times * other.get(name, 0) for name in {*one, *other}}


def total(spots: Spots) -> Amounts:
    """What is held on all nodes together."""
    held: Amounts = {}
    for amounts in spots.values():
        held = plus(held, amounts)
    return {name: amount for name, amount in held.items() if amount}


def spots_of(job: Job, placements: Iterable[Placement]) -> Spots:
    """What these placements of a job hold, node by node."""
    spots: Spots = {}
    for placement in placements:
        amounts = dict(held_by(job, placement).items())
        spots[placement.node] = plus(spots.get(placement.node, {}), amounts)
    return spots


def limit_of(job: Job, placements: Iterable[Placement]) -> int | None:
    """The job's time limit when placed so."""
    return job.limit_under([placement.flavor for placement in placements])


@dataclass(frozen=True)
class Holder:
    """A job that holds nodes: it runs, or was started now. One past its `limit` `ends` a second from now."""

    job: Job
    spots: Spots
    since: int
    begun: int
    ends: int | None
    limit: int | None
    run: Running | None = None

    @property
    def held(self) -> Amounts:
        """What it holds on all nodes together."""
        return total(self.spots)


@dataclass(frozen=True)
class Use:
    """What some job counts for in quota and scores."""

    tenant: str
    user: str
    amounts: Amounts


@dataclass(frozen=True)
class Promise:
    """A reservation: these nodes from `at` until `ends`."""

    job: Job
    at: int
    ends: int | None
    placements: tuple[Placement, ...]
    guaranteed: bool
    leaving: frozenset[str] = frozenset()
    """Who was vacating when it was made."""

    @property
    def spots(self) -> Spots:
        """What it will hold, node by node."""
        return spots_of(self.job, self.placements)


@dataclass
class Book:
    """Everything as it stands in the course of a decision."""

    snapshot: Snapshot
    rules: Rules
    now: int
    stay: dict[str, Holder] = field(default_factory=dict)
    leaving: dict[str, Holder] = field(default_factory=dict)
    claims: list[Claim] = field(default_factory=list)
    pending: dict[str, Pending] = field(default_factory=dict)
    promises: list[Promise] = field(default_factory=list)
    starts: list[Start] = field(default_factory=list)
    evictions: list[Eviction] = field(default_factory=list)
    sets: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)
    """Accepted at this instant between borrowers: the preemptor's tenant, and those of its victims."""

    def __post_init__(self) -> None:
        self.nodes: dict[str, Node] = {node.id: node for node in self.snapshot.nodes}
        self.parents = {tenant.id: tenant.parent for tenant in self.rules.tenants}
        self.tenants = {tenant.id: tenant for tenant in self.rules.tenants}
        self.values = {flavor.name: flavor.value for flavor in self.rules.flavors}
        self.jobs = {p.job.id: p.job for p in self.snapshot.pending}
        self.pending = {p.job.id: p for p in self.snapshot.pending}
        self.claims = list(self.snapshot.claims)
        for run in self.snapshot.running:
            self.jobs[run.job.id] = run.job
            if run.vacating:
                self.leaving[run.job.id] = self._leaves(self._holder(run), run.vacating_since)
            else:
                self.stay[run.job.id] = self._holder(run)
        self._remember_sets()

    def _holder(self, run: Running) -> Holder:
        tasks = zip(run.tasks, task_placements(run.placements), strict=True)
        spots = spots_of(run.job, [placement for times, placement in tasks if times.ended is None])
        begun = min((t.started for t in run.tasks if t.started is not None), default=run.since)
        limit = limit_of(run.job, run.placements)
        limited = None if limit is None else begun + limit
        ends = limited if limited is None or limited > self.now else self.now + SECOND
        return Holder(run.job, spots, run.since, begun, ends, limited, run)

    def _leaves(self, holder: Holder, told: int | None) -> Holder:
        """Who was told to leave is gone after the grace, whatever its limit."""
        ends = (self.now if told is None else told) + self.rules.planning.grace
        return replace(holder, ends=ends)

    def _remember_sets(self) -> None:
        for run in self.snapshot.running:
            if run.vacating and run.vacating.rule == "between-borrowers" and run.vacating_since == self.now:
                by = self.jobs.get(run.vacating.by)
                if by is not None:
                    self.sets.append((by.tenant, (run.job.tenant,)))

    # Holdings

    def uses(self, without: Iterable[str] = (), reserved: bool = False) -> list[Use]:
        """What counts in quota and scores: what stays, and claims; `reserved`: promises to guaranteed jobs too."""
        gone = set(without)
        found = [Use(h.job.tenant, h.job.user, h.held) for name, h in self.stay.items() if name not in gone]
        found += [self.claimed_use(claim) for claim in self.claims]
        if reserved:
            found += [
                Use(p.job.tenant, p.job.user, total(p.spots)) for p in self.promises if p.guaranteed
            ]  # fmt: skip
        return found

    def claimed_use(self, claim: Claim) -> Use:
        """What a claim counts for."""
        job = self.jobs[claim.job]
        return Use(job.tenant, job.user, total(spots_of(job, claim.placements)))

    # The tree

    def path(self, tenant: str) -> list[str]:
        """The tenant and all above it, up to its root."""
        found = [tenant]
        while (above := self.parents.get(found[-1])) is not None:
            found.append(above)
        return found

    def children(self, tenant: str) -> list[str]:
        """The tenants right below."""
        return [one for one, parent in self.parents.items() if parent == tenant]

    def common(self, one: str, other: str) -> str | None:
        """The lowest common ancestor, or None where they have none."""
        above = self.path(other)
        return next((tenant for tenant in self.path(one) if tenant in above), None)

    def below(self, tenant: str, ancestor: str | None) -> list[str]:
        """The chain from the tenant up to right below the ancestor."""
        path = self.path(tenant)
        return path[: path.index(ancestor)] if ancestor is not None else path

    def stated(self, tenant: str) -> Quota:
        """The tenant's own guarantee; nothing for one that the rules do not name."""
        return self.tenants[tenant].guarantee if tenant in self.tenants else Quota()

    def promised(self, tenant: str, name: str) -> int:
        """What is promised to the tenant and all below it."""
        own = self.stated(tenant).get(name)
        return sum(self.promised(child, name) for child in self.children(tenant)) if own is None else own

    def overflow(self, uses: Sequence[Use], tenant: str, name: str) -> int:
        """What of the branch's use does not fit into its guarantees."""
        into = sum(use.amounts.get(name, 0) for use in uses if use.tenant == tenant)
        into += sum(self.overflow(uses, child, name) for child in self.children(tenant))
        own = self.stated(tenant).get(name)
        if own is None:
            return into
        rest = max(0, own - sum(self.promised(child, name) for child in self.children(tenant)))
        return max(0, into - rest)

    def within(self, uses: Sequence[Use], tenant: str, amounts: Amounts) -> bool:
        """Whether the amounts, added to the tenant, are within guarantee."""
        governed = False
        more = [*uses, Use(tenant, "", amounts)]
        for name, amount in amounts.items():
            stating = [one for one in self.path(tenant) if self.stated(one).get(name) is not None]
            if not amount or not stating:
                continue
            governed = True
            if self.overflow(more, stating[-1], name) > self.overflow(uses, stating[-1], name):
                return False
        return governed

    def borrowed(self, gone: Iterable[str] = ()) -> set[str]:
        """Whose use is borrowed, as whole jobs in the order of starts, claims last."""
        uses, found, away = list[Use](), set[str](), set(gone)
        staying = [holder for name, holder in self.stay.items() if name not in away]
        ordered = sorted(staying, key=lambda holder: (holder.begun, holder.job.id))
        for name, use in [
            *((h.job.id, Use(h.job.tenant, h.job.user, h.held)) for h in ordered),
            *((claim.job, self.claimed_use(claim)) for claim in self.claims),
        ]:
            if not self.within(uses, use.tenant, use.amounts):
                found.add(name)
            uses.append(use)
        return found

    def held_below(self, uses: Sequence[Use], tenant: str) -> Amounts:
        """What the tenant and all below it hold."""
        held: Amounts = {}
        for use in uses:
            if tenant in self.path(use.tenant):
                held = plus(held, use.amounts)
        return held

    def over_limit(self, uses: Sequence[Use], tenant: str, amounts: Amounts) -> bool:
        """Whether the amounts would take the tenant, or one above it, over its limit."""
        for over in self.path(tenant):
            if over not in self.tenants:
                continue
            held = self.held_below(uses, over)
            limit = self.tenants[over].limit
            if any(
                amount and (most := limit.get(name)) is not None and held.get(name, 0) + amount > most
                for name, amount in amounts.items()
            ):
                return True
        return False

    # Scores

    def capacity(self) -> Amounts:
        """All nodes that are not down."""
        whole: Amounts = {}
        for node in self.nodes.values():
            if node.state is not NodeState.DOWN:
                whole = plus(whole, dict(node.capacity.items()))
        return whole

    def worth(self, amounts: Amounts) -> int:
        """The value of the GPUs."""
        return sum(
            n * self.values.get(flavor_of(name), 1000) for name, n in amounts.items() if flavor_of(name)
        )

    def share(self, held: Amounts, promised: Amounts, memory: float) -> float:
        """Use above the promise as a share of the room, without any history."""
        above = {name: max(0, amount - promised.get(name, 0)) for name, amount in held.items()}
        room = self.capacity()
        pairs = [
            (above.get("cpu", 0), room.get("cpu", 0)),
            (above.get("memory", 0), room.get("memory", 0)),
            (self.worth(above), self.worth(room)),
        ]
        return max(memory * 0.0 + (1.0 - memory) * (amount / of if of else 0.0) for amount, of in pairs)

    def part(self, uses: Sequence[Use], tenant: str, memory: float) -> float:
        """A tenant's share."""
        held = self.held_below(uses, tenant)
        return self.share(held, {name: self.promised(tenant, name) for name in held}, memory)

    def score(self, uses: Sequence[Use], tenant: str, memory: float) -> float:
        """A tenant's share by its weight."""
        weight = self.tenants[tenant].weight if tenant in self.tenants else 1
        return self.part(uses, tenant, memory) / weight

    # Order

    def age(self, job: Job) -> tuple[object, ...]:
        """What decides between jobs of equal right."""
        return (job.submitted, job.id)

    def borrower(self, uses: Sequence[Use], tenant: str) -> tuple[tuple[object, ...], ...]:
        """Where a tenant stands among borrowers."""
        memory = self.rules.planning.memory
        path = reversed(self.path(tenant))
        return (*((0, self.score(uses, over, memory), over) for over in path), (-1,))

    def entitled(self, uses: Sequence[Use], tenant: str) -> tuple[tuple[object, ...], ...]:
        """Where a tenant stands among those with jobs within guarantee."""
        return (*(self._due(uses, over) for over in reversed(self.path(tenant))), (-1,))

    def _due(self, uses: Sequence[Use], tenant: str) -> tuple[object, ...]:
        stated = self.stated(tenant).stated
        if not stated:
            return (1, self.score(uses, tenant, self.rules.planning.memory), tenant)
        held = self.held_below(uses, tenant)
        ratios = [_ratio(held.get(name, 0), amount) for name, amount in stated]
        return (0, max(ratios), tenant)

    def inside(self, uses: Sequence[Use], job: Job) -> tuple[object, ...]:
        """Where a job stands among its tenant's."""
        held: Amounts = {}
        for use in uses:
            if use.tenant == job.tenant and use.user == job.user:
                held = plus(held, use.amounts)
        return (-job.priority, self.share(held, {}, self.rules.planning.memory), self.age(job))

    # Who may start

    def may_start(self, pending: Pending) -> bool:
        """Whether nothing but quota and place keeps a job from starting."""
        job, path = pending.job, self.path(pending.job.tenant)
        if pending.held or pending.waiting_for or pending.failed_dependency or self.snapshot.room_paused:
            return False
        if job.tenant not in self.tenants or set(path) & set(self.snapshot.paused):
            return False
        terms = [self.tenants[tenant].term for tenant in path]
        if any(term is not None and self.now not in term for term in terms):
            return False
        budgets = dict(self.snapshot.budgets)
        states = {budgets.get(tenant, BudgetState.FINE) for tenant in path}
        return BudgetState.HELD not in states and (
            job.preemptible or BudgetState.PREEMPTIBLE_ONLY not in states
        )

    # What a decision does

    def start(self, job: Job, placements: tuple[Placement, ...], guaranteed: bool, claimed: bool) -> None:
        """The job starts now."""
        limit = limit_of(job, placements)
        ends = None if limit is None else self.now + limit
        attempts = self.pending.pop(job.id).attempts
        self.stay[job.id] = Holder(job, spots_of(job, placements), self.now, self.now, ends, ends)
        self.starts.append(Start(job.id, attempts + 1, placements, guaranteed, claimed=claimed))
        self.promises = [promise for promise in self.promises if promise.job.id != job.id]

    def claim(self, job: Job, placements: tuple[Placement, ...], guaranteed: bool) -> None:
        """The job claims a place that is being vacated."""
        self.claims.append(Claim(job.id, self.now, placements, guaranteed))
        self.promises = [promise for promise in self.promises if promise.job.id != job.id]

    def evict(self, eviction: Eviction) -> None:
        """A running job is told to leave."""
        self.evictions.append(eviction)
        self.leaving[eviction.job] = self._leaves(self.stay.pop(eviction.job), self.now)

    def end_claim(self, claim: Claim) -> None:
        """A claim is over."""
        self.claims = [one for one in self.claims if one != claim]


def _ratio(held: int, guarantee: int) -> float:
    if guarantee == 0:
        return float("inf") if held else 0.0
    return held / guarantee


def without_tasks(run: Running) -> Running:
    """The attempt as if none of its tasks had been reported."""
    return replace(run, tasks=tuple(replace(times, started=None) for times in run.tasks))
