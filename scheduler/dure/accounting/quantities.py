"""Quantities as people read them: amount x ms as core-hours, GiB-hours and device-hours, by integers alone."""

from __future__ import annotations

from dure.accounting.split import nearest
from dure.model.instants import HOUR
from dure.model.resources import CPU, MEMORY, ResourceName, flavor_of

PLACES = 6
"""Decimals of a quantity: enough to check a line, quantity x unit price, to the won at up to a million won."""

_PER_UNIT = {CPU: 1000, MEMORY: 1024}
_WEIGHED = 1000
"""Flavor values are thousandths: value-weighted devices are counted in thousandths too."""


def unit_hour(resource: ResourceName) -> int:
    """How much amount x ms one unit-hour is: 1 core, 1 GiB or 1 device for an hour."""
    return _PER_UNIT.get(resource, 1) * HOUR


def pooled_unit_hour(measure: str) -> int:
    """As `unit_hour` for what a cost pool is shared by; `gpu` counts devices x value in thousandths."""
    return _PER_UNIT.get(measure, _WEIGHED) * HOUR


def unit_name(resource: ResourceName) -> str:
    """`core-hours`, `GiB-hours`, `device-hours`; `value-hours` for devices weighed by value (`gpu`)."""
    if resource in _PER_UNIT:
        return {CPU: "core-hours", MEMORY: "GiB-hours"}[resource]
    return "device-hours" if flavor_of(resource) else "value-hours"


def decimal(numerator: int, unit: int, places: int = PLACES) -> str:
    """`numerator / unit` with that many decimals, halves away from zero: `decimal(1, 3) == "0.333333"`."""
    scaled = nearest(abs(numerator) * 10**places, unit)
    sign = "-" if numerator < 0 and scaled else ""
    return f"{sign}{scaled // 10**places}.{scaled % 10**places:0{places}}"
