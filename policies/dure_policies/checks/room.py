"""The room: its time zone, its nodes and their flavors."""

from __future__ import annotations

from zoneinfo import available_timezones

from dure_policies import local
from dure_policies.draft import SEOUL, Draft
from dure_policies.findings import Findings, Place, nearest, shown
from dure_policies.reading import Entry


def check(draft: Draft, findings: Findings) -> None:
    """Check time zone, node ids and the flavors of nodes."""
    _check_timezone(draft, findings)
    first: dict[str, Place] = {}
    for name, pool in draft.room.entry("pools").entries():
        nodes = pool.entry("nodes")
        if nodes.complete and not nodes.reads and "nodes" in pool.reads:
            findings.add(pool.at("nodes"), f"the pool {name} has no nodes; declare at least one")
        for node, read in nodes.items():
            if node in first:
                said = f"the node {node} is in another pool too, on line {first[node].line}"
                findings.add(read.key, f"{said}; give each node an id of its own")
            first.setdefault(node, read.key)
        for _, entry in nodes.entries():
            check_flavors(entry.entry("gpus"), draft, findings)


def _check_timezone(draft: Draft, findings: Findings) -> None:
    name = draft.room.get("timezone", SEOUL)
    if local.zone(name) is None:
        close = nearest(name, available_timezones(), cutoff=0.8)
        right = f"did you mean {close}?" if close else "write an IANA name such as Asia/Seoul"
        findings.add(draft.room.at("timezone"), f"there is no time zone {shown(name)}; {right}")


def check_flavors(gpus: Entry, draft: Draft, findings: Findings) -> None:
    """Each key of a mapping by flavor must be a flavor of the room."""
    for flavor, read in gpus.items():
        if draft.flavors is not None and flavor not in draft.flavors:
            otherwise = "declare it under flavors in room.yaml; there are"
            findings.add_missing(
                read.key, f"there is no flavor {shown(flavor)}", flavor, draft.flavors, otherwise
            )
