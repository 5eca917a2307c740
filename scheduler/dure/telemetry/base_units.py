"""Prometheus' base units: cores, bytes, devices and seconds instead of millicores, MiB and milliseconds."""

from __future__ import annotations

from fractions import Fraction

from dure.model.instants import SECOND
from dure.model.resources import CPU, MEMORY, ResourceName

_UNITS = {CPU: Fraction(1, 1000), MEMORY: Fraction(2**20)}


def amount(resource: ResourceName, value: int) -> float:
    """Millicores as cores, MiB as bytes, devices as they are; rounded once, to the nearest float."""
    return float(value * _UNITS.get(resource, Fraction(1)))


def resource_seconds(resource: ResourceName, value: int) -> float:
    """Amount x ms as core-seconds, byte-seconds or device-seconds; rounded once, to the nearest float."""
    return float(value * _UNITS.get(resource, Fraction(1)) / SECOND)
