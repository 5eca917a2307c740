"""What must hold between the parts of a bundle, one file for each subject."""

from dure_policies.checks import calendar, prices, promises, room, tenancy
from dure_policies.draft import Draft
from dure_policies.findings import Findings


def check(draft: Draft, findings: Findings, warnings: Findings) -> None:
    """Add everything that does not fit together, and warn of what fits but is probably not meant."""
    room.check(draft, findings)
    tenancy.check(draft, findings)
    prices.check(draft, findings, warnings)
    calendar.check(draft, findings)
    promises.check(draft, findings)


__all__ = ["check"]
