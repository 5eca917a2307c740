"""What tenants gain and lose: quota, weight and the share that follows from it, term, and the rest."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from functools import partial
from math import inf

from dure.model.money import Money
from dure.model.resources import Quota, ResourceName
from dure.model.rules import Rules
from dure.model.tenant import Tenant
from dure_policies.amounts import written
from dure_policies.differences.line import Aspect, Difference, compare, paired
from dure_policies.writing import length, moment, won


def differences(old: Rules, new: Rules) -> Iterator[Difference]:
    """Differences by tenant: those of the new rules in order, then those that are gone."""
    before, after = ({tenant.id: tenant for tenant in rules.tenants} for rules in (old, new))
    old_shares, new_shares = _shares(old), _shares(new)
    for name, was, is_ in paired(before, after):
        yield from compare("tenant", name, was, is_, _aspects(was, is_, new.timezone), being=1)
        yield from compare("tenant", name, old_shares.get(name), new_shares.get(name), [_SHARE], being=1)
        if was and is_:
            yield from compare("borrowers", f"from {name}", was, is_, _lending(was, is_))


def _shares(rules: Rules) -> dict[str, Fraction]:
    """Each tenant's part of its siblings' weights."""
    total: dict[str | None, int] = {}
    for tenant in rules.tenants:
        total[tenant.parent] = total.get(tenant.parent, 0) + tenant.weight
    return {tenant.id: Fraction(tenant.weight, total[tenant.parent]) for tenant in rules.tenants}


def _percent(share: Fraction) -> str:
    return f"{float(share):.1%}"


_SHARE = Aspect("share among siblings", lambda share: share, _percent, 1)


def _stated(which: str, resource: ResourceName, tenant: Tenant) -> int | None:
    quota: Quota = getattr(tenant, which)
    return quota.get(resource)


def _quota(which: str, absent: float, *sides: Tenant | None) -> Iterator[Aspect]:
    names = {name for side in sides if side for name, _ in getattr(side, which).stated}
    for name in sorted(names):
        of = partial(_stated, which, name)
        yield Aspect(f"{which} {name}", of, partial(written, name), 1, absent)


def _aspects(was: Tenant | None, is_: Tenant | None, zone: str) -> Iterator[Aspect]:
    yield from (_PARENT, _WEIGHT)
    yield from _quota("guarantee", 0, was, is_)
    yield from _quota("limit", inf, was, is_)
    yield from _quota("keep", 0, was, is_)
    yield from _quota("user_limit", inf, was, is_)
    yield Aspect("first day", lambda t: t.term and t.term.start, partial(moment, zone=zone), -1, -inf)
    yield Aspect("end of term", lambda t: t.term and t.term.end, partial(moment, zone=zone), 1, inf)
    if was and is_:
        yield from _REST


def _lending(was: Tenant, is_: Tenant) -> Iterator[Aspect]:
    """What a tenant keeps to itself, as those see it who would borrow it."""
    yield from (replace(aspect, more=-1) for aspect in _quota("keep", 0, was, is_))
    yield replace(_COHORT, more=-1)


def _step(which: str, tenant: Tenant) -> int | None:
    return getattr(tenant.budget, which) if tenant.budget else None


def _texts(values: object) -> str:
    return ", ".join(values) if isinstance(values, tuple) else str(values)


_PARENT = Aspect("parent", lambda t: t.parent)
_WEIGHT = Aspect("weight", lambda t: t.weight, str, 1)
_COHORT = Aspect("cohort", lambda t: t.cohort or None, lambda _: "true", absent=False)
_REST = (
    _COHORT,
    Aspect("max running jobs", lambda t: t.max_running_jobs, str, 1, inf),
    Aspect("running jobs of one user", lambda t: t.user_max_running_jobs, str, 1, inf),
    Aspect("budget a month", lambda t: t.budget and t.budget.monthly, won, 1, Money(10**30)),
    Aspect("budget warns at", partial(_step, "warn"), "{} %".format),
    Aspect(
        "budget lets only preemptible jobs start at",
        partial(_step, "preemptible_only"),
        "{} %".format,
        1,
        inf,
    ),
    Aspect("budget holds jobs at", partial(_step, "hold"), "{} %".format, 1, inf),
    Aspect("default time limit", lambda t: t.default_time_limit, length),
    Aspect("max pending jobs", lambda t: t.max_pending_jobs, str, 1, inf),
    Aspect("name", lambda t: t.name or None),
    Aspect("Korean name", lambda t: t.name_ko or None),
    Aspect("business number", lambda t: t.business_number or None),
    Aspect("projects", lambda t: t.projects or None, _texts),
    Aspect("project required", lambda t: t.require_project or None, lambda _: "true"),
    Aspect("default image", lambda t: t.default_image or None),
    Aspect("volumes", lambda t: tuple(f"{v.name}={v.source}" for v in t.volumes) or None, _texts),
    Aspect("unix user", lambda t: t.unix_user or None),
)
