"""What a tenant is stated to have at some time: its own quota, or what open windows state in its place."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from dure.model.resources import ResourceName
from dure_policies.amounts import stated
from dure_policies.findings import Place
from dure_policies.reading import Entry, Read

Stated: TypeAlias = dict[ResourceName, Read]


@dataclass(frozen=True, slots=True)
class Held:
    """Guarantee, limit and keep by resource. `changed`: where an open window states one of them instead."""

    guarantee: Stated = field(default_factory=dict)
    limit: Stated = field(default_factory=dict)
    keep: Stated = field(default_factory=dict)
    cohort: bool = False
    changed: dict[str, Place] = field(default_factory=dict)

    def under(self, changes: Iterable[Entry]) -> Held:
        """The same with what windows change, the later of them last; what could not be read changes nothing."""
        found = self
        for change in changes:
            guarantee, limit = (change.reads.get(key) for key in ("guarantee", "limit"))
            if guarantee and change.entry("guarantee").complete:
                changed = found.changed | {"guarantee": guarantee.place}
                found = replace(found, guarantee=stated(change.entry("guarantee")), changed=changed)
            if limit and change.entry("limit").complete:
                changed = found.changed | {"limit": limit.place}
                found = replace(found, limit=stated(change.entry("limit")), changed=changed)
        return found


def own(tenant: Entry) -> Held:
    """What tenants.yaml states."""
    guarantee, limit, keep = (stated(tenant.entry(key)) for key in ("guarantee", "limit", "keep"))
    return Held(guarantee, limit, keep, tenant.get("cohort", False))


def known(tenant: Entry) -> bool:
    """Whether its guarantee could be read whole, so that the rest can be held against it."""
    return not tenant.lost("guarantee") and tenant.entry("guarantee").complete


def amount(read: Read | None) -> int:
    """The amount as an integer; 0 where there is none."""
    return read.value if read and isinstance(read.value, int) else 0
