"""Tenants: who has quota and gets the bill. They form a tree; jobs belong to its leaves."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from dure.model.instants import Interval, Millis
from dure.model.job import TenantId
from dure.model.money import Money
from dure.model.resources import Quota


@dataclass(frozen=True, slots=True)
class Volume:
    """A place of the tenant that its jobs may mount, by name; `source` is the backend's own address of it."""

    name: str
    source: str


class BudgetState(StrEnum):
    """What a soft budget lets a tenant start; from `fine` on each is stricter than the one before."""

    FINE = "fine"
    WARNED = "warned"
    PREEMPTIBLE_ONLY = "preemptible-only"
    HELD = "held"


@dataclass(frozen=True, slots=True)
class Budget:
    """A soft budget: won a month, and at what percent of it, forecast for the month's end, each step is taken.

    None: that step is never taken.
    """

    monthly: Money
    warn: int | None = 80
    preemptible_only: int | None = None
    hold: int | None = None


@dataclass(frozen=True, slots=True)
class Tenant:
    """One node of the tenant tree.

    `guarantee` and `limit` are per resource name; what is not stated is ungoverned. `weight` is a positive
    integer among siblings. `term` is the tenancy. `require_project` refuses jobs that name no project of
    `projects`. `default_time_limit` in ms overrides the room's. `unix_user` is whose processes its local jobs
    are, "" for the server's own.

    `keep` is what of the guarantee the tenant lends to nobody, even when idle. Those below a `cohort` borrow only
    among themselves, and nobody else borrows from them: of what it is promised, limit and keep are all.
    `user_limit` and `user_max_running_jobs` bound each single user of the tenant.
    """

    id: TenantId
    parent: TenantId | None = None
    name: str = ""
    name_ko: str = ""
    weight: int = 1
    guarantee: Quota = Quota()
    limit: Quota = Quota()
    term: Interval | None = None
    business_number: str = ""
    projects: tuple[str, ...] = ()
    require_project: bool = False
    default_time_limit: Millis | None = None
    default_image: str = ""
    volumes: tuple[Volume, ...] = ()
    unix_user: str = ""
    max_pending_jobs: int | None = None
    keep: Quota = Quota()
    cohort: bool = False
    max_running_jobs: int | None = None
    user_limit: Quota = Quota()
    user_max_running_jobs: int | None = None
    budget: Budget | None = None
