"""Prices: versions that begin one after another, rates for flavors that exist."""

from __future__ import annotations

from dure_policies.checks.room import check_flavors
from dure_policies.draft import Draft, moment
from dure_policies.findings import Findings


def check(draft: Draft, findings: Findings, warnings: Findings) -> None:
    """Check starts and flavors; warn of flavors without a rate."""
    starts: dict[int, str] = {}
    for name, version in draft.prices.entries():
        gpus = version.entry("rates").entry("gpus")
        check_flavors(gpus, draft, findings)
        start = moment(version, "start", draft.zone, findings)
        if start is not None and start in starts:
            said = f"{name} begins when {starts[start]} begins"
            findings.add(version.at("start"), f"{said}; write another start")
        elif start is not None:
            starts[start] = name
        if "rates" in version.reads and (bare := sorted((draft.flavors or set()) - gpus.written)):
            said = f"{name} has no rate for {', '.join(bare[:6])}"
            warnings.add(
                version.reads["rates"].key, f"{said}: its use costs nothing by rate; write 0 if that is meant"
            )
