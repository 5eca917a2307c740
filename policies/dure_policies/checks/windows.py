"""Windows: days, tenants and flavors that exist, and quotas that agree with what the tenant states beside them."""

from __future__ import annotations

from dure_policies.checks.held import known, own
from dure_policies.checks.names import check_names, check_tenant
from dure_policies.checks.quotas import misfits, promised_below
from dure_policies.checks.room import check_flavors
from dure_policies.checks.week import open_at_once
from dure_policies.draft import Draft
from dure_policies.findings import Findings, Place
from dure_policies.reading import Entry

MOST = 30


def check(draft: Draft, findings: Findings) -> None:
    """Check each window, then each tenant under all windows that can be open at once."""
    for name, window in draft.windows.entries():
        check_names(window, "days", "the window has no day; name at least one", "the day", findings)
        _check_changes(name, window, draft, findings)
    if len(draft.windows.reads) > MOST:
        said = f"there are {len(draft.windows.reads)} windows"
        findings.add(draft.windows.place, f"{said}; write at most {MOST}")
    else:
        _check_quotas(draft, findings)


def _check_changes(name: str, window: Entry, draft: Draft, findings: Findings) -> None:
    tenants = window.entry("tenants")
    if "tenants" in window.reads and tenants.complete and not tenants.reads:
        findings.add(
            window.at("tenants"), "nothing changes here; name a tenant and what holds for it meanwhile"
        )
    for tenant, read in tenants.items():
        check_tenant(tenant, read.key, draft, findings)
    for tenant, change in tenants.entries():
        if change.complete and not change.reads:
            said = f"nothing changes for {tenant} in {name}"
            findings.add(change.place, f"{said}; state its guarantee, limit or weight")
        for key in ("guarantee", "limit"):
            check_flavors(change.entry(key).entry("gpus"), draft, findings)


def _check_quotas(draft: Draft, findings: Findings) -> None:
    below = promised_below(draft.tenants)
    found: dict[tuple[Place, str], None] = {}
    said: set[tuple[Place, str]] = set()
    for tenant, names in _together(draft):
        if not known(draft.tenants.entry(tenant)):
            continue
        held, under = own(draft.tenants.entry(tenant)), below.get(tenant, set())
        changes = (draft.windows.entry(name).entry("tenants").entry(tenant) for name in names)
        said.update(misfits(tenant, held, under))
        found.update(dict.fromkeys(misfits(tenant, held.under(changes), under)))
    for place, message in found:
        if (place, message) not in said:
            findings.add(place, message)


def _together(draft: Draft) -> set[tuple[str, tuple[str, ...]]]:
    """(tenant, windows that are open at once and change something for it)."""
    tenants = {name: window.entry("tenants").reads for name, window in draft.windows.entries()}
    found = set()
    for names in open_at_once(draft.windows):
        changes: dict[str, list[str]] = {}
        for name in names:
            for tenant in tenants[name]:
                changes.setdefault(tenant, []).append(name)
        found |= {(tenant, tuple(by)) for tenant, by in changes.items() if tenant in draft.tenants.reads}
    return found
