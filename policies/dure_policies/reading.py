"""Reads a tree by the table of keys: every value by its kind, every misfit a finding at its own place."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeVar, cast

from dure_policies import traps, tree
from dure_policies.findings import Findings, Place, nearest, shown
from dure_policies.kinds import Fields, Kind, Listed, Named, Word

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Read:
    """A value and where it stands; `key` is where its key stands, or the value itself in a list."""

    value: object
    place: Place
    key: Place


@dataclass(slots=True)
class Entry:
    """A mapping as read.

    `written` are all keys that were understood, `reads` those of them whose values were. `strange` where there
    were others. `complete` is false where something in it, however deep, could not be read.
    """

    place: Place
    reads: dict[str, Read] = field(default_factory=dict)
    written: set[str] = field(default_factory=set)
    strange: bool = False
    complete: bool = True

    def lost(self, key: str) -> bool:
        """Whether the key may have been meant to be there, with a value that could not be read."""
        return key not in self.reads and (key in self.written or self.strange)

    def get(self, key: str, default: T) -> T:
        """The value, or the default where there is none; the table of keys answers for its type."""
        read = self.reads.get(key)
        return default if read is None else cast("T", read.value)

    def entry(self, key: str) -> Entry:
        """The mapping under a key; an empty one where there is none."""
        return self.get(key, Entry(self.place))

    def entries(self) -> Iterator[tuple[str, Entry]]:
        """The mappings in it, by name."""
        for name, read in self.reads.items():
            if isinstance(read.value, Entry):
                yield name, read.value

    def items(self) -> Iterator[tuple[str, Read]]:
        """Everything in it, by name."""
        yield from self.reads.items()

    def at(self, key: str) -> Place:
        """Where the value of a key stands; the mapping's own place where there is none."""
        read = self.reads.get(key)
        return read.place if read else self.place

    def listed(self, key: str) -> tuple[Read, ...]:
        """The items under a key."""
        return self.get(key, ())


@dataclass(frozen=True, slots=True)
class _Misfit:
    """Stands for a value that could not be read; it has been reported."""


_MISFIT = _Misfit()


def read(found: tree.Tree, kind: Fields, findings: Findings) -> Entry | None:
    """The mapping as read by its table, or None where there is no mapping at all."""
    value = _Reader(findings).value(found, kind)
    return value if isinstance(value, Entry) else None


class _Reader:
    """Reads values by kind; a misfit is added to the findings and stands for the value."""

    def __init__(self, findings: Findings) -> None:
        self._findings = findings

    def value(self, found: tree.Tree, kind: Kind) -> object:
        if isinstance(found, tree.Lost):
            return _MISFIT
        if isinstance(kind, Word):
            return self._word(found, kind)
        if isinstance(kind, Listed):
            return self._list(found, kind)
        return self._fields(found, kind) if isinstance(kind, Fields) else self._named(found, kind)

    def _misfit(self, place: Place, message: str) -> _Misfit:
        self._findings.add(place, message)
        return _MISFIT

    def _word(self, found: tree.Tree, kind: Word) -> object:
        if not isinstance(found, tree.Scalar):
            return self._misfit(
                found.place, f"this is a {_shape(found)}; write {kind.what}, for example {kind.example}"
            )
        if message := _trap(found, kind):
            return self._misfit(found.place, message)
        try:
            return kind.read(found.text)
        except ValueError as wrong:
            return self._misfit(found.place, str(wrong))

    def _list(self, found: tree.Tree, kind: Listed) -> object:
        if not isinstance(found, tree.Sequence):
            return self._misfit(found.place, f"this is {_shown_shape(found)}; write a list: [one, two]")
        if len(found.items) > kind.most:
            return self._misfit(
                found.place, f"the list has {len(found.items)} items; write at most {kind.most}"
            )
        return tuple(Read(self.value(item, kind.item), item.place, item.place) for item in found.items)

    def _fields(self, found: tree.Tree, kind: Fields) -> object:
        if not isinstance(found, tree.Mapping):
            return self._no_mapping(found, f"{kind.title}: {', '.join(kind.keys)}")
        entry, unknown = _begun(found), list[tree.Scalar]()
        for key, value in found.pairs:
            if key.text in kind.keys:
                self._put(entry, key, value, kind.keys[key.text].kind)
            else:
                unknown.append(key)
        self._check_unknown(entry, kind, unknown)
        self._check_required(entry, kind, {key.text for key, _ in found.pairs}, unknown)
        return entry

    def _check_unknown(self, entry: Entry, kind: Fields, unknown: list[tree.Scalar]) -> None:
        for key in unknown:
            what = f"there is no key {shown(key.text)} in {kind.title}"
            self._findings.add_missing(key.place, what, key.text, kind.keys, "the keys here are")
            entry.complete, entry.strange = False, True

    def _check_required(
        self, entry: Entry, kind: Fields, written: set[str], unknown: list[tree.Scalar]
    ) -> None:
        lacking = [name for name, key in kind.keys.items() if key.required and name not in written]
        if not lacking:
            return
        entry.complete = False
        # A key that was only misspelt has been reported as that.
        misspelt = {nearest(key.text, kind.keys) for key in unknown[:20]}
        for name in lacking:
            if name not in misspelt:
                doc = kind.keys[name].doc
                self._findings.add(entry.place, f"{kind.title} lacks the key {name}; add it: {doc}")

    def _named(self, found: tree.Tree, kind: Named) -> object:
        if not isinstance(found, tree.Mapping):
            return self._no_mapping(found, f"a mapping from {kind.name.what} to {_shape_of(kind.value)}")
        entry = _begun(found)
        for key, value in found.pairs:
            if isinstance(self._word(key, kind.name), _Misfit):
                entry.complete = False
                entry.written.add(key.text)
                self.value(value, kind.value)
            else:
                self._put(entry, key, value, kind.value)
        return entry

    def _no_mapping(self, found: tree.Tree, right: str) -> _Misfit:
        return self._misfit(found.place, f"this is {_shown_shape(found)}; write {right}")

    def _put(self, entry: Entry, key: tree.Scalar, found: tree.Tree, kind: Kind) -> None:
        value = self.value(found, kind)
        entry.written.add(key.text)
        entry.complete = entry.complete and _complete(value)
        if isinstance(value, tuple):
            value = tuple(read for read in value if not isinstance(read.value, _Misfit))
        if not isinstance(value, _Misfit):
            entry.reads[key.text] = Read(value, found.place, key.place)


def _begun(found: tree.Mapping) -> Entry:
    return Entry(found.place, strange=found.strange, complete=not found.strange)


def _complete(value: object) -> bool:
    if isinstance(value, tuple):
        return all(_complete(read.value) for read in value)
    return value.complete if isinstance(value, Entry) else not isinstance(value, _Misfit)


def _shape(found: tree.Tree) -> str:
    return "list" if isinstance(found, tree.Sequence) else "mapping"


def _shown_shape(found: tree.Tree) -> str:
    if isinstance(found, tree.Scalar):
        return shown(found.text) if found.text else "empty"
    return f"a {_shape(found)}"


def _shape_of(kind: Kind) -> str:
    if isinstance(kind, Word):
        return kind.what
    return "a list" if isinstance(kind, Listed) else (kind.title if isinstance(kind, Fields) else "a mapping")


_NOT_TEXT = frozenset({"base", "leading zero", "base 60", "number", "true", "false", "null", "sign"})


def _trap(found: tree.Scalar, kind: Word) -> str:
    """What is wrong with a word that YAML readers do not agree on, or ""."""
    form = traps.form(found.text) if found.plain else ""
    if not found.plain:
        return f"quotes make this text; write {kind.example} without them" if kind.bare else ""
    if form == "null":
        return f"there is no value here; write {kind.what}, for example {kind.example}"
    if kind.textual and form:
        return _quote(found.text, kind)
    if kind.bare and form in {"true", "false"} and found.text not in {"true", "false"}:
        return f"some YAML reads {shown(found.text)} as {form}, some as text; write {form}"
    if form in _NOT_TEXT and not kind.bare:
        said = f"YAML reads {shown(found.text)} as {traps.reading(found.text)}"
        return f"{said}; write {_number(found.text, form, kind)}"
    return ""


def _quote(text: str, kind: Word) -> str:
    said = f"YAML reads {shown(text)} as {traps.reading(text)}"
    if kind.what.startswith("one of"):
        return f"{said}; write {kind.what}"
    return f'{said}; write it in quotes: "{text[:40]}"'


def _number(text: str, form: str, kind: Word) -> str:
    if form in {"base", "leading zero"} and text.strip("0123456789") == "":
        plain = text.lstrip("0")[:40] or "0"
        return f"{plain} if that is meant, or {traps.reading(text).split()[-1]}" if form == "base" else plain
    if form == "base":
        return traps.reading(text).split()[-1]
    return f"{kind.what}, for example {kind.example}"
