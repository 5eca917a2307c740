"""Reasons as one caller may see them: of other tenants an anonymous sum, never a name (DESIGN 6)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import partial

from dure.model.job import JobId, TenantId
from dure.model.plan import Code, Explanation, Numbers, Reason
from dure.model.resources import CPU, MEMORY, flavor_of
from dure.service.hall import Hall
from dure.service.identity import Caller, path
from dure.service.outlook import with_money
from dure.service.words import OTHERS

_OF_A_JOB = {Code.RESERVED, Code.BEHIND, Code.WAITING, Code.DEPENDENCY_FAILED, Code.DISPLACED, Code.HOLDS}
_OF_A_TENANT = {Code.AHEAD, Code.KEPT_BACK, Code.PAUSED, Code.TERM, Code.NOT_PREEMPTIBLE}
_OF_A_TENANT_OR_USER = {Code.OVER_LIMIT, Code.TOO_MANY_JOBS}
_SUMS = {Code.AHEAD, Code.KEPT_BACK, Code.HOLDS, Code.DISPLACED}
"""Codes of which one reason each stands for a tenant or a job: those of others become one."""
_SUMS_OF_OTHERS = {Code.RESERVED, Code.BEHIND}
"""The same, but without a subject they are about the job itself, or a sum already."""


class Eyes:
    """What one caller may see by name, when told of a job of `tenant`."""

    def __init__(self, hall: Hall, caller: Caller, tenant: TenantId) -> None:
        self._hall, self._caller, self._own = hall, caller, tenant
        self._path = set(path(tenant, hall.live.rules))

    def tenant(self, name: TenantId) -> bool:
        """Tenants that the caller sees, and those above the job's own."""
        return name in self._path or self._caller.sees(name, self._hall.live.rules)

    async def job(self, name: JobId) -> bool:
        """Jobs that are, or were, of tenants that the caller sees; one that nobody knows is not shown."""
        entry = self._hall.live.observed.jobs.get(name)
        if entry is not None:
            return self._caller.sees(entry.job.tenant, self._hall.live.rules)
        try:
            record = await self._hall.live.backend.record(name)
        except KeyError:
            return False
        return self._caller.sees(record.job.tenant, self._hall.live.rules)

    def entry(self, name: str) -> bool:
        """Calendar entries that are for a tenant that the caller sees."""
        entries = [entry for entry in self._hall.live.rules.calendar if entry.name == name]
        return any(self.tenant(tenant) for entry in entries for tenant in entry.tenants)

    async def reason(self, of: Reason) -> Reason:
        """The reason, its subject hidden where it names what is another's; of a budget with its money."""
        if of.code is Code.BUDGET:
            live = self._hall.live
            sees = partial(self._caller.sees, rules=live.rules)
            return with_money(of, path(self._own, live.rules), live.outlooks, sees)
        return of if await self._seen(of) else replace(of, subject=OTHERS)

    async def by(self, rule: str, by: str) -> str:
        """For whom an attempt was evicted, "(others)" where that is another's."""
        if rule == Code.MAINTENANCE:
            return by
        seen = self.entry(by) if rule == Code.CALENDAR else await self.job(by)
        return by if seen or not by else OTHERS

    async def _seen(self, of: Reason) -> bool:
        if not of.subject:
            return True
        if of.code in _OF_A_JOB:
            return await self.job(of.subject)
        if of.code in _OF_A_TENANT:
            return self.tenant(of.subject)
        if of.code is Code.CALENDAR:
            return self.entry(of.subject)
        if of.code is Code.WOULD_START and of.subject.startswith("quota:"):
            return self.tenant(of.subject.removeprefix("quota:"))
        if of.code in _OF_A_TENANT_OR_USER:
            return self.tenant(of.subject) or self._is_no_tenant(of.subject)
        return True

    def _is_no_tenant(self, name: str) -> bool:
        """A user, and so one of the job's own tenant."""
        return all(tenant.id != name for tenant in self._hall.live.rules.tenants)


async def for_the_eyes_of(caller: Caller, told: Explanation, tenant: TenantId, hall: Hall) -> Explanation:
    """What is told of a job of `tenant`, others' names taken out, and what is left of them summed."""
    eyes = Eyes(hall, caller, tenant)
    return replace(told, reasons=summed([await eyes.reason(reason) for reason in told.reasons]))


def summed(reasons: Iterable[Reason]) -> tuple[Reason, ...]:
    """Reasons in their order; those about others of one code become one, where the first of them stood."""
    kept: list[Reason] = []
    first: dict[Code, int] = {}
    for reason in reasons:
        about_others = _of_others(reason)
        if about_others and reason.code in first:
            at = first[reason.code]
            kept[at] = replace(kept[at], subject=OTHERS, numbers=_sum(kept[at].numbers, _alone(reason)))
        else:
            if about_others:
                first[reason.code] = len(kept)
                reason = replace(reason, subject=OTHERS, numbers=_alone(reason))  # noqa: PLW2901 - the same reason, seen from outside
            kept.append(reason)
    return tuple(kept)


def _of_others(reason: Reason) -> bool:
    if reason.code in _SUMS_OF_OTHERS:
        return reason.subject == OTHERS
    return reason.code in _SUMS and reason.subject in {"", OTHERS}


def _alone(reason: Reason) -> Numbers:
    """The first of a sum: it counts tenants, or jobs, from here on."""
    if reason.code in _SUMS_OF_OTHERS and "jobs" not in dict(reason.numbers):
        return (*reason.numbers, ("jobs", 1))
    counted = reason.code is Code.AHEAD and "tenants" not in dict(reason.numbers)
    return (*reason.numbers, ("tenants", 1)) if counted else reason.numbers


def _sum(one: Numbers, other: Numbers) -> Numbers:
    """Amounts and counts add up; of ranks the first stays, of instants the last, of scores both ends."""
    both, more = dict(one), dict(other)
    if "tenants" in both:
        more.setdefault("tenants", 1)
    if "score" in both and "score" in more:
        scores = [named[key] for named in (both, more) for key in ("score", "score_to") if key in named]
        both["score"], both["score_to"] = min(scores), max(scores)
    for name, value in more.items():
        if _adds_up(name):
            both[name] = both.get(name, 0) + value
        elif name == "rank":
            both[name] = min(both.get(name, value), value)
        elif name == "until":
            both[name] = max(both.get(name, value), value)
        else:
            both.setdefault(name, value)
    return tuple(both.items())


def _adds_up(name: str) -> bool:
    resource = name.removeprefix("firm:").removeprefix("due:")
    return name in {"jobs", "tenants", "lost"} or resource in {CPU, MEMORY} or bool(flavor_of(resource))
