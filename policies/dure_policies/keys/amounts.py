"""Amounts of resources and of money, as several files state them."""

from __future__ import annotations

from typing import Final

from dure_policies.kinds import CPU, ID, MEMORY, Fields, Key, Named, decimal, whole

WON: Final = decimal(6, "0", "1_000_000_000_000", "1_900 or 0.5")
DEVICES: Final = Named(ID, whole(0, 1_000_000))

AMOUNTS: Final = {
    "cpu": Key(CPU, "cpus: `8`, `1.5` or `500m`"),
    "memory": Key(MEMORY, "memory with its unit: `512Mi`, `4Gi`, `1Ti`"),
    "gpus": Key(DEVICES, "devices by GPU flavor"),
}

QUOTA: Final = Fields("amounts", AMOUNTS)
