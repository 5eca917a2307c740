"""The keys of calendar.yaml."""

from __future__ import annotations

from typing import Final

from dure_policies.hours import CLOCK, CLOCK_END, WEEKDAYS
from dure_policies.keys.amounts import QUOTA
from dure_policies.kinds import ID, MOMENT, NAME, TENANT, Fields, Key, Listed, Named, whole

_KOREAN: Final = Key(NAME, "its Korean name")
_START: Final = Key(MOMENT, "when it begins", required=True)
_END: Final = Key(MOMENT, "when it is over; a day alone means its midnight", required=True)

ENTRY: Final = Fields(
    "an entry",
    {
        "name_ko": _KOREAN,
        "start": _START,
        "end": _END,
        "tenants": Key(Listed(TENANT), "for whom", required=True),
        "resources": Key(QUOTA, "how much, together", required=True),
        "yields": Key(
            Listed(TENANT, 100), "whose guarantees give way where the room has less than is promised"
        ),
    },
)

MAINTENANCE: Final = Fields(
    "a maintenance",
    {
        "name_ko": _KOREAN,
        "start": _START,
        "end": _END,
        "nodes": Key(Listed(ID, 10_000), "the nodes that hold nothing meanwhile", required=True),
    },
)

CHANGE: Final = Fields(
    "a tenant's quota",
    {
        "guarantee": Key(QUOTA, "its whole guarantee meanwhile", default="its own"),
        "limit": Key(QUOTA, "its whole limit meanwhile", default="its own"),
        "weight": Key(whole(1, 1_000_000), "its weight meanwhile", default="its own"),
    },
)

WINDOW: Final = Fields(
    "a window",
    {
        "name_ko": _KOREAN,
        "days": Key(WEEKDAYS, "the days on which it begins", required=True),
        "start": Key(CLOCK, "when it begins on each of them", required=True),
        "end": Key(CLOCK_END, "when it is over; where not after `start`, on the next day", required=True),
        "tenants": Key(Named(TENANT, CHANGE), "what holds meanwhile, by tenant", required=True),
    },
)

CALENDAR: Final = Fields(
    "calendar.yaml",
    {
        "calendar": Key(Named(NAME, ENTRY), "capacity promised for a time, by name"),
        "maintenance": Key(Named(NAME, MAINTENANCE), "nodes that are out for a time, by name"),
        "windows": Key(
            Named(NAME, WINDOW),
            "other quotas at certain hours of the week, by name; where two are open the later in the file holds",
        ),
    },
)
