"""Tenants: who has quota and gets the bill. They form a tree; jobs belong to its leaves."""

from __future__ import annotations

from dataclasses import dataclass

from dure.model.instants import Interval, Millis
from dure.model.job import TenantId
from dure.model.resources import Quota


@dataclass(frozen=True, slots=True)
class Volume:
    """A place of the tenant that its jobs may mount, by name; `source` is the backend's own address of it."""

    name: str
    source: str


@dataclass(frozen=True, slots=True)
class Tenant:
    """One node of the tenant tree.

    `guarantee` and `limit` are per resource name; what is not stated is ungoverned. `weight` is a positive
    integer among siblings. `term` is the tenancy. `require_project` refuses jobs that name no project of
    `projects`. `default_time_limit` in ms overrides the room's. `unix_user` is whose processes its local jobs
    are, "" for the server's own.
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
