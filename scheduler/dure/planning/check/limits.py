"""No tenant and no user over a limit by a start or a new claim, in amounts and in jobs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TypeAlias

from dure.model.job import Job, TenantId, UserId
from dure.model.tenant import Tenant
from dure.planning.check.amounts import Amounts, add, spots, together
from dure.planning.check.finding import Finding, Invariant
from dure.planning.check.picture import Given, Picture

_Given: TypeAlias = list[tuple[Job, Amounts]]


def tenants_stay_within_limits(picture: Picture) -> Iterator[Finding]:
    """What a branch holds after the plan is within its limit on every axis on which the plan gives it something."""
    more: dict[TenantId, Amounts] = {}
    for job, amounts in _given(picture):
        for over in picture.path(job.tenant):
            add(more.setdefault(over.id, {}), amounts.items())
    for tenant, added in sorted(more.items()):
        held = picture.under(tenant)
        for name, limit in picture.tenants[tenant].limit.stated:
            if added.get(name) and held.get(name, 0) > limit:
                numbers = ((name, held[name]), ("limit", limit))
                yield Finding(Invariant.LIMIT, tenant, f"would be over its limit of {name}", numbers)


def users_stay_within_limits(picture: Picture) -> Iterator[Finding]:
    """The same for each single user of a tenant, by what the tenant and those above it state for users."""
    stating = {tenant.id for tenant in picture.tenants.values() if tenant.user_limit.stated}
    given = [job for job, _ in _given(picture) if stating & {over.id for over in picture.path(job.tenant)}]
    held = _by_user(picture) if given else {}
    for tenant, user in sorted({(job.tenant, job.user) for job in given}):
        for over in picture.path(tenant):
            for name, limit in over.user_limit.stated:
                amount = held[tenant, user].get(name, 0)
                if amount > limit and _adds(picture, tenant, user, name):
                    numbers = ((name, amount), ("limit", limit))
                    text = f"would be over what {over.id} allows a user of {name}"
                    yield Finding(Invariant.LIMIT, f"{tenant}/{user}", text, numbers)


def job_counts_stay_within_limits(picture: Picture) -> Iterator[Finding]:
    """No branch, and no single user, has more jobs than is stated where the plan gives it another."""
    given = {(job.tenant, job.user) for job, _ in _given(picture)}
    branches: Counter[TenantId] = Counter()
    users: Counter[tuple[TenantId, UserId]] = Counter()
    for tenant, job, _ in picture.uses() if given else ():
        branches.update(over.id for over in picture.path(tenant))
        users[tenant, job.user] += 1
    for tenant, user in sorted(given):
        for over in picture.path(tenant):
            yield from _too_many(over, over.id, branches[over.id], over.max_running_jobs)
            yield from _too_many(over, f"{tenant}/{user}", users[tenant, user], over.user_max_running_jobs)


def _too_many(over: Tenant, who: str, jobs: int, limit: int | None) -> Iterator[Finding]:
    if limit is not None and jobs > limit:
        text = f"would have more jobs than {over.id} allows"
        yield Finding(Invariant.LIMIT, who, text, (("jobs", jobs), ("limit", limit)))


def _given(picture: Picture) -> _Given:
    """What the plan newly gives, job by job; not what runs on capacity of the calendar, which is on top."""
    fresh: list[tuple[Job, Given]] = [
        *picture.known(picture.plan.starts),
        *picture.known(picture.new_claims),
    ]
    under = {start.job for start in picture.plan.starts if start.under or start.claimed}
    return [(job, together(spots(job, one.placements))) for job, one in fresh if job.id not in under]


def _by_user(picture: Picture) -> dict[tuple[TenantId, UserId], Amounts]:
    held: dict[tuple[TenantId, UserId], Amounts] = {}
    for tenant, job, amounts in picture.uses():
        add(held.setdefault((tenant, job.user), {}), amounts.items())
    return held


def _adds(picture: Picture, tenant: TenantId, user: UserId, name: str) -> bool:
    return any(
        job.tenant == tenant and job.user == user and amounts.get(name) for job, amounts in _given(picture)
    )
