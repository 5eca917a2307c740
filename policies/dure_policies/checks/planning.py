"""Planning: settings that contradict each other, or that do nothing beside another."""

from __future__ import annotations

from dure.model.rules import Planning
from dure_policies.draft import Draft
from dure_policies.findings import Findings
from dure_policies.reading import Entry
from dure_policies.writing import length

_DEFAULT = Planning()


def check(draft: Draft, findings: Findings, warnings: Findings) -> None:
    """Check each pair of settings of which one says something about the other."""
    planning = draft.room.entry("planning")
    _check_order(planning, findings)
    _check_victims(planning, findings)
    _check_reservations(planning, findings, warnings)
    _check_times(planning, findings, warnings)


def _known(planning: Entry, *keys: str) -> bool:
    """Whether none of them was written and could not be read."""
    return not any(planning.lost(key) for key in keys)


def _check_order(planning: Entry, findings: Findings) -> None:
    if planning.get("order", "") != "fifo":
        return
    if planning.get("between_borrowers", "never") != "never":
        said = "order: fifo starts jobs by arrival, whatever their tenants hold"
        findings.add(
            planning.at("between_borrowers"), f"{said}; write between_borrowers: never, or order: fair"
        )
    if planning.get("within_tenant", "never") != "never":
        said = "order: fifo starts jobs by arrival, whatever their priority"
        findings.add(planning.at("within_tenant"), f"{said}; write within_tenant: never, or order: fair")


def _check_victims(planning: Entry, findings: Findings) -> None:
    if planning.get("between_borrowers", "never") != "never" or not _known(planning, "between_borrowers"):
        return
    for key in ("min_runtime", "eviction_budget"):
        if planning.get(key, 0):
            said = f"{key} protects borrowers from each other, and none displaces another here"
            findings.add(planning.at(key), f"{said}; remove it, or write between_borrowers: fair")


def _check_reservations(planning: Entry, findings: Findings, warnings: Findings) -> None:
    depth: int | None = planning.get("depth", _DEFAULT.depth)
    if not _known(planning, "depth", "backfill"):
        return
    if not planning.get("backfill", True):
        if depth is None or depth > 1:
            said = (
                "without backfill nothing goes past the first job that is blocked, so one reservation is all"
            )
            findings.add(planning.at("depth"), f"{said}; write depth: 1, or backfill: true")
    elif depth == 0:
        said = "without a reservation small jobs may keep a large one waiting for ever"
        warnings.add(planning.at("depth"), f"{said}; write depth: 1 if that is not meant")


def _check_times(planning: Entry, findings: Findings, warnings: Findings) -> None:
    grace = planning.get("grace", _DEFAULT.grace)
    timeout = planning.get("claim_timeout", _DEFAULT.claim_timeout)
    within = planning.get("reclaim_within", _DEFAULT.reclaim_within)
    if not _known(planning, "grace", "claim_timeout", "reclaim_within"):
        return
    if timeout <= grace:
        at = planning.at("claim_timeout" if "claim_timeout" in planning.reads else "grace")
        said = f"a claim of {length(timeout)} does not outlast a grace of {length(grace)}"
        findings.add(at, f"{said}; write a claim_timeout longer than the grace")
    if 0 < within < grace:
        said = f"whoever is displaced may take a grace of {length(grace)}, so nothing is back sooner"
        warnings.add(planning.at("reclaim_within"), f"{said}; write {length(grace)} or more")
