"""How a server is told to serve."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from dure.model.instants import MINUTE, Millis


@dataclass(frozen=True, slots=True)
class Settings:
    """Where the data is kept, where the API listens (port 0: any free one), how often work is metered.

    `meter_every` in ms while something runs, `meter_idle_every` while nothing does; `policy_every_s` is the
    time between two looks at the policy's source. `budget_every` in ms is the time between two looks at budgets.
    `check_plans`: every plan is held against the invariants of DESIGN 3.3 before it is acted on.
    """

    data: Path
    host: str = "127.0.0.1"
    port: int = 0
    meter_every: Millis = MINUTE
    meter_idle_every: Millis = 10 * MINUTE
    policy_every_s: float = 2.0
    budget_every: Millis = 10 * MINUTE
    check_plans: bool = False
