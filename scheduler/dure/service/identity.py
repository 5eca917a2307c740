"""Who is asking, and what they may see and do."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from dure.model.job import Job, TenantId, UserId
from dure.model.rules import Rules


class Role(StrEnum):
    """`user`: a person of a tenant; `tenant-admin`: of a tenant and all below it; `monitor`: reads metrics."""

    USER = "user"
    TENANT_ADMIN = "tenant-admin"
    ROOM_ADMIN = "room-admin"
    MONITOR = "monitor"


@dataclass(frozen=True, slots=True)
class Caller:
    """The person behind a token; `tenant` is "" for those who belong to the room."""

    tenant: TenantId
    user: UserId
    role: Role

    @property
    def is_room_admin(self) -> bool:
        """Whether everything is open to them."""
        return self.role is Role.ROOM_ADMIN

    def sees(self, tenant: TenantId, rules: Rules) -> bool:
        """Whether this tenant's jobs, use and bills are theirs to see."""
        if self.is_room_admin:
            return True
        if self.role is Role.USER:
            return tenant == self.tenant
        return self.role is Role.TENANT_ADMIN and self.tenant in path(tenant, rules)

    def may_change(self, job: Job, rules: Rules) -> bool:
        """Whether they may cancel, hold or release this job, which they see."""
        return job.user == self.user or (self.role is not Role.USER and self.sees(job.tenant, rules))


def path(tenant: TenantId, rules: Rules) -> tuple[TenantId, ...]:
    """The tenant and those above it, nearest first; empty for one that policy does not name."""
    parents = {known.id: known.parent for known in rules.tenants}
    above: list[TenantId] = []
    at: TenantId | None = tenant
    while at is not None and at in parents:
        above.append(at)
        at = parents[at]
    return tuple(above)


def branch(tenant: TenantId, rules: Rules) -> frozenset[TenantId]:
    """The tenant and all below it."""
    return frozenset(known.id for known in rules.tenants if tenant in path(known.id, rules))
