"""Every key of every file: kind, meaning, need, default. Reader, schemas and reference come from here."""

from __future__ import annotations

from typing import Final

from dure_policies.keys.calendar import CALENDAR
from dure_policies.keys.job import JOB
from dure_policies.keys.prices import PRICES
from dure_policies.keys.room import ROOM
from dure_policies.keys.tenants import TENANTS
from dure_policies.kinds import Fields

FILES: Final[dict[str, Fields]] = {
    "room.yaml": ROOM,
    "tenants.yaml": TENANTS,
    "prices.yaml": PRICES,
    "calendar.yaml": CALENDAR,
}
"""A bundle's files, in the order in which they are read; the last two may be missing."""

OPTIONAL: Final = frozenset({"prices.yaml", "calendar.yaml"})

__all__ = ["FILES", "JOB", "OPTIONAL"]
