"""What must hold between the parts of a bundle, one file for each subject."""

from dure_policies.checks import (
    budgets,
    calendar,
    planning,
    prices,
    promises,
    quotas,
    room,
    tenancy,
    windows,
)
from dure_policies.draft import Draft
from dure_policies.findings import Findings


def check(draft: Draft, findings: Findings, warnings: Findings) -> None:
    """Add everything that does not fit together, and warn of what fits but is probably not meant."""
    room.check(draft, findings)
    planning.check(draft, findings, warnings)
    tenancy.check(draft, findings)
    quotas.check(draft, findings)
    budgets.check(draft, findings, warnings)
    prices.check(draft, findings, warnings)
    calendar.check(draft, findings)
    windows.check(draft, findings)
    promises.check(draft, findings, warnings)


__all__ = ["check"]
