"""Findings: what is wrong in a bundle, where, and what would be right."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass

MOST = 1_000
"""No more lines than this are shown; beyond it the last one says how many were left out."""


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
        self._found: set[tuple[Place, str]] = set()

    def add(self, place: Place, message: str) -> None:
        """Note `message`, which reads "what; what would be right"."""
        self._found.add((place, message))

    def take(self, other: Findings) -> None:
        """Add everything that another collected."""
        self._found |= other._found

    def __bool__(self) -> bool:
        return bool(self._found)

    def lines(self) -> tuple[str, ...]:
        """`file:line:column: what; what would be right`, sorted by place."""
        ordered = sorted(self._found)
        lines = [printable(f"{place}: {message}") for place, message in ordered[:MOST]]
        if len(ordered) > MOST:
            place = ordered[MOST][0]
            lines.append(
                printable(f"{place}: {len(ordered) - MOST} more findings from here on; correct these first")
            )
        return tuple(lines)


def printable(text: str) -> str:
    """The text on one line: what a terminal would not show as a character is written as an escape."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


def shown(text: str) -> str:
    """The text in quotes, cut after 40 characters."""
    return repr(text if len(text) <= 40 else text[:40] + "…")


def nearest(wrong: str, right: Iterable[str], cutoff: float = 0.5) -> str | None:
    """The one of `right` that `wrong` most likely meant, or None; `cutoff` in 0..1 says how like it must be."""
    choices = sorted(right)
    folded = {choice.casefold().replace("_", "-"): choice for choice in choices}
    close = difflib.get_close_matches(wrong[:80].casefold().replace("_", "-"), folded, n=1, cutoff=cutoff)
    return folded[close[0]] if close else None


def suggest(wrong: str, right: Iterable[str], otherwise: str) -> str:
    """`did you mean X?`, or `otherwise` followed by the choices (at most 12 of them)."""
    choices = sorted(right)
    if close := nearest(wrong, choices):
        return f"did you mean {close}?"
    listed = ", ".join(choices[:12]) + (", …" if len(choices) > 12 else "")
    return f"{otherwise} {listed}" if choices else otherwise
