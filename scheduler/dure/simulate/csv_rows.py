"""CSV rows under one header, each cell read strictly and refused with its file and line."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NoReturn, TypeAlias

from dure.simulate.lines import numbered_lines, refuse
from dure.simulate.trace import LARGEST

Check: TypeAlias = Callable[[str, int, Sequence[str]], None]
"""Refuses a header: (file, line, column names)."""

_LONGEST_TEXT = 200


class Row:
    """One row by column name."""

    def __init__(self, name: str, line: int, cells: dict[str, str]) -> None:
        self.name, self.line, self._cells = name, line, cells

    def refuse(self, what: str) -> NoReturn:
        """Raise the TraceError that names this row."""
        refuse(self.name, self.line, what)

    def text(self, column: str, default: str = "") -> str:
        """The cell without spaces around it, `default` where it is empty or the column is not there."""
        text = self._cells.get(column, "").strip() or default
        if not text.isprintable() or len(text) > _LONGEST_TEXT:
            self.refuse(f"{column} is {text[:40]!r}; write at most {_LONGEST_TEXT} printable characters")
        return text

    def amount(self, column: str, read: Callable[[str], int], default: int, most: int = LARGEST) -> int:
        """The cell as `read` reads it; a ValueError of `read` is the refusal's text."""
        text = self.text(column)
        try:
            value = read(text) if text else default
        except ValueError as error:
            self.refuse(f"{column}: {error}")
        if value > most:
            self.refuse(f"{column} is too large; at most {most}")
        return value


def rows(path: Path, check: Check) -> Iterator[Row]:
    """Every row under the header that `check` lets pass; empty lines are passed over.

    Raises TraceError for what is no UTF-8, no CSV, or has no header.
    """
    lines = _Lines(path)
    header: list[str] = []
    try:
        for cells in csv.reader(lines, strict=True):
            if not header and cells:
                header = [cell.strip() for cell in cells]
                check(path.name, lines.number, header)
            elif cells:
                yield Row(path.name, lines.number, _matched(path.name, lines.number, header, cells))
    except csv.Error as error:
        refuse(path.name, lines.number, f"no CSV ({error}); write comma-separated cells under one header")
    if not header:
        check(path.name, 1, ())


class _Lines:
    """Lines as text; `number` is that of the line last read."""

    def __init__(self, path: Path) -> None:
        self.number = 1
        self._name = path.name
        self._lines = numbered_lines(path)

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        self.number, line = next(self._lines)
        try:
            return line.decode("utf-8-sig" if self.number == 1 else "utf-8")
        except UnicodeDecodeError:
            refuse(self._name, self.number, "not UTF-8; save the file as UTF-8 text")


def _matched(name: str, line: int, header: Sequence[str], cells: Sequence[str]) -> dict[str, str]:
    if len(cells) != len(header):
        refuse(name, line, f"{len(cells)} cells; the header names {len(header)}")
    return dict(zip(header, cells, strict=True))
