"""The calendar: entries and maintenance that end after they begin, for tenants, flavors and nodes that exist."""

from __future__ import annotations

from dure.model.resources import ResourceName
from dure_policies.amounts import quantities, stated
from dure_policies.checks.names import check_names, check_tenant
from dure_policies.checks.room import check_flavors
from dure_policies.draft import Draft, moment
from dure_policies.findings import Findings, shown
from dure_policies.reading import Entry


def check(draft: Draft, findings: Findings) -> None:
    """Check every entry and every maintenance for itself."""
    for _, entry in draft.calendar.entries():
        _check_times(entry, "entry", draft, findings)
        check_flavors(entry.entry("resources").entry("gpus"), draft, findings)
        _check_amounts(entry, findings)
        nobody = "the entry is for nobody; name at least one tenant"
        for read in check_names(entry, "tenants", nobody, "the tenant", findings):
            check_tenant(str(read.value), read.place, draft, findings)
    _check_yields(draft, findings)
    for _, maintenance in draft.maintenance.entries():
        _check_times(maintenance, "maintenance", draft, findings)
        _check_nodes(maintenance, draft, findings)


def _check_times(entry: Entry, what: str, draft: Draft, findings: Findings) -> None:
    start, end = (moment(entry, key, draft.zone, findings) for key in ("start", "end"))
    if start is not None and end is not None and end <= start:
        findings.add(entry.at("end"), f"the {what} is over before it begins; write an end after its start")


def _check_amounts(entry: Entry, findings: Findings) -> None:
    promised = quantities(entry.entry("resources")).values()
    if "resources" in entry.reads and entry.complete and not any(promised):
        findings.add(entry.at("resources"), "nothing is promised here; name an amount of cpu, memory or gpus")


def _check_nodes(maintenance: Entry, draft: Draft, findings: Findings) -> None:
    nodes = draft.nodes()
    nobody = "the maintenance is of no node; name at least one"
    for read in check_names(maintenance, "nodes", nobody, "the node", findings):
        name = str(read.value)
        if nodes is not None and name not in nodes:
            what = f"there is no node {shown(name)}"
            findings.add_missing(read.place, what, name, nodes, "name one of the nodes")


# Who gives way


def _check_yields(draft: Draft, findings: Findings) -> None:
    stating = {name: set(stated(tenant.entry("guarantee"))) for name, tenant in draft.tenants.entries()}
    for _, window in draft.windows.entries():
        for name, change in window.entry("tenants").entries():
            stating.setdefault(name, set()).update(stated(change.entry("guarantee")))
    for _, entry in draft.calendar.entries():
        for read in check_names(entry, "yields", "", "the tenant", findings):
            name = str(read.value)
            there = check_tenant(name, read.place, draft, findings)
            if there and (wrong := _misfit(name, entry, stating[name], draft)):
                findings.add(read.place, wrong)


def _misfit(name: str, entry: Entry, stating: set[ResourceName], draft: Draft) -> str:
    """What is wrong with a tenant that yields, or ""."""
    if any(read.value == name for read in entry.listed("tenants")):
        return f"{name} would yield to itself; name another, or remove it"
    wanted = {resource for resource, some in quantities(entry.entry("resources")).items() if some}
    if draft.tenants.complete and entry.complete and wanted and not wanted & stating:
        listed = ", ".join(sorted(wanted)[:6])
        return (
            f"{name} itself is guaranteed no {listed}, so it has nothing to yield; name another, or remove it"
        )
    return ""
