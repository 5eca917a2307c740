"""Kinds of values: what a key may hold, how its text is read, and its JSON Schema. One place for each kind.

A reader takes text and returns the value, or raises ValueError("what; what would be right").
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, TypeAlias

from dure.model import units
from dure_policies.findings import shown, suggest

Schema: TypeAlias = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Word:
    """A kind written as one word.

    `what` names it and `example` shows it. `textual`: the value is the text itself, so a word that some YAML
    reads as something else must be quoted. `bare`: quotes would make it something else.
    """

    what: str
    example: str
    read: Callable[[str], object]
    schema: Schema
    textual: bool = False
    bare: bool = False


@dataclass(frozen=True, slots=True)
class Listed:
    """A list of equal kinds."""

    item: Kind
    most: int = 1_000


@dataclass(frozen=True, slots=True)
class Named:
    """A mapping whose keys the admin chooses (`name` is a textual Word) with values of one kind."""

    name: Word
    value: Kind


@dataclass(frozen=True, slots=True)
class Fields:
    """A mapping with fixed keys. `title` says in a few words what it describes."""

    title: str
    keys: Mapping[str, Key]


Kind: TypeAlias = Word | Listed | Named | Fields


@dataclass(frozen=True, slots=True)
class Key:
    """One key: the kind of its value, what it means, whether it must be there, what holds where it is not."""

    kind: Kind
    doc: str
    required: bool = False
    default: str = ""


# Text


def visible(text: str) -> bool:
    """Whether every character shows, line ends and tabs aside."""
    return all(c.isprintable() or c in "\n\t" for c in text)


def pattern(what: str, example: str, regex: str, rule: str) -> Word:
    """Text that matches `regex` whole; `rule` says so in words."""
    compiled = re.compile(regex)

    def read(text: str) -> str:
        if not compiled.fullmatch(text):
            msg = f"{shown(text)} is not {what}; write {rule}, for example {example}"
            raise ValueError(msg)
        return text

    return Word(what, example, read, {"type": "string", "pattern": f"^(?:{regex})$"}, textual=True)


def text(most: int, *, lines: bool = False, empty: bool = False, example: str = "Haneul Biosignal") -> Word:
    """Free text of at most `most` characters, on one line unless `lines`."""

    def read(words: str) -> str:
        if not words and not empty:
            raise ValueError("this is empty; write a value or leave the key out")
        if len(words) > most:
            msg = f"this has {len(words)} characters; write at most {most}"
            raise ValueError(msg)
        if not visible(words) or (not lines and not words.isprintable()):
            right = "text" if lines else "one line of text"
            msg = f"{shown(words)} holds characters that do not show; write {right}"
            raise ValueError(msg)
        return words

    schema: Schema = {"type": "string", "maxLength": most} | ({} if empty else {"minLength": 1})
    return Word("text", example, read, schema, textual=True)


def choice(*words: str) -> Word:
    """One of a few words."""

    def read(word: str) -> str:
        if word not in words:
            msg = f"{shown(word)} is none of the choices; {suggest(word, words, 'write one of')}"
            raise ValueError(msg)
        return word

    return Word("one of " + ", ".join(words), words[0], read, {"enum": list(words)}, textual=True)


TENANT = pattern(
    "a tenant's id", "haneul-bio", r"[a-z](?:[a-z0-9-]{0,38}[a-z0-9])?",
    "at most 40 lowercase letters, digits and dashes, beginning with a letter",
)  # fmt: skip
ID = pattern(
    "an id", "gpu-01", r"[a-z0-9](?:[a-z0-9.-]{0,61}[a-z0-9])?",
    "at most 63 lowercase letters, digits, dots and dashes",
)  # fmt: skip
PROJECT = pattern(
    "a project code", "RS-2025-0417", r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,62}[A-Za-z0-9])?",
    "at most 64 letters, digits, dots, dashes and underscores",
)  # fmt: skip
UNIX_USER = pattern(
    "a Unix user for jobs", "dure-haneul", r"(?!root$)[a-z_][a-z0-9_-]{0,31}",
    "a user's name other than root",
)  # fmt: skip
LABEL = pattern(
    "a label", "nvidia.com/gpu.product", r"[A-Za-z0-9](?:[A-Za-z0-9._/-]{0,126}[A-Za-z0-9])?",
    "at most 128 letters, digits, dots, dashes, slashes and underscores",
)  # fmt: skip
VARIABLE = pattern(
    "a variable's name", "HF_TOKEN", r"[A-Za-z_][A-Za-z0-9_]{0,127}",
    "letters, digits and underscores, not beginning with a digit",
)  # fmt: skip
NAME = text(80)
PATH = text(4_096, example="/data")
LINE = text(4_096, empty=True)
SCRIPT = text(65_536, lines=True, empty=True, example="python3")


# Numbers


def _plain(read: Callable[[str], int], regex: str) -> Callable[[str], int]:
    compiled = re.compile(regex)

    def checked(words: str) -> int:
        if compiled.fullmatch(words) and words.startswith("0") and words[1:2].isdigit():
            msg = f"{shown(words)} has a leading zero; write {words.lstrip('0') or '0'}"
            raise ValueError(msg)
        return read(words)

    return checked


def whole(least: int, most: int) -> Word:
    """A whole number in [least, most]; underscores may part thousands."""
    span = f"{least} to {most}" if least < most else str(least)

    def read(words: str) -> int:
        number = units.whole(words)
        if not least <= number <= most:
            msg = f"{words} is out of range; write {span}"
            raise ValueError(msg)
        return number

    either: list[Schema] = [
        {"type": "integer", "minimum": least, "maximum": most},
        {"type": "string", "pattern": "^[0-9]{1,3}(?:_[0-9]{3})+$"},
    ]
    example = str(min(max(least, 2), most))
    return Word(f"a whole number from {span}" if least < most else span, example, read, {"anyOf": either})


def decimal(places: int, least: str, most: str, example: str) -> Word:
    """A decimal number in [least, most] as an integer of its last place: with 3 places, `1.5` is 1500."""
    scale = int(10**places)
    compiled = re.compile(rf"([0-9]{{1,15}}(?:_[0-9]{{3}})*)(?:\.([0-9]{{1,{places}}}))?")

    def scaled(words: str) -> int:
        match = compiled.fullmatch(words)
        if not match:
            right = f"write for example {example}"
            msg = f"{shown(words)} is not a number with at most {places} decimals; {right}"
            raise ValueError(msg)
        return units.whole(match[1]) * scale + int((match[2] or "0").ljust(places, "0"))

    low, high = scaled(least), scaled(most)

    def read(words: str) -> int:
        number = scaled(words)
        if not low <= number <= high:
            msg = f"{words} is out of range; write {least} to {most}"
            raise ValueError(msg)
        return number

    either: list[Schema] = [
        {"type": "number", "minimum": float(least), "maximum": float(most)},
        {"type": "string", "pattern": rf"^[0-9]{{1,3}}(?:_[0-9]{{3}})*(?:\.[0-9]{{1,{places}}})?$"},
    ]
    return Word(
        f"a number from {least} to {most}, at most {places} decimals", example, read, {"anyOf": either}
    )


def integer(least: int, most: int) -> Word:
    """A whole number that may be negative."""

    def read(words: str) -> int:
        try:
            number = -units.whole(words[1:]) if words.startswith("-") else units.whole(words)
        except ValueError:
            msg = f"{shown(words)} is not a whole number; write for example 5 or -5"
            raise ValueError(msg) from None
        if not least <= number <= most:
            msg = f"{words} is out of range; write {least} to {most}"
            raise ValueError(msg)
        return number

    schema: Schema = {"type": "integer", "minimum": least, "maximum": most}
    return Word(f"a whole number from {least} to {most}", "5", read, schema)


def _truth(words: str) -> bool:
    if words not in {"true", "false"}:
        msg = f"{shown(words)} is neither true nor false; write true or false"
        raise ValueError(msg)
    return words == "true"


BOOL = Word("true or false", "true", _truth, {"type": "boolean"}, bare=True)
CPU = Word(
    "cpus", "2, 1.5 or 500m", _plain(units.cpu, r"[0-9.]+"),
    {"anyOf": [{"type": "number", "minimum": 0},
               {"type": "string", "pattern": r"^[0-9]+(?:m|\.[0-9]{1,3})?$"}]},
)  # fmt: skip
MEMORY = Word(
    "memory", "512Mi or 4Gi", units.memory,
    {"type": "string", "pattern": "^[0-9]{1,15}(?:Ki|Mi|Gi|Ti|K|k|M|G|T)$"},
)  # fmt: skip
GPUS = Word(
    "GPUs", "a100:2 or h100,a100:1", units.gpus,
    {"type": "string", "pattern": "^[a-z0-9][a-z0-9.,-]*:[0-9]{1,6}$"},
)  # fmt: skip


def duration(least: str, most: str) -> Word:
    """A length of time in [least, most], in ms."""
    low, high = units.duration(least), units.duration(most)

    def read(words: str) -> int:
        length = units.duration(words)
        if not low <= length <= high:
            msg = f"{words} is out of range; write {least} to {most}"
            raise ValueError(msg)
        return length

    regex = "^(?=[0-9])(?:[0-9]+d)?(?:[0-9]+h)?(?:[0-9]+m)?(?:[0-9]+s)?(?:[0-9]+ms)?$"
    schema: Schema = {"type": "string", "pattern": regex}
    return Word(f"a length of time from {least} to {most}", "90s, 2h30m or 7d", read, schema)


def _years(words: str) -> int:
    match = re.fullmatch(r"([1-9][0-9]?) (years?|months?)", words)
    if not match:
        msg = f"{shown(words)} is not a number of years or months; write for example 4 years or 18 months"
        raise ValueError(msg)
    return int(match[1]) * (12 if match[2].startswith("y") else 1)


YEARS = Word(
    "a number of years or months", "4 years or 18 months", _years,
    {"type": "string", "pattern": "^[1-9][0-9]? (?:years?|months?)$"},
)  # fmt: skip


# Days, in the room's time zone

_DAY = r"(?:19[7-9]|20[0-9]|21[0-9])[0-9]-[0-9]{2}-[0-9]{2}"


def _day(words: str) -> date:
    if not re.fullmatch(_DAY, words):
        msg = f"{shown(words)} is not a day from 1970 to 2199; write for example 2026-03-01"
        raise ValueError(msg)
    try:
        return date.fromisoformat(words)
    except ValueError:
        msg = f"there is no day {words}; write a day of the calendar such as 2026-03-01"
        raise ValueError(msg) from None


def _moment(words: str) -> datetime:
    match = re.fullmatch(rf"({_DAY})(?: ((?:[01][0-9]|2[0-3]):[0-5][0-9]))?", words)
    if not match:
        msg = f"{shown(words)} is not a day and hour; write for example 2026-12-10 13:00 or 2026-12-10"
        raise ValueError(msg)
    return datetime.fromisoformat(f"{_day(match[1]).isoformat()} {match[2] or '00:00'}")


DAY = Word("a day", "2026-03-01", _day, {"type": "string", "pattern": f"^{_DAY}$"})
MOMENT = Word(
    "a day, or a day and hour", "2026-12-10 13:00", _moment,
    {"type": "string", "pattern": f"^{_DAY}(?: (?:[01][0-9]|2[0-3]):[0-5][0-9])?$"},
)  # fmt: skip


def or_word(kind: Word, word: str) -> Word:
    """The same kind, or one word that stands for None."""

    def read(words: str) -> object:
        try:
            return None if words == word else kind.read(words)
        except ValueError as wrong:
            msg = f"{wrong}, or {word}"
            raise ValueError(msg) from None

    schema: Schema = {"anyOf": [kind.schema, {"enum": [word]}]}
    return Word(f"{kind.what}, or {word}", kind.example, read, schema)


def as_written(kind: Word) -> Word:
    """The same kind, checked, but with its text for a value: for readers further on that take text."""

    def read(words: str) -> str:
        kind.read(words)
        return words

    return Word(kind.what, kind.example, read, kind.schema, kind.textual, kind.bare)
