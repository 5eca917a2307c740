"""Kinds of times that come round every week: days of the week, and hours as minutes after midnight."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from dure_policies.findings import shown
from dure_policies.kinds import Listed, Word, choice

DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
WEEKDAYS: Final = Listed(choice(*DAYS), len(DAYS))
DAY_MINUTES: Final = 24 * 60


def _reader(regex: str) -> Callable[[str], int]:
    compiled = re.compile(regex)

    def read(words: str) -> int:
        if not compiled.fullmatch(words):
            msg = f'{shown(words)} is not an hour of the day; write for example "22:00"'
            raise ValueError(msg)
        hour, minute = words.split(":")
        return (int(hour) * 60 + int(minute)) % DAY_MINUTES

    return read


def _clock(regex: str, example: str) -> Word:
    schema = {"type": "string", "pattern": f"^(?:{regex})$"}
    return Word("an hour in quotes", example, _reader(regex), schema, textual=True)


_HOUR = "(?:[01][0-9]|2[0-3]):[0-5][0-9]"
CLOCK: Final = _clock(_HOUR, '"22:00"')
CLOCK_END: Final = _clock(f"{_HOUR}|24:00", '"08:00"')
"""`24:00` is the midnight that ends the day, and reads as 0."""


def written(minutes: int) -> str:
    """`22:00`."""
    return f"{minutes // 60:02}:{minutes % 60:02}"
