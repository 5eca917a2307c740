"""Who gains and loses what between two sets of rules."""

from dure.model.rules import Rules
from dure_policies.differences import prices, room, tenants
from dure_policies.differences.line import Difference, Effect


def diff(old: Rules, new: Rules) -> tuple[Difference, ...]:
    """Every difference: tenants in the order of the new rules, then the room, prices and the calendar."""
    return (*tenants.differences(old, new), *room.differences(old, new), *prices.differences(old, new))


__all__ = ["Difference", "Effect", "diff"]
