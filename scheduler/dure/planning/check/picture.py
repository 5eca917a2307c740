"""A plan beside the snapshot that it was made for: who stays, leaves, starts and claims, and what each holds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from typing import TypeAlias

from dure.model.instants import Instant
from dure.model.job import Job, JobId, TenantId
from dure.model.node import Node
from dure.model.plan import Claim, Plan, Reservation, Start
from dure.model.rules import Rules
from dure.model.snapshot import Pending, Running, Snapshot
from dure.model.tenant import Tenant
from dure.planning.check.amounts import Amounts, Spots, add, named, spots, spread, still_held, together
from dure.planning.windows import in_force

Given: TypeAlias = Start | Claim | Reservation
"""Something of a plan that gives a job a place."""


class Picture:
    """All that the checker's rules look at; everything dear is worked out once, when first asked."""

    def __init__(self, snapshot: Snapshot, rules: Rules, plan: Plan) -> None:
        self.snapshot, self.plan = snapshot, plan
        self.rules = in_force(rules, plan.at)
        self.now: Instant = plan.at
        self.nodes: dict[str, Node] = {node.id: node for node in snapshot.nodes}
        self.pending: dict[JobId, Pending] = {one.job.id: one for one in snapshot.pending}
        self.running: dict[JobId, Running] = {one.job.id: one for one in snapshot.running}
        self.tenants: dict[TenantId, Tenant] = {tenant.id: tenant for tenant in self.rules.tenants}
        self.evicted = {eviction.job for eviction in plan.evictions}
        stood = {claim.job: claim for claim in snapshot.claims}
        self.new_claims = tuple(c for c in plan.claims if c.job in self.pending and stood.get(c.job) != c)

    def job(self, job: JobId) -> Job | None:
        """A job that waits or runs."""
        if (pending := self.pending.get(job)) is not None:
            return pending.job
        running = self.running.get(job)
        return running.job if running else None

    def path(self, tenant: TenantId) -> Iterator[Tenant]:
        """The tenant and all above it; nobody where the rules do not name it."""
        above: TenantId | None = tenant
        while above is not None and (found := self.tenants.get(above)) is not None:
            yield found
            above = found.parent

    @property
    def given(self) -> tuple[Given, ...]:
        """All that the plan gives or leaves to jobs: starts, claims, reservations."""
        return (*self.plan.starts, *self.plan.claims, *self.plan.reservations)

    def known(self, given: Iterable[Given]) -> Iterator[tuple[Job, Given]]:
        """Those whose job is pending and whose placements name its groups."""
        for one in given:
            pending = self.pending.get(one.job)
            if pending and all(place.group < len(pending.job.groups) for place in one.placements):
                yield pending.job, one

    # What is held, node by node

    @cached_property
    def staying(self) -> Spots:
        """Held by attempts that neither vacate nor are evicted by the plan."""
        return self._held(self.stays)

    @cached_property
    def vacating(self) -> Spots:
        """Held by attempts that are leaving, by this plan or before it."""
        return self._held(lambda one: not self.stays(one))

    def stays(self, running: Running) -> bool:
        """Whether an attempt is to stay."""
        return running.vacating is None and running.job.id not in self.evicted

    @cached_property
    def started(self) -> Spots:
        """Taken by the plan's starts."""
        found: Spots = {}
        for job, start in self.known(self.plan.starts):
            spread(found, job, start.placements)
        return found

    @cached_property
    def claimed(self) -> Spots:
        """Kept by the claims that stand after the plan."""
        found: Spots = {}
        for job, claim in self.known(self.plan.claims):
            spread(found, job, claim.placements)
        return found

    def _held(self, which: Callable[[Running], bool]) -> Spots:
        found: Spots = {}
        for one in self.snapshot.running:
            if which(one):
                spread(found, one.job, still_held(one))
        return found

    # What is held, tenant by tenant

    @cached_property
    def held(self) -> dict[TenantId, Amounts]:
        """Held by every tenant's own jobs after the plan: what stays, starts and claims."""
        held: dict[TenantId, Amounts] = {}
        for tenant, _, amounts in self.uses():
            add(held.setdefault(tenant, {}), amounts.items())
        return held

    def uses(self) -> Iterator[tuple[TenantId, Job, Amounts]]:
        """What counts in quota after the plan, job by job."""
        for one in self.snapshot.running:
            if self.stays(one) and one.under not in self.open:
                yield one.job.tenant, one.job, together(spots(one.job, still_held(one)))
        under = {start.job for start in self.plan.starts if start.under in self.open}
        for job, given in (*self.known(self.plan.starts), *self.known(self.plan.claims)):
            if job.id not in under:
                yield job.tenant, job, together(spots(job, given.placements))

    @cached_property
    def open(self) -> frozenset[str]:
        """The entries of the calendar that are in force: what runs under them counts in no quota."""
        return frozenset(one.name for one in self.rules.calendar if self.plan.at in one.interval)

    def under(self, tenant: TenantId) -> Amounts:
        """Held by the tenant and all below it after the plan."""
        return self.by_branch.get(tenant, {})

    @cached_property
    def by_branch(self) -> dict[TenantId, Amounts]:
        """Held by every branch of the tree after the plan."""
        found: dict[TenantId, Amounts] = {}
        for tenant, amounts in self.held.items():
            for over in self.path(tenant):
                add(found.setdefault(over.id, {}), amounts.items())
        return found

    def capacity(self, node: str) -> Amounts:
        """What a node has; nothing where there is no such node."""
        return named(self.nodes[node].capacity) if node in self.nodes else {}
