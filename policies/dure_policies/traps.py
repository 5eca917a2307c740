"""What YAML makes of a word without quotes. Versions 1.1 and 1.2 differ; here only what both agree on is text."""

from __future__ import annotations

import re
from typing import Final

_NUMBER = (
    r"[-+]?([0-9][0-9_]*(\.[0-9_]*)?|\.[0-9][0-9_]*)([eE][-+]?[0-9]+)?"
    r"|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)"
)
_DATE = (
    r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}"
    r"(([Tt]|[ \t]+)[0-9]{1,2}:[0-9]{2}:[0-9]{2}(\.[0-9]*)?[ \t]*(Z|[-+][0-9:]{1,5})?)?"
)
_FORMS: Final = tuple(
    (name, re.compile(pattern))
    for name, pattern in (
        ("null", r"~|null|Null|NULL|"),
        ("true", r"y|Y|yes|Yes|YES|on|On|ON|true|True|TRUE"),
        ("false", r"n|N|no|No|NO|off|Off|OFF|false|False|FALSE"),
        ("plain number", r"-?(0|[1-9][0-9]*(_[0-9]{3})*)(\.[0-9]+)?"),
        ("base", r"[-+]?0([0-7_]+|x[0-9a-fA-F_]+|o[0-7]+|b[01_]+)"),
        ("leading zero", r"[-+]?0[0-9_]+(\.[0-9_]*)?"),
        ("base 60", r"[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?"),
        ("number", _NUMBER),
        ("date", _DATE),
        ("sign", r"=|<<"),
    )
)


def form(text: str) -> str:
    """What kind of value an unquoted word is to some YAML reader; "" where it is text to all of them."""
    word = text[:100]
    return next((name for name, pattern in _FORMS if pattern.fullmatch(word)), "")


def reading(text: str) -> str:
    """What YAML reads an unquoted word as, in words."""
    text = text[:100]
    kind = form(text)
    if kind == "base":
        digits = text.replace("_", "").lower()
        return f"the number {_in_base(digits)}"
    if kind == "base 60":
        return f"the number {_base_60(text)}" if "." not in text else "a number in base 60"
    said = {
        "null": "no value",
        "true": "true",
        "false": "false",
        "date": "a date",
        "sign": "a sign of its own",
    }
    return said.get(kind, "a number")


def _in_base(digits: str) -> int:
    sign = -1 if digits.startswith("-") else 1
    digits = digits.lstrip("+-")
    return sign * (int(digits, 0) if digits[1:2] in {"x", "b", "o"} else int(digits, 8))


def _base_60(text: str) -> int:
    total = 0
    for part in text.replace("_", "").lstrip("+-").split(":"):
        total = total * 60 + int(part)
    return total
