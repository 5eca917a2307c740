"""A bundle in one line."""

from __future__ import annotations

from dure.model.rules import Rules


def summary(rules: Rules) -> str:
    """How many of each thing the rules name."""
    parents = {tenant.parent for tenant in rules.tenants}
    counts = {
        "tenant": len(rules.tenants),
        "that run jobs": sum(tenant.id not in parents for tenant in rules.tenants),
        "node": sum(len(pool.nodes) for pool in rules.pools),
        "GPU flavor": len(rules.flavors),
        "price version": len(rules.prices),
        "calendar entry": len(rules.calendar),
    }
    found = {"maintenance entry": len(rules.maintenance), "window": len(rules.windows)}
    counts |= {what: count for what, count in found.items() if count}
    return ", ".join(_counted(what, count) for what, count in counts.items())


def _counted(what: str, count: int) -> str:
    if what.startswith("that") or count == 1:
        return f"{count} {what}"
    return f"{count} {what[:-1]}ies" if what.endswith("y") else f"{count} {what}s"
