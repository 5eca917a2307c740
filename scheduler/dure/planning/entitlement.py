"""Entitlement: what a tenant is due at an instant, for metrics and reports (DESIGN 3, last paragraph).

"Weighted max-min (water-filling) of value-GPU over demand (running + pending), floor min(demand, guarantee)."
In units of value-GPU (a device of value 1000 is 1.0). The room is shared among the roots, what a tenant is due
among its children. At each tenant with a water level L a child c gets

    due(c) = min(demand(c), max(floor(c), L x weight(c)))

and L is where the sum is min(what is there, demand). A tenant's demand counts up to its GPU limits, so the sum over
the room is min(capacity, demand within limits).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dure.model.instants import Instant
from dure.model.job import TenantId
from dure.model.resources import Resources, gpu
from dure.model.rules import Rules
from dure.planning.axes import FIRST_GPU, Axes, Vector
from dure.planning.tree import Branch, Tree

_THOUSAND = 1000


@dataclass(frozen=True, slots=True)
class Claimant:
    """One of those that share: `floor` is due whatever the others want, `demand` is the most it takes."""

    weight: int
    demand: float
    floor: float


def entitlement(
    rules: Rules,
    capacity: Resources,
    held: Mapping[TenantId, Resources],
    wanted: Mapping[TenantId, Resources],
) -> dict[TenantId, float]:
    """Value-GPU due to every tenant that the rules name.

    `held` and `wanted` (what pending jobs ask for) are of each tenant's own jobs; tenants without any may be left
    out. Tenants above hold what those below them do.
    """
    sharing = _Sharing(rules, (capacity, *held.values(), *wanted.values()))
    for amounts in (held, wanted):
        for tenant, resources in amounts.items():
            sharing.ask(tenant, resources)
    return sharing.shared(capacity)


def outside(rules: Rules, at: Instant) -> frozenset[TenantId]:
    """Who is outside its tenancy, or below one who is: what waits of them may not start, and asks for nothing."""
    found: set[TenantId] = set()
    for tenant in rules.tenants:  # parents first
        if tenant.parent in found or (tenant.term is not None and at not in tenant.term):
            found.add(tenant.id)
    return frozenset(found)


def fill(amount: float, claimants: Sequence[Claimant]) -> list[float]:
    """Water-filling of an amount: every claimant's due. Where the floors alone are more, they are cut alike."""
    if sum(claimant.demand for claimant in claimants) <= amount:
        return [claimant.demand for claimant in claimants]
    floors = [min(claimant.floor, claimant.demand) for claimant in claimants]
    if (promised := sum(floors)) >= amount:
        return [floor * amount / promised if promised else 0.0 for floor in floors]
    level = _level(amount, claimants)
    return [_due(claimant, level) for claimant in claimants]


def _due(claimant: Claimant, level: float) -> float:
    return min(claimant.demand, max(claimant.floor, level * claimant.weight))


def _level(amount: float, claimants: Sequence[Claimant]) -> float:
    """Where the dues add up to the amount, between two levels at which some claimant begins or stops to rise."""
    edges = sorted({edge / one.weight for one in claimants for edge in (one.floor, one.demand)})
    position = bisect_right(edges, amount, key=lambda edge: sum(_due(one, edge) for one in claimants))
    edge = edges[max(0, position - 1)]
    there = sum(_due(one, edge) for one in claimants)
    rising = sum(one.weight for one in claimants if one.floor <= edge * one.weight < one.demand)
    return edge + (amount - there) / rising if rising else edge


class _Sharing:
    def __init__(self, rules: Rules, amounts: Sequence[Resources]) -> None:
        flavors = (flavor for one in amounts for flavor, _ in one.gpus)
        self._axes = Axes((*flavors, *(flavor.name for flavor in rules.flavors)))
        self._values = self._axes.values(rules.flavors)
        self._tree = Tree(rules, self._axes)
        self._asked = {tenant: self._axes.zeros() for tenant in self._tree.branches}
        self._children: dict[TenantId | None, list[Branch]] = {}
        for branch in self._tree.branches.values():
            self._children.setdefault(branch.path[1] if len(branch.path) > 1 else None, []).append(branch)

    def ask(self, tenant: TenantId, resources: Resources) -> None:
        """Count demand of a tenant's own jobs; of one that the rules do not name nothing is due."""
        if tenant in self._asked:
            for name, amount in resources.items():
                self._asked[tenant][self._axes.index[name]] += amount

    def shared(self, capacity: Resources) -> dict[TenantId, float]:
        """What is due to every tenant, from the roots down."""
        due: dict[TenantId, float] = {}
        self._share(None, self._worth(self._axes.vector(capacity.items())), due)
        return {tenant: due[tenant] for tenant in self._tree.branches}

    def _share(self, parent: TenantId | None, amount: float, due: dict[TenantId, float]) -> None:
        children = self._children.get(parent, [])
        claims = [self._claim(branch) for branch in children]
        for branch, one in zip(children, fill(amount, claims), strict=True):
            due[branch.id] = one
            self._share(branch.id, one, due)

    def _claim(self, branch: Branch) -> Claimant:
        wanted = self._demand(branch)
        promised = [min(*both) for both in zip(wanted, branch.promised, strict=True)]
        return Claimant(branch.weight, self._worth(wanted), self._worth(promised))

    def _demand(self, branch: Branch) -> Vector:
        """What the tenant and all below it ask for, each up to its limits."""
        wanted = list(self._asked[branch.id])
        for child in self._children.get(branch.id, ()):
            wanted = [one + other for one, other in zip(wanted, self._demand(child), strict=True)]
        return [min(amount, branch.limit.get(axis, amount)) for axis, amount in enumerate(wanted)]

    def _worth(self, vector: Vector) -> float:
        """Value-GPU of a vector; the division comes last."""
        pairs = zip(vector[FIRST_GPU:], self._values[FIRST_GPU:], strict=True)
        return sum(devices * value for devices, value in pairs) / _THOUSAND


def value_gpu(rules: Rules, resources: Resources) -> float:
    """Value-GPU of some resources."""
    values = {gpu(flavor.name): flavor.value for flavor in rules.flavors}
    return sum(n * values.get(gpu(flavor), _THOUSAND) for flavor, n in resources.gpus) / _THOUSAND
