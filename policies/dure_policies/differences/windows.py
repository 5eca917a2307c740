"""What changes in windows: their hours, and who gains and loses quota in them.

What a window states is compared with what the tenant has without it: a window that comes is a gain of those to
whom it gives more than their own, and a loss of those to whom it gives less.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import inf

from dure.model.resources import Quota, ResourceName
from dure.model.rules import QuotaChange, Rules, Window
from dure.model.tenant import Tenant
from dure_policies.amounts import written
from dure_policies.differences.line import Aspect, Difference, Effect, compare, paired
from dure_policies.hours import DAYS
from dure_policies.hours import written as hour

_ABSENT = {"guarantee": 0, "limit": inf}


def differences(old: Rules, new: Rules) -> Iterator[Difference]:
    """Differences by window: its hours, then its tenants; last the order of windows, of which later ones win."""
    windows = [{window.name: window for window in rules.windows} for rules in (old, new)]
    tenants = [{tenant.id: tenant for tenant in rules.tenants} for rules in (old, new)]
    for name, was, is_ in paired(*windows):
        yield from compare("window", name, was, is_, _WINDOW if was and is_ else _HOURS)
        for tenant, before, after in paired(_changes(was), _changes(is_)):
            own = [side.get(tenant) for side in tenants]
            yield from _quotas(name, tenant, (own[0], before), (own[1], after))
    both = [[name for name in side if name in windows[0] and name in windows[1]] for side in windows]
    if both[0] != both[1]:
        first, then = (", ".join(names) for names in both)
        yield Difference("window", new.room, "order", first, then, Effect.CHANGES)


def _changes(window: Window | None) -> dict[str, QuotaChange]:
    return {change.tenant: change for change in window.changes} if window else {}


_Side = tuple[Tenant | None, QuotaChange | None]


def _quotas(window: str, tenant: str, old: _Side, new: _Side) -> Iterator[Difference]:
    for key in ("guarantee", "limit"):
        names = {name for side in (old, new) for quota in _both(key, side) for name, _ in quota.stated}
        for name in sorted(names):
            texts = [_stated(key, name, change) for _, change in (old, new)]
            values = [_in_force(key, name, side) for side in (old, new)]
            yield from _line(tenant, f"{key} {name} in {window}", texts, values)
    texts = [
        "" if change is None or change.weight is None else str(change.weight) for _, change in (old, new)
    ]
    yield from _line(tenant, f"weight in {window}", texts, [_weight(side) for side in (old, new)])


def _line(tenant: str, what: str, texts: list[str], values: list[float]) -> Iterator[Difference]:
    before, after = values
    restated = before == after and "" in texts
    if texts[0] != texts[1] and not restated:
        effect = Effect.CHANGES if before == after else Effect.GAINS if after > before else Effect.LOSES
        yield Difference("tenant", tenant, what, texts[0], texts[1], effect)


def _both(key: str, side: _Side) -> Iterator[Quota]:
    for stated in side:
        quota: Quota | None = getattr(stated, key, None)
        if quota is not None:
            yield quota


def _stated(key: str, resource: ResourceName, change: QuotaChange | None) -> str:
    """What the window states, "" where it says nothing of this quota."""
    quota: Quota | None = getattr(change, key, None)
    if quota is None:
        return ""
    amount = quota.get(resource)
    return "nothing" if amount is None else written(resource, amount)


def _in_force(key: str, resource: ResourceName, side: _Side) -> float:
    """The amount while the window is open, were it the only one."""
    tenant, change = side
    quota: Quota | None = getattr(change, key, None)
    if quota is None:
        quota = getattr(tenant, key, Quota())
    amount = quota.get(resource)
    return _ABSENT[key] if amount is None else amount


def _weight(side: _Side) -> int:
    tenant, change = side
    if change and change.weight is not None:
        return change.weight
    return tenant.weight if tenant else 1


def _days(days: tuple[int, ...]) -> str:
    return ", ".join(DAYS[day] for day in days)


_HOURS = (
    Aspect("days", lambda window: window.days, _days),
    Aspect("start", lambda window: window.start, hour),
    Aspect("end", lambda window: window.end, hour),
)
_WINDOW = (*_HOURS, Aspect("Korean name", lambda window: window.name_ko or None))
