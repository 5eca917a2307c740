"""A bundle as read, file by file, before anything is known about how its parts fit together."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from zoneinfo import ZoneInfo

from dure.model.instants import Instant, Interval
from dure.model.resources import ResourceName, flavor_of, gpu
from dure_policies import local
from dure_policies.amounts import quantities
from dure_policies.findings import Findings, Place
from dure_policies.reading import Entry

SEOUL = "Asia/Seoul"


@dataclass(slots=True)
class Draft:
    """The mappings of a bundle, empty where a file is missing or could not be read."""

    room: Entry
    tenants: Entry
    prices: Entry
    calendar: Entry
    maintenance: Entry
    windows: Entry
    tenants_known: bool
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo(SEOUL))

    @classmethod
    def of(cls, files: dict[str, Entry | None]) -> Draft:
        """The draft of what was read of each file."""
        unread = {name: Entry(Place(name), strange=True, complete=False) for name in files}
        there = {name: entry or unread[name] for name, entry in files.items()}
        room, calendar = there["room.yaml"], there["calendar.yaml"]
        return cls(
            room,
            there["tenants.yaml"].entry("tenants"),
            there["prices.yaml"].entry("prices"),
            calendar.entry("calendar"),
            calendar.entry("maintenance"),
            calendar.entry("windows"),
            "tenants" in there["tenants.yaml"].reads,
            local.zone(room.get("timezone", SEOUL)) or ZoneInfo(SEOUL),
        )

    @property
    def flavors(self) -> set[str] | None:
        """GPU flavors by name; None where they could not be read."""
        return None if self.room.lost("flavors") else self.room.entry("flavors").written

    def nodes(self) -> dict[str, Entry] | None:
        """The nodes that pools declare, by id; None where some could not be read."""
        pools = self.room.entry("pools")
        if "pools" not in self.room.reads or any(_loses_nodes(pools, name) for name in pools.written):
            return None
        return {name: node for _, pool in pools.entries() for name, node in pool.entry("nodes").entries()}

    def capacity(self) -> dict[ResourceName, int] | None:
        """What all declared nodes have together, without what a node's mistake leaves open; None for no nodes."""
        pools = self.room.entry("pools")
        nodes = [node for _, pool in pools.entries() for _, node in pool.entry("nodes").entries()]
        if "pools" not in self.room.reads or any(_loses_nodes(pools, name) for name in pools.written):
            return None
        total: dict[ResourceName, int] = dict.fromkeys(["cpu", "memory", *map(gpu, self.flavors or ())], 0)
        for node in nodes:
            for name, amount in quantities(node).items():
                total[name] = total.get(name, 0) + amount
        lost = {name for node in nodes for name in _lost(node)}
        no_gpus = any(_misnames_gpus(node, self.flavors) for node in nodes)
        return {n: sum_ for n, sum_ in total.items() if n not in lost and not (no_gpus and flavor_of(n))}


def _loses_nodes(pools: Entry, name: str) -> bool:
    """Whether a pool may have nodes that could not be read."""
    nodes = pools.entry(name).entry("nodes")
    return "nodes" not in pools.entry(name).reads or nodes.strange or nodes.written != set(nodes.reads)


def _misnames_gpus(node: Entry, flavors: set[str] | None) -> bool:
    """Whether a node may have GPUs of any flavor that could not be read."""
    gpus = node.entry("gpus")
    return node.lost("gpus") or gpus.strange or not gpus.written <= (flavors or gpus.written)


def _lost(node: Entry) -> Iterator[ResourceName]:
    """Resources of which a node's amount could not be read."""
    yield from {"cpu", "memory"} - set(node.reads)
    gpus = node.entry("gpus")
    yield from (gpu(flavor) for flavor in gpus.written - set(gpus.reads))


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
