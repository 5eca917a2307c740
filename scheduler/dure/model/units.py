"""Amounts as people write them (`500m`, `4Gi`, `2h30m`, `a100:2`), read strictly; used by policies, API and CLI.

Every function takes text and raises ValueError saying what is wrong and what would be right.
"""

from __future__ import annotations

import re
from typing import Final

from dure.model.instants import DAY, HOUR, MINUTE, SECOND, Millis
from dure.model.resources import Flavor

LARGEST: Final = 2**53
"""No amount is larger: every count stays exact in JSON and in 64 bits."""

_MIB: Final = {"Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40, "K": 10**3, "k": 10**3, "M": 10**6,
               "G": 10**9, "T": 10**12}  # fmt: skip
_LENGTHS: Final = {"d": DAY, "h": HOUR, "m": MINUTE, "s": SECOND, "ms": 1}
_NUMBER = re.compile(r"[0-9]+(?:_[0-9]{3})*|[0-9]+")


def _bounded(amount: int, text: str) -> int:
    if amount > LARGEST:
        msg = f"{text[:40]!r} is too large; at most {LARGEST}"
        raise ValueError(msg)
    return amount


def whole(text: str) -> int:
    """A whole number such as `12` or `1_200_000`; no sign, no leading zero."""
    plain = text.replace("_", "")
    if not _NUMBER.fullmatch(text) or (len(plain) > 1 and plain[0] == "0") or len(plain) > 20:
        msg = f"{text[:40]!r} is not a whole number; write for example 12 or 1_200_000"
        raise ValueError(msg)
    return _bounded(int(plain), text)


def cpu(text: str) -> int:
    """Millicores: `2` is 2000, `500m` is 500, `1.5` is 1500."""
    if match := re.fullmatch(r"([0-9]{1,12})m", text):
        return _bounded(int(match[1]), text)
    if match := re.fullmatch(r"([0-9]{1,12})(?:\.([0-9]{1,3}))?", text):
        return _bounded(int(match[1]) * 1000 + int((match[2] or "0").ljust(3, "0")), text)
    msg = f"{text[:40]!r} is not an amount of cpu; write for example 2, 1.5 or 500m"
    raise ValueError(msg)


def memory(text: str) -> int:
    """MiB, rounded up: `4Gi` is 4096, `1G` is 954. A bare number is refused: it could mean anything."""
    match = re.fullmatch(r"([0-9]{1,15})(Ki|Mi|Gi|Ti|K|k|M|G|T)", text)
    if not match:
        msg = f"{text[:40]!r} is not an amount of memory; write for example 512Mi or 4Gi"
        raise ValueError(msg)
    return _bounded(-(-int(match[1]) * _MIB[match[2]] // 2**20), text)


def duration(text: str) -> Millis:
    """Milliseconds: `90s`, `2h30m`, `7d`; units fall in size and none comes twice."""
    parts = re.findall(r"([0-9]{1,12})(ms|[dhms])", text)
    order = [list(_LENGTHS).index(unit) for _, unit in parts]
    if not parts or "".join(n + u for n, u in parts) != text or order != sorted(set(order)):
        msg = f"{text[:40]!r} is not a length of time; write for example 90s, 2h30m or 7d"
        raise ValueError(msg)
    return _bounded(sum(int(number) * _LENGTHS[unit] for number, unit in parts), text)


def gpus(text: str) -> tuple[int, tuple[Flavor, ...]]:
    """Devices of one task and the flavors that will do, best first: `a100:2`, `h100,a100:1`."""
    match = re.fullmatch(r"([a-z0-9][a-z0-9.,-]*):([0-9]{1,6})", text)
    flavors = tuple(match[1].split(",")) if match else ()
    if not match or not all(flavors) or len(set(flavors)) < len(flavors) or int(match[2]) == 0:
        msg = f"{text[:40]!r} names no GPUs; write FLAVOR:COUNT, for example a100:2 or h100,a100:1"
        raise ValueError(msg)
    return int(match[2]), flavors
