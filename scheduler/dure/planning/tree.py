"""The tenant tree, compiled: what policy states for each tenant, as vectors along its path (DESIGN 3.1)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from dure.model.instants import Interval
from dure.model.job import TenantId
from dure.model.resources import Quota
from dure.model.rules import Rules
from dure.model.tenant import Tenant
from dure.planning.axes import Axes, Vector

Stated: TypeAlias = Mapping[int, int]
"""What is stated on some axes; an axis not in it is ungoverned."""


@dataclass(frozen=True, slots=True, eq=False)
class Branch:
    """One tenant of the tree.

    `path` leads from the tenant itself up to its root. `guarantee` and `limit` are what policy states here.
    `rest` is the part of a stated guarantee that no descendant's statement carves out. `promised` is the whole
    promise to the tenant and all below it: what it states or, where it does not, what those below state. `keep`
    is what of that it lends to nobody. `user_limit`, `max_jobs` and `user_max_jobs` are as the tenant states them.
    `known`: the rules name this tenant; one that they no longer name has no quota and starts nothing.
    """

    id: TenantId
    path: tuple[TenantId, ...]
    weight: int
    guarantee: Stated
    limit: Stated
    rest: Stated
    promised: Vector
    term: Interval | None = None
    known: bool = True
    keep: Stated = field(default_factory=dict)
    user_limit: Stated = field(default_factory=dict)
    max_jobs: int | None = None
    user_max_jobs: int | None = None

    @property
    def bounded(self) -> bool:
        """Whether anything is stated here that a job may be over, be it within guarantee or not."""
        counted = self.max_jobs is not None or self.user_max_jobs is not None
        return counted or bool(self.limit or self.user_limit)


class Tree:
    """All tenants that the rules name, parents first.

    `governed`: a guarantee is stated somewhere. `edges`: the instants at which some tenancy begins or ends.
    `promised`: all guarantees together. `keeps`: something of them is lent to nobody.
    """

    __slots__ = ("axes", "branches", "edges", "governed", "keeps", "promised")

    def __init__(self, rules: Rules, axes: Axes) -> None:
        self.axes = axes
        below = _promised_below(rules.tenants, axes)
        paths: dict[TenantId, tuple[TenantId, ...]] = {}
        self.branches: dict[TenantId, Branch] = {}
        for tenant in rules.tenants:
            paths[tenant.id] = (tenant.id, *paths.get(tenant.parent or "", ()))
            self.branches[tenant.id] = _branch(tenant, paths[tenant.id], below[tenant.id], axes)
        roots = (self.branches[tenant.id].promised for tenant in rules.tenants if tenant.parent is None)
        self.promised = _sum(roots, axes)
        terms = [tenant.term for tenant in rules.tenants if tenant.term]
        self.edges = sorted({edge for term in terms for edge in (term.start, term.end)})
        self.governed = any(branch.guarantee for branch in self.branches.values())
        self.keeps = any(branch.keep for branch in self.branches.values())

    def branch(self, tenant: TenantId) -> Branch:
        """The tenant's branch; one without quota where the rules do not name it."""
        if (branch := self.branches.get(tenant)) is None:
            branch = Branch(tenant, (tenant,), 1, {}, {}, {}, self.axes.zeros(), None, known=False)
        return branch


def stated(quota: Quota, axes: Axes) -> dict[int, int]:
    """A quota by axis; what no axis stands for concerns no job."""
    return {axes.index[name]: amount for name, amount in quota.stated if name in axes.index}


def _branch(tenant: Tenant, path: tuple[TenantId, ...], below: _Below, axes: Axes) -> Branch:
    guarantee, limit = stated(tenant.guarantee, axes), stated(tenant.limit, axes)
    promised = [guarantee.get(axis, carved) for axis, carved in enumerate(below.sums)]
    keep = {axis: min(amount, promised[axis]) for axis, amount in stated(tenant.keep, axes).items()}
    if tenant.cohort:
        keep = {axis: promised[axis] for axis in sorted({*guarantee, *below.axes})}
        limit |= {axis: min(amount, limit.get(axis, amount)) for axis, amount in keep.items()}
    return Branch(
        tenant.id, path, tenant.weight, guarantee, limit,
        rest={axis: max(0, amount - below.sums[axis]) for axis, amount in guarantee.items()},
        promised=promised,
        term=tenant.term,
        keep={axis: amount for axis, amount in keep.items() if amount},
        user_limit=stated(tenant.user_limit, axes),
        max_jobs=tenant.max_running_jobs,
        user_max_jobs=tenant.user_max_running_jobs,
    )  # fmt: skip


@dataclass(slots=True)
class _Below:
    """What a tenant's children are promised together, and the axes on which anything below it is stated."""

    sums: Vector
    axes: set[int]


def _promised_below(tenants: Iterable[Tenant], axes: Axes) -> dict[TenantId, _Below]:
    """What lies below each tenant, worked out from the leaves up."""
    ordered = list(tenants)
    below = {tenant.id: _Below(axes.zeros(), set()) for tenant in ordered}
    for tenant in reversed(ordered):
        guarantee = stated(tenant.guarantee, axes)
        if tenant.parent in below:
            above, mine = below[tenant.parent], below[tenant.id]
            above.axes |= mine.axes | guarantee.keys()
            for axis, carved in enumerate(mine.sums):
                above.sums[axis] += guarantee.get(axis, carved)
    return below


def _sum(vectors: Iterable[Vector], axes: Axes) -> Vector:
    total = axes.zeros()
    for vector in vectors:
        total = [one + other for one, other in zip(total, vector, strict=True)]
    return total
