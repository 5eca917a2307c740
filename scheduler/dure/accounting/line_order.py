"""The order in which a statement's lines are read: project by project, what has a price first."""

from __future__ import annotations

from typing import TypeAlias

from dure.accounting.charges import RATE, Charge, ChargeKey, pool_name
from dure.model.resources import CPU, MEMORY, ResourceName, flavor_of

ReadingOrder: TypeAlias = tuple[str, int, int, ChargeKey]
"""(project, place of the rule, place of the resource, key of the charge)."""


def reading_order(charge: Charge) -> ReadingOrder:
    """By project, then rate lines (GPUs, CPU, memory), then cost pools, then all else; ties by key."""
    return charge.project, _rule(charge.rule), _resource(charge.resource), charge.key


def _rule(rule: str) -> int:
    if rule == RATE:
        return 0
    return 1 if pool_name(rule) else 2


def _resource(resource: ResourceName) -> int:
    if flavor_of(resource):
        return 0
    return {CPU: 1, MEMORY: 2}.get(resource, 3)
