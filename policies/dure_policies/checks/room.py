"""The room: its time zone, its nodes and their flavors."""

from __future__ import annotations

from zoneinfo import available_timezones

from dure_policies import local
from dure_policies.draft import SEOUL, Draft
from dure_policies.findings import Findings, Place, nearest, shown
from dure_policies.keys.room import OPTIONS
from dure_policies.reading import Entry


def check(draft: Draft, findings: Findings) -> None:
    """Check time zone, node ids and the flavors of nodes."""
    _check_timezone(draft, findings)
    first: dict[str, Place] = {}
    for name, pool in draft.room.entry("pools").entries():
        nodes = pool.entry("nodes")
        _check_backend(name, pool, findings)
        for node, read in nodes.items():
            if node in first:
                said = f"the node {node} is in another pool too, on line {first[node].line}"
                findings.add(read.key, f"{said}; give each node an id of its own")
            first.setdefault(node, read.key)
        for _, entry in nodes.entries():
            check_flavors(entry.entry("gpus"), draft, findings)


def _check_backend(name: str, pool: Entry, findings: Findings) -> None:
    """A local pool declares its nodes, others find theirs; each takes the options of its own backend."""
    backend, nodes = pool.get("backend", ""), pool.entry("nodes")
    if backend == "local" and not nodes.written and not pool.lost("nodes"):
        at = pool.at("nodes") if "nodes" in pool.reads else pool.at("backend")
        findings.add(at, f"the pool {name} has no nodes; declare at least one")
    if backend not in OPTIONS:
        return
    if backend != "local" and "nodes" in pool.reads:
        findings.add(pool.at("nodes"), f"a {backend} pool finds its nodes itself; leave nodes out")
    for option, read in pool.entry("options").items():
        if option not in OPTIONS[backend]:
            there = ", ".join(OPTIONS[backend])
            findings.add(read.key, f"a {backend} pool has no option {option}; there are {there}")


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
