"""Who is above guarantee, worked out plainly from what everybody holds (DESIGN 3.1).

into(t) = use of its own jobs + overflow of its children
overflow(t) = max(0, into(t) - rest(t)) where t states a guarantee, else into(t)
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from dure.model.job import TenantId
from dure.model.resources import ResourceName
from dure.model.tenant import Tenant
from dure.planning.check.amounts import Amounts


class Guarantees:
    """The tree's guarantees against given holdings of each tenant's own jobs."""

    def __init__(self, tenants: Iterable[Tenant], held: Mapping[TenantId, Amounts]) -> None:
        self._held = held
        self._tenants = {tenant.id: tenant for tenant in tenants}
        self._children: dict[TenantId, list[TenantId]] = {}
        for tenant in self._tenants.values():
            self._children.setdefault(tenant.parent or "", []).append(tenant.id)
        self._promised: dict[tuple[TenantId, ResourceName], int] = {}
        self._overflow: dict[tuple[TenantId, ResourceName], int] = {}

    def promised(self, tenant: TenantId, name: ResourceName) -> int:
        """What is promised to the tenant and all below it."""
        if (tenant, name) not in self._promised:
            own = self._tenants[tenant].guarantee.get(name)
            self._promised[tenant, name] = self._below(tenant, name) if own is None else own
        return self._promised[tenant, name]

    def _below(self, tenant: TenantId, name: ResourceName) -> int:
        return sum(self.promised(child, name) for child in self._children.get(tenant, ()))

    def overflow(self, tenant: TenantId, name: ResourceName) -> int:
        """What of the branch's use its guarantees do not cover; all of it where no rule names the tenant."""
        if (tenant, name) not in self._overflow:
            self._overflow[tenant, name] = self._over(tenant, name, self._held.get(tenant, {}).get(name, 0))
        return self._overflow[tenant, name]

    def _over(self, tenant: TenantId, name: ResourceName, own: int) -> int:
        into = own + sum(self.overflow(child, name) for child in self._children.get(tenant, ()))
        stated = self._tenants[tenant].guarantee.get(name) if tenant in self._tenants else None
        return into if stated is None else max(0, into - max(0, stated - self._below(tenant, name)))

    def within(self, tenant: TenantId, amounts: Mapping[ResourceName, int]) -> bool:
        """Whether these amounts, added to the tenant, are within guarantee."""
        governed = False
        for name, amount in amounts.items():
            stating = [
                one for one in self._path(tenant) if self._tenants[one].guarantee.get(name) is not None
            ]
            if amount and stating:
                governed = True
                if self._grows(tenant, stating[-1], name, amount):
                    return False
        return governed

    def _grows(self, tenant: TenantId, top: TenantId, name: ResourceName, amount: int) -> bool:
        """Whether so much more at the tenant overflows at the topmost tenant that states a guarantee."""
        over = self._held.get(tenant, {}).get(name, 0) + amount
        for one in self._path(tenant):
            risen = self._over(one, name, over)
            if one == top:
                return risen > self.overflow(one, name)
            parent = self._tenants[one].parent or ""
            over = self._held.get(parent, {}).get(name, 0) + risen - self.overflow(one, name)
        return False

    def _path(self, tenant: TenantId) -> list[TenantId]:
        path: list[TenantId] = []
        above: TenantId | None = tenant
        while above is not None and above in self._tenants:
            path.append(above)
            above = self._tenants[above].parent
        return path
