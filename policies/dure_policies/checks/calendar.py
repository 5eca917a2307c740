"""The calendar: entries that end after they begin, for tenants and flavors that exist."""

from __future__ import annotations

from dure_policies.amounts import quantities
from dure_policies.checks.room import check_flavors
from dure_policies.draft import Draft, moment
from dure_policies.findings import Findings, shown
from dure_policies.reading import Entry


def check(draft: Draft, findings: Findings) -> None:
    """Check times, tenants and amounts of every entry."""
    for _, entry in draft.calendar.entries():
        start, end = (moment(entry, key, draft.zone, findings) for key in ("start", "end"))
        if start is not None and end is not None and end <= start:
            findings.add(entry.at("end"), "the entry is over before it begins; write an end after its start")
        check_flavors(entry.entry("resources").entry("gpus"), draft, findings)
        if (
            "resources" in entry.reads
            and entry.complete
            and not any(quantities(entry.entry("resources")).values())
        ):
            findings.add(
                entry.at("resources"), "nothing is promised here; name an amount of cpu, memory or gpus"
            )
        _check_tenants(entry, draft, findings)


def _check_tenants(entry: Entry, draft: Draft, findings: Findings) -> None:
    if "tenants" in entry.reads and not entry.listed("tenants"):
        findings.add(entry.at("tenants"), "the entry is for nobody; name at least one tenant")
    seen: set[object] = set()
    for read in entry.listed("tenants"):
        name = str(read.value)
        if name in seen:
            findings.add(read.place, f"the tenant {name} is here again; keep one")
        elif name not in draft.tenants.written and draft.tenants_known:
            what = f"there is no tenant {shown(name)}"
            findings.add_missing(read.place, what, name, draft.tenants.written, "name one of the tenants")
        seen.add(name)
