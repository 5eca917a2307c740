"""What annotations ask for, read strictly: every refusal says what is wrong and what would be right."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from dure.backends.kubernetes.names import (
    AFTER,
    CHECKPOINT_INTERVAL,
    FLAVORS,
    PREEMPTIBLE,
    PRIORITY,
    TIME_LIMIT,
    TIME_LIMITS,
)
from dure.model import units
from dure.model.instants import Millis
from dure.model.job import JobId
from dure.model.resources import Flavor
from dure.ports import Refused

_LARGEST_PRIORITY = 2**31


def flavors(notes: Mapping[str, str]) -> tuple[Flavor, ...]:
    """Flavors in order of preference, () where none is stated."""
    return _words(notes, FLAVORS)


def after(notes: Mapping[str, str]) -> tuple[JobId, ...]:
    """Jobs that must have succeeded before."""
    return _words(notes, AFTER)


def _words(notes: Mapping[str, str], name: str) -> tuple[str, ...]:
    found = tuple(word.strip() for word in notes.get(name, "").split(",") if word.strip())
    if len(set(found)) < len(found):
        raise Refused(f"annotation {name} names one twice; name each once")
    return found


def priority(notes: Mapping[str, str]) -> int:
    """A whole number, 0 where none is stated."""
    text = notes.get(PRIORITY, "0")
    if not text.removeprefix("-").isdecimal() or abs(int(text)) > _LARGEST_PRIORITY:
        raise Refused(f"annotation {PRIORITY} is {text[:40]!r}; write a whole number such as 10")
    return int(text)


def preemptible(notes: Mapping[str, str]) -> bool:
    """True unless it says otherwise."""
    text = notes.get(PREEMPTIBLE, "true")
    if text not in {"true", "false"}:
        raise Refused(f"annotation {PREEMPTIBLE} is {text[:40]!r}; write true or false")
    return text == "true"


def time_limit(notes: Mapping[str, str]) -> Millis | None:
    """In ms, None where none is stated."""
    return _length(notes, TIME_LIMIT)


def checkpoint_interval(notes: Mapping[str, str]) -> Millis | None:
    """In ms, None where none is stated."""
    return _length(notes, CHECKPOINT_INTERVAL)


def _length(notes: Mapping[str, str], name: str) -> Millis | None:
    text = notes.get(name)
    return None if text is None else length(text, name)


def length(text: str, name: str) -> Millis:
    """How many ms `90s` or `2h30m` are. Raises Refused, naming the annotation."""
    try:
        return units.duration(text)
    except ValueError as error:
        raise Refused(f"annotation {name}: {error}") from error


def time_limits(notes: Mapping[str, str]) -> tuple[tuple[Flavor, Millis], ...]:
    """`h100=1h,a100=2h`: limits of their own under some flavors, in the order in which they stand."""
    found = []
    for part in _words(notes, TIME_LIMITS):
        flavor, mark, text = part.partition("=")
        if not mark:
            raise Refused(f"annotation {TIME_LIMITS} says {part[:40]!r}; write for example h100=1h,a100=2h")
        found.append((flavor, length(text, TIME_LIMITS)))
    return tuple(found)


def parsed(notes: Mapping[str, str], name: str) -> Any:
    """What one of dure's own annotations holds as JSON, None where it is not there."""
    if name not in notes:
        return None
    try:
        return json.loads(notes[name])
    except ValueError as error:
        raise Refused(f"annotation {name} is not as dure wrote it") from error
