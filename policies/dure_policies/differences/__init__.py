"""Who gains and loses what between two sets of rules."""

from dure.model.rules import Rules
from dure_policies.differences import calendar, prices, room, tenants, windows
from dure_policies.differences.line import Difference, Effect


def diff(old: Rules, new: Rules) -> tuple[Difference, ...]:
    """Every difference: tenants in the order of the new rules, then the room, prices, calendar and windows."""
    parts = (tenants, room, prices, calendar, windows)
    return tuple(difference for part in parts for difference in part.differences(old, new))


__all__ = ["Difference", "Effect", "diff"]
