"""Names in lists: each once, each of something that is there."""

from __future__ import annotations

from dure_policies.draft import Draft
from dure_policies.findings import Findings, Place, shown
from dure_policies.reading import Entry, Read


def check_names(entry: Entry, key: str, nobody: str, what: str, findings: Findings) -> tuple[Read, ...]:
    """The names under a key, each once; a finding for each that comes again.

    `nobody` is said where there is none; "" where there may be none.
    """
    if nobody and key in entry.reads and entry.complete and not entry.listed(key):
        findings.add(entry.at(key), nobody)
    first: dict[object, Read] = {}
    for read in entry.listed(key):
        if read.value in first:
            findings.add(read.place, f"{what} {read.value} is here again; keep one")
        first.setdefault(read.value, read)
    return tuple(first.values())


def check_tenant(name: str, place: Place, draft: Draft, findings: Findings) -> bool:
    """Whether there is such a tenant; a finding at the place where there is none."""
    if name in draft.tenants.written or not draft.tenants_known:
        return name in draft.tenants.reads
    what = f"there is no tenant {shown(name)}"
    findings.add_missing(place, what, name, draft.tenants.written, "name one of the tenants")
    return False
