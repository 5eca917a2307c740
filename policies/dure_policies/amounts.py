"""Amounts by resource name: taken from an entry, and written as people write them."""

from __future__ import annotations

from dure.model.resources import CPU, MEMORY, ResourceName, gpu
from dure_policies.reading import Entry, Read


def stated(amounts: Entry) -> dict[ResourceName, Read]:
    """Every amount in a mapping of `cpu`, `memory` and `gpus`, by resource name; the values are integers."""
    plain = {name: read for name, read in amounts.items() if name in {CPU, MEMORY}}
    return plain | {gpu(flavor): read for flavor, read in amounts.entry("gpus").items()}


def quantities(amounts: Entry) -> dict[ResourceName, int]:
    """The same as plain integers: millicores, MiB, devices."""
    return {name: read.value for name, read in stated(amounts).items() if isinstance(read.value, int)}


def written(resource: ResourceName, amount: int) -> str:
    """An amount of a resource as it is written in a bundle: `1.5`, `4Gi`, `2`."""
    if resource == CPU:
        return f"{amount / 1000:g}" if abs(amount) < 10**9 else f"{amount}m"
    if resource == MEMORY:
        return f"{amount // 1024}Gi" if amount % 1024 == 0 else f"{amount}Mi"
    return str(amount)
