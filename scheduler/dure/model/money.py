"""Money: integer micro-won, so that sums are exact."""

from __future__ import annotations

from dataclasses import dataclass

MICRO = 1_000_000
"""Micro-won in a won."""


@dataclass(frozen=True, slots=True, order=True)
class Money:
    """An amount of won in integer micro-won; may be negative (a credit)."""

    micro: int = 0

    @classmethod
    def won(cls, won: int) -> Money:
        """The amount of that many whole won."""
        return cls(won * MICRO)

    def __add__(self, other: Money) -> Money:
        return Money(self.micro + other.micro)

    def __sub__(self, other: Money) -> Money:
        return Money(self.micro - other.micro)

    def __neg__(self) -> Money:
        return Money(-self.micro)

    def __bool__(self) -> bool:
        return self.micro != 0
