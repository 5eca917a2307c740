"""The keys of tenants.yaml."""

from __future__ import annotations

from typing import Final

from dure_policies.keys.amounts import QUOTA
from dure_policies.kinds import (
    BOOL,
    DAY,
    ID,
    NAME,
    PATH,
    PROJECT,
    TENANT,
    UNIX_USER,
    Fields,
    Key,
    Listed,
    Named,
    decimal,
    duration,
    or_word,
    pattern,
    whole,
)  # fmt: skip

_MONTHLY = decimal(6, "1", "1_000_000_000_000", "3_000_000")
_PERCENT = or_word(whole(1, 1_000), "never")
_JOBS = whole(1, 10_000_000)
_STEP = "at this percent of it, forecast for the month's end,"

BUDGET: Final = Fields(
    "a budget",
    {
        "monthly": Key(_MONTHLY, "won a month", required=True),
        "warn": Key(_PERCENT, f"{_STEP} it is said", default="80"),
        "preemptible_only": Key(_PERCENT, f"{_STEP} only jobs start that may be displaced", default="never"),
        "hold": Key(_PERCENT, f"{_STEP} no job starts", default="never"),
    },
)

TENANT_KEYS: Final = Fields(
    "a tenant",
    {
        "name": Key(NAME, "its name on bills and pages"),
        "name_ko": Key(NAME, "its Korean name"),
        "parent": Key(TENANT, "the tenant that it belongs to; only tenants to whom none belongs run jobs"),
        "weight": Key(whole(1, 1_000_000), "its share among its siblings of what is borrowed", default="1"),
        "guarantee": Key(QUOTA, "what it can always have back; what is not named has no guarantee"),
        "limit": Key(QUOTA, "the most it may hold, guaranteed and borrowed; what is not named has no limit"),
        "keep": Key(QUOTA, "what of the guarantee it lends to nobody, even when idle"),
        "cohort": Key(
            BOOL,
            "whether those below borrow only among themselves, and nobody else from them",
            default="false",
        ),
        "term": Key(
            Fields(
                "a tenancy",
                {
                    "first_day": Key(DAY, "its first day", required=True),
                    "last_day": Key(DAY, "its last day, which still belongs to it", required=True),
                },
            ),
            "the tenancy; left out: without end",
        ),
        "business_number": Key(
            pattern(
                "a business registration number",
                "123-00-45673",
                "[0-9]{3}-[0-9]{2}-[0-9]{5}",
                "ten digits as 3-2-5",
            ),
            "business registration number (사업자등록번호), its check digit included",
        ),
        "projects": Key(Listed(PROJECT), "grants or cost codes that its jobs may name"),
        "require_project": Key(BOOL, "whether each job must name one of `projects`", default="false"),
        "default_time_limit": Key(
            duration("1s", "3650d"), "as in `planning`, for its jobs", default="the room's"
        ),
        "default_image": Key(PATH, "container image of jobs that name none"),
        "volumes": Key(
            Named(ID, PATH), "places that its jobs may mount: name and the backend's address of it"
        ),
        "unix_user": Key(UNIX_USER, "Unix user of its local jobs", default="the server's own"),
        "max_pending_jobs": Key(_JOBS, "how many of its jobs may wait at once", default="no limit"),
        "max_running_jobs": Key(
            _JOBS, "how many jobs, its own and those below it, may run at once", default="no limit"
        ),
        "user_limit": Key(QUOTA, "the most that each single user may hold"),
        "user_max_running_jobs": Key(
            _JOBS, "how many jobs each single user may run at once", default="no limit"
        ),
        "budget": Key(BUDGET, "a soft budget: what has started goes on whatever it costs"),
    },
)

TENANTS: Final = Fields(
    "tenants.yaml",
    {"tenants": Key(Named(TENANT, TENANT_KEYS), "tenants by id, in any order", required=True)},
)
