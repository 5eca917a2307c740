"""Findings: what is wrong in a bundle, where, and what would be right."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Collection
from dataclasses import dataclass
from heapq import nsmallest
from itertools import islice

MOST = 1_000
"""No more lines than this are shown; beyond it the last one says how many were left out."""

MOST_COMPARED = 50


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A character of a file; line and column count from 1."""

    file: str
    line: int = 1
    column: int = 1

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


class Findings:
    """Collects findings; `lines` gives them sorted by place, one line each, nothing but visible text."""

    def __init__(self) -> None:
        self._found: list[tuple[Place, Callable[[], str]]] = []

    def add(self, place: Place, message: str) -> None:
        """Note `message`, which reads "what; what would be right"."""
        self._found.append((place, lambda: message))

    def add_missing(
        self, place: Place, what: str, wrong: str, right: Collection[str], otherwise: str
    ) -> None:
        """Note that `wrong` names nothing; what would be right is looked for only when the line is shown."""
        self._found.append((place, lambda: f"{what}; {suggest(wrong, right, otherwise)}"))

    def take(self, other: Findings) -> None:
        """Add everything that another collected."""
        self._found += other._found

    def __bool__(self) -> bool:
        return bool(self._found)

    def lines(self) -> tuple[str, ...]:
        """`file:line:column: what; what would be right`, sorted by place."""
        ordered = sorted(self._found, key=lambda found: found[0])
        messages = sorted({(place, message()) for place, message in ordered[:MOST]})
        lines = [printable(f"{place}: {message}") for place, message in messages]
        if more := ordered[MOST:]:
            lines.append(
                printable(f"{more[0][0]}: {len(more)} more findings from here on; correct these first")
            )
        return tuple(lines)


def printable(text: str) -> str:
    """The text on one line: what a terminal would not show as a character is written as an escape."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


def shown(text: str) -> str:
    """The text in quotes, cut after 40 characters."""
    return repr(text if len(text) <= 40 else text[:40] + "…")


def nearest(wrong: str, right: Collection[str], cutoff: float = 0.5) -> str | None:
    """The one of `right` that `wrong` most likely meant, or None; `cutoff` in 0..1 says how like it must be."""
    likely = _likely(wrong, right) if len(right) > MOST_COMPARED else right
    folded = {_folded(choice): choice for choice in sorted(likely)}
    close = difflib.get_close_matches(_folded(wrong[:80]), folded, n=1, cutoff=cutoff)
    return folded[close[0]] if close else None


def _folded(word: str) -> str:
    return word.casefold().replace("_", "-")


def _likely(wrong: str, right: Collection[str]) -> list[str]:
    """A few of many names: of about the same length, and with the same beginning or end."""
    same = (
        name for name in right
        if abs(len(name) - len(wrong)) <= 2 and (name[:2] == wrong[:2] or name[-2:] == wrong[-2:])
    )  # fmt: skip
    return list(islice(same, MOST_COMPARED))


def suggest(wrong: str, right: Collection[str], otherwise: str) -> str:
    """`did you mean X?`, or `otherwise` followed by the choices (at most 12 of them)."""
    if close := nearest(wrong, right):
        return f"did you mean {close}?"
    listed = ", ".join(nsmallest(12, right)) + (", …" if len(right) > 12 else "")
    return f"{otherwise} {listed or 'none'}"
