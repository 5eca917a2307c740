"""Divisions of integers that lose nothing: largest remainder (Hamilton's method), ties by key.

Everything that divides money goes through here, so that parts always add up to the whole.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol, TypeVar


class Ordered(Protocol):
    """A key that can be put in order: ties go to the lowest."""

    def __lt__(self, other: Any, /) -> bool: ...


K = TypeVar("K", bound=Ordered)


def nearest(numerator: int, unit: int) -> int:
    """`numerator / unit` to the nearest integer, halves up; `unit` is positive."""
    return (2 * numerator + unit) // (2 * unit)


def round_parts(parts: Mapping[K, int], unit: int, total: int | None = None) -> dict[K, int]:
    """Every `part / unit` as an integer, together exactly `total`.

    Each is rounded down, then the largest remainders are rounded up until the total is reached; a part is never
    more than one away from its exact value, and a part without remainder never moves. `total` is the exact sum
    of all parts over `unit`, rounded to one of its two neighbours: by default to the nearest, halves up.
    Raises ValueError for a total that is neither, or a unit that is not positive.
    """
    if unit <= 0:
        raise ValueError(f"cannot divide by {unit}")
    whole = sum(parts.values())
    if total is None:
        total = nearest(whole, unit)
    if abs(total * unit - whole) >= unit:
        raise ValueError(f"{total} is not {whole}/{unit} rounded to a neighbour")
    return _lift({key: divmod(part, unit) for key, part in parts.items()}, total)


def _lift(divided: Mapping[K, tuple[int, int]], total: int) -> dict[K, int]:
    missing = total - sum(quotient for quotient, _ in divided.values())
    by_key = sorted(divided)
    lifted = set(sorted(by_key, key=lambda key: -divided[key][1])[:missing])
    return {key: quotient + (key in lifted) for key, (quotient, _) in divided.items()}


def largest_remainder(total: int, weights: Mapping[K, int]) -> dict[K, int]:
    """`total` shared in proportion to `weights`: integers that add up to it, each within 1 of its exact share.

    A negative total is shared as the positive one with the sign turned, so that a credit undoes a charge part
    by part. Raises ValueError for a negative weight, and where all weights are zero: then there is no share to
    speak of and the caller says who bears it.
    """
    whole = sum(weights.values())
    if whole <= 0 or min(weights.values()) < 0:
        raise ValueError("weights must not be negative and one of them must be more than zero")
    if total < 0:
        return {key: -share for key, share in largest_remainder(-total, weights).items()}
    return round_parts({key: total * weight for key, weight in weights.items()}, whole, total)
