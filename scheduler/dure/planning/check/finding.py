"""What the checker says: which invariant a plan breaks, where, and by how much."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from dure.model.plan import Numbers


class Invariant(StrEnum):
    """What DESIGN 3.3 promises of every plan."""

    CAPACITY = "capacity"
    GANG = "gang"
    MAY_START = "may-start"
    LIMIT = "limit"
    VICTIM = "victim"
    CLAIM = "claim"
    ONCE = "once"
    MINIMAL = "minimal"
    RESERVATION = "reservation"
    PROMISE = "promise"
    IDLE = "idle"
    CALENDAR = "calendar"
    FIXED_POINT = "fixed-point"
    DETERMINISTIC = "deterministic"


@dataclass(frozen=True, slots=True)
class Finding:
    """One invariant that does not hold. `subject` is the job, node or tenant; `text` says what is wrong."""

    invariant: Invariant
    subject: str
    text: str
    numbers: Numbers = ()

    def __str__(self) -> str:
        told = ", ".join(f"{name} {amount}" for name, amount in self.numbers)
        return f"{self.invariant}: {self.subject} {self.text}" + (f" ({told})" if told else "")
