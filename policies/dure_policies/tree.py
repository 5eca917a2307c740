"""YAML text as a tree in which every key and value knows its place.

Only what has one meaning in every version of YAML gets through: no anchors, aliases, tags, merge keys,
directives or further documents, no key twice. Size, depth and number of values are bounded.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

import yaml

from dure_policies.findings import Findings, Place, shown

DEEPEST = 16
MOST_VALUES = 50_000

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True)
class Scalar:
    """One word of text; `plain` where it was written without quotes and YAML might read it as something else."""

    place: Place
    text: str
    plain: bool


@dataclass(frozen=True, slots=True)
class Sequence:
    """A list."""

    place: Place
    items: list[Tree] = field(default_factory=list)


@dataclass(slots=True)
class Mapping:
    """A mapping, in the order written; no key comes twice. `strange` where a pair had to be left out."""

    place: Place
    pairs: list[tuple[Scalar, Tree]] = field(default_factory=list)
    strange: bool = False


@dataclass(frozen=True, slots=True)
class Lost:
    """What was here has been reported and cannot be used."""

    place: Place


Tree: TypeAlias = Scalar | Sequence | Mapping | Lost


class _Stop(Exception):  # noqa: N818 - not an error of ours: the rest of the document is not worth reading
    """The document has been given up; why is among the findings."""


def parse(text: str, file: str, findings: Findings) -> Tree:
    """The one document in `text`; `Lost` where it cannot be read, with the reason among the findings."""
    try:
        return _Composer(text, file, findings).document()
    except _Stop:
        return Lost(Place(file))


class _Composer:
    """Builds the tree from the parser's events."""

    def __init__(self, text: str, file: str, findings: Findings) -> None:
        self._events = self._parsed(text)
        self._file = file
        self._findings = findings
        self._values = 0

    def _parsed(self, text: str) -> Iterator[yaml.Event]:
        try:
            yield from yaml.parse(text, Loader=_LOADER)
        except yaml.MarkedYAMLError as error:
            self._add_broken(error)
            raise _Stop from None
        except yaml.YAMLError as error:
            said = " ".join(str(error).split())[:120]
            self._findings.add(Place(self._file), f"this is not YAML ({said}); write plain UTF-8 text")
            raise _Stop from None

    def _add_broken(self, error: yaml.MarkedYAMLError) -> None:
        begun, mark = error.context_mark, error.problem_mark or error.context_mark
        place = Place(self._file, mark.line + 1, mark.column + 1) if mark else Place(self._file)
        said = ", ".join(part for part in (error.context, error.problem) if part)
        since = f", begun on line {begun.line + 1}" if begun and begun.line + 1 != place.line else ""
        self._findings.add(
            place, f"this is not YAML ({said}{since}); check indentation, colons and quotes here"
        )

    def document(self) -> Tree:
        tree: Tree | None = None
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent):
                self._check_start(event, first=tree is None)
                tree = self._value(next(self._events), 1)
        if tree is None:
            self._findings.add(
                Place(self._file), "there is nothing here but comments or space; write its keys"
            )
            raise _Stop
        return tree

    def _check_start(self, event: yaml.DocumentStartEvent, *, first: bool) -> None:
        if not first:
            self._stop(event, "a second document begins here; write one document a file, without ---")
        if event.version or event.tags:
            self._add(event, "a % directive stands here; remove it")

    def _value(self, event: yaml.Event, depth: int) -> Tree:
        self._values += 1
        if depth > DEEPEST:
            self._stop(event, f"values are nested deeper than {DEEPEST}; no key of ours lies that deep")
        if self._values > MOST_VALUES:
            self._stop(
                event, f"there are more than {MOST_VALUES} values up to here; split the room or shorten lists"
            )
        if isinstance(event, yaml.AliasEvent):
            self._add(event, f"*{event.anchor} is an alias; write the value out")
            return Lost(self._place(event))
        self._check_marks(event)
        if isinstance(event, yaml.ScalarEvent):
            return Scalar(self._place(event), event.value, event.style in {None, ""})
        if isinstance(event, yaml.SequenceStartEvent):
            return self._sequence(event, depth)
        return self._mapping(event, depth)

    def _check_marks(self, event: yaml.Event) -> None:
        if anchor := getattr(event, "anchor", None):
            self._add(event, f"&{anchor} is an anchor; remove it and write values out where they are needed")
        if tag := getattr(event, "tag", None):
            self._add(event, f"{shown(tag)} is a tag; remove it")

    def _sequence(self, event: yaml.Event, depth: int) -> Sequence:
        sequence = Sequence(self._place(event))
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            sequence.items.append(self._value(event, depth + 1))
        return sequence

    def _mapping(self, event: yaml.Event, depth: int) -> Mapping:
        mapping = Mapping(self._place(event))
        first: dict[str, Place] = {}
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            key = self._value(event, depth + 1)
            value = self._value(next(self._events), depth + 1)
            if self._is_key(key, first) and isinstance(key, Scalar):
                first[key.text] = key.place
                mapping.pairs.append((key, value))
            else:
                mapping.strange = True
        return mapping

    def _is_key(self, key: Tree, first: dict[str, Place]) -> bool:
        if not isinstance(key, Scalar):
            if not isinstance(key, Lost):
                self._findings.add(key.place, "a key is a list or mapping; write one word before the colon")
            return False
        if key.text == "<<" and key.plain:
            self._findings.add(key.place, "<< merges mappings; write the keys out")
            return False
        if key.text in first:
            line = first[key.text].line
            self._findings.add(
                key.place, f"the key {shown(key.text)} is here again, first on line {line}; keep one"
            )
            return False
        return True

    def _place(self, event: yaml.Event) -> Place:
        mark = event.start_mark
        return Place(self._file, mark.line + 1, mark.column + 1) if mark else Place(self._file)

    def _add(self, event: yaml.Event, message: str) -> None:
        self._findings.add(self._place(event), message)

    def _stop(self, event: yaml.Event, message: str) -> None:
        self._add(event, message)
        raise _Stop
