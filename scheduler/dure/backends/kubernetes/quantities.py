"""Kubernetes quantities and our integers: millicores, MiB, devices. Exact; nothing passes through a float.

The grammar is Kubernetes' own (apimachinery, resource.Quantity): a decimal number with a binary suffix, a decimal
suffix, or a decimal exponent. What is asked for is rounded up, what there is is rounded down.
"""

from __future__ import annotations

import re
from fractions import Fraction
from functools import lru_cache
from typing import Final

_BINARY: Final = {"Ki": 1, "Mi": 2, "Gi": 3, "Ti": 4, "Pi": 5, "Ei": 6}
_DECIMAL: Final = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_QUANTITY = re.compile(
    r"([+-]?)([0-9]{0,40})(?:\.([0-9]{0,40}))?(?:([KMGTPE]i)|([eE])([+-]?[0-9]{1,3})|([numkMGTPE]?))"
)
MIB: Final = 2**20
_LARGEST: Final = 2**63 - 1


class BadQuantity(ValueError):  # noqa: N818 - named for what was given
    """A text that is no amount of what was wanted; says which, and what would be right."""


def exact(text: object) -> Fraction:
    """The amount, in units (cores, bytes, devices). Raises BadQuantity."""
    return _exact(str(text))


@lru_cache(4096)
def _exact(text: str) -> Fraction:
    match = _QUANTITY.fullmatch(text)
    if not match or not (match[2] or match[3]):
        raise BadQuantity(f"{text[:40]!r} is no quantity; write for example 500m, 2 or 4Gi")
    sign, whole, part, binary, _, exponent, decimal = match.groups()
    digits = Fraction(int((whole or "") + (part or "") or "0"), 10 ** len(part or ""))
    amount = digits * _factor(binary, exponent, decimal)
    return -amount if sign == "-" else amount


def _factor(binary: str | None, exponent: str | None, decimal: str | None) -> Fraction:
    if binary:
        return Fraction(1024 ** _BINARY[binary])
    return Fraction(10) ** (int(exponent) if exponent else _DECIMAL[decimal or ""])


def whole(amount: Fraction, *, up: bool = True) -> int:
    """The next integer up or down. Raises BadQuantity for less than nothing, or more than 63 bits hold."""
    if amount < 0:
        raise BadQuantity("an amount is less than nothing")
    found = -(-amount.numerator // amount.denominator) if up else amount.numerator // amount.denominator
    if found > _LARGEST:
        raise BadQuantity("an amount is more than can be counted; at most 2^63")
    return found


def millicores(text: object, *, up: bool = True) -> int:
    """Millicores; rounded up, or down for what there is. Raises BadQuantity."""
    return whole(exact(text) * 1000, up=up)


def mebibytes(text: object, *, up: bool = True) -> int:
    """MiB; rounded up, or down for what there is. Raises BadQuantity."""
    return whole(exact(text) / MIB, up=up)


def devices(text: object) -> int:
    """Whole devices. Raises BadQuantity, also for a part of one."""
    amount = exact(text)
    if amount.denominator != 1:
        raise BadQuantity(f"{str(text)[:40]!r} is not a whole number of devices")
    return whole(amount)


def cpu_text(amount: int) -> str:
    """Millicores as Kubernetes writes them itself: 2000 is `2`, 1500 is `1500m`."""
    return f"{amount}m" if amount % 1000 else str(amount // 1000)


def memory_text(amount: int) -> str:
    """MiB as Kubernetes writes them itself: 4096 is `4Gi`, 1500 is `1500Mi`."""
    for suffix, size in (("Ti", 2**20), ("Gi", 2**10)):
        if amount and amount % size == 0:
            return f"{amount // size}{suffix}"
    return f"{amount}Mi"
