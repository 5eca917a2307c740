"""A bundle as read, file by file, before anything is known about how its parts fit together."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from zoneinfo import ZoneInfo

from dure.model.instants import Instant, Interval
from dure.model.resources import ResourceName
from dure_policies import local
from dure_policies.amounts import quantities
from dure_policies.findings import Findings, Place
from dure_policies.reading import Entry

SEOUL = "Asia/Seoul"


@dataclass(slots=True)
class Draft:
    """The four mappings of a bundle, empty where a file is missing or could not be read.

    `complete` names the files that were read without a finding.
    """

    room: Entry
    tenants: Entry
    prices: Entry
    calendar: Entry
    complete: frozenset[str] = frozenset()
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo(SEOUL))

    @classmethod
    def of(cls, files: dict[str, Entry | None]) -> Draft:
        """The draft of what was read of each file."""
        there = {name: entry or Entry(Place(name), complete=False) for name, entry in files.items()}
        room = there["room.yaml"]
        return cls(
            room,
            there["tenants.yaml"].entry("tenants"),
            there["prices.yaml"].entry("prices"),
            there["calendar.yaml"].entry("calendar"),
            frozenset(name for name, entry in there.items() if entry.complete),
            local.zone(room.get("timezone", SEOUL)) or ZoneInfo(SEOUL),
        )

    @property
    def room_known(self) -> bool:
        """Whether nodes and flavors were all read, so that what is missing there is missing indeed."""
        return "room.yaml" in self.complete or (
            "pools" in self.room.reads
            and self.room.entry("pools").complete
            and self.room.entry("flavors").complete
        )

    @property
    def flavors(self) -> set[str]:
        """GPU flavors by name."""
        return set(self.room.entry("flavors").reads)

    def capacity(self) -> dict[ResourceName, int]:
        """What all declared nodes have together."""
        total: dict[ResourceName, int] = {}
        for _, pool in self.room.entry("pools").entries():
            for _, node in pool.entry("nodes").entries():
                for name, amount in quantities(node).items():
                    total[name] = total.get(name, 0) + amount
        return total


def term(tenant: Entry, zone: ZoneInfo) -> Interval | None:
    """The tenancy, or None where there is none or it makes no sense."""
    days = tenant.entry("term")
    first, last = days.get("first_day", date.max), days.get("last_day", date.min)
    return Interval(local.midnight(first, zone), local.next_midnight(last, zone)) if first <= last else None


def moment(entry: Entry, key: str, zone: ZoneInfo, findings: Findings) -> Instant | None:
    """The instant under a key, or None, with a finding where clocks skip it."""
    read = entry.reads.get(key)
    if read is None:
        return None
    try:
        return local.instant(entry.get(key, local.EPOCH), zone)
    except ValueError as wrong:
        findings.add(read.place, str(wrong))
        return None
