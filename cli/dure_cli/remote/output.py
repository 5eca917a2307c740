"""Rows for people and programs: table, wide, json, yaml, csv. Data goes to stdout, nothing else does."""

from __future__ import annotations

import csv
import json
import re
import shutil
import sys
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import click

from dure_cli.remote.words import header

Row = Mapping[str, Any]

_PLAIN_KEY = re.compile(r"[a-z][a-z0-9_]*")
_WORDS = {"y", "n", "yes", "no", "on", "off", "true", "false", "null"}
"""What YAML readers take for a key's own text; words that old ones take for booleans."""

OUTPUT = click.option(
    "-o", "--output", type=click.Choice(["table", "wide", "json", "yaml", "csv"]), default="table",
    show_default=True, help="Form of the output.",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Column:
    """A column: the row's key, how its value reads, whether only `wide` shows it, its title if not the key.

    A `spare` one is left out of a table where the terminal is too narrow for all.
    """

    key: str
    text: Callable[[Any], str] = lambda value: "" if value is None else str(value)
    wide: bool = False
    right: bool = False
    title: str = ""
    spare: bool = False


def width(text: str) -> int:
    """Terminal cells that a text takes; Korean letters take two."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else not unicodedata.combining(c) for c in text)


def _cut(text: str, cells: int) -> str:
    if width(text) <= cells:
        return text
    while text and width(text) > cells - 1:
        text = text[:-1]
    return text + "…"


def _pad(text: str, cells: int, right: bool) -> str:
    space = " " * (cells - width(text))
    return space + text if right else text + space


def printable(text: str) -> str:
    """The text without control characters: what a job is called must not steer a terminal."""
    return "".join(c if c.isprintable() else "?" for c in text)


_GAP = "  "
_LEAST_LAST = 12
_GOOD_LAST = 32
"""Cells that the last column is cut to at most, and for which spare columns make room."""


def terminal() -> int | None:
    """Cells of the terminal; None where the output is no terminal."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def _before_last(widths: Sequence[int]) -> int:
    return sum(widths[:-1]) + len(_GAP) * (len(widths) - 1)


def _kept(columns: Sequence[Column], widths: Sequence[int], terminal: int | None) -> list[int]:
    """Which columns are shown: spare ones go, the last first, while the last column has too little room."""
    kept = list(range(len(columns)))
    for number in reversed(range(len(columns))):
        shown = [widths[i] for i in kept]
        if terminal is None or terminal - _before_last(shown) >= min(shown[-1], _GOOD_LAST):
            break
        if columns[number].spare:
            kept.remove(number)
    return kept


def table(
    rows: Sequence[Row], columns: Sequence[Column], lang: str = "en", terminal: int | None = None
) -> list[str]:
    """Aligned lines with a header; on a terminal of so many cells the last column is cut to what is left."""
    cells = [[header(c.title or c.key, lang) for c in columns]]
    cells += [[printable(c.text(row.get(c.key))) for c in columns] for row in rows]
    widths = [max(width(line[i]) for line in cells) for i in range(len(columns))]
    kept = _kept(columns, widths, terminal)
    if terminal is not None and not columns[-1].right:
        left = max(_LEAST_LAST, terminal - _before_last([widths[i] for i in kept]))
        widths[-1] = min(widths[-1], left)
        cells = [[*line[:-1], _cut(line[-1], left)] for line in cells]
    aligned = [[_pad(line[i], widths[i], columns[i].right) for i in kept] for line in cells]
    return [_GAP.join(line).rstrip() for line in aligned]


def _scalar(value: Any) -> str:
    """JSON, which YAML reads the same way once what is not printable is escaped as YAML escapes it."""
    plain = json.dumps(value, ensure_ascii=False)
    return "".join(c if c.isprintable() and c != "\ufeff" else f"\\U{ord(c):08x}" for c in plain)


def _key(key: str) -> str:
    """A key as people write it, quoted only where YAML might read it as something else."""
    return key if _PLAIN_KEY.fullmatch(key) and key not in _WORDS else _scalar(key)


def as_yaml(value: Any, indent: str = "") -> str:
    """Plain block YAML of JSON values; scalars are quoted as JSON."""
    if isinstance(value, Mapping) and value:
        return "".join(f"{indent}{_key(str(k))}:{_nested(v, indent)}" for k, v in value.items())
    if isinstance(value, list) and value:
        return "".join(f"{indent}- {as_yaml(v, indent + '  ').removeprefix(indent + '  ')}" for v in value)
    return f"{indent}{_scalar(value)}\n"


def _nested(value: Any, indent: str) -> str:
    if isinstance(value, Mapping | list) and value:
        return "\n" + as_yaml(value, indent + "  ")
    return " " + as_yaml(value)


def emit(value: Any, output: str) -> None:
    """Write a JSON value as `json` or `yaml`."""
    if output == "yaml":
        click.echo(as_yaml(value), nl=False)
    else:
        click.echo(json.dumps(value, indent=2, ensure_ascii=False))


def _plain(value: Any) -> str:
    if isinstance(value, Mapping | list):
        return json.dumps(value, ensure_ascii=False)
    return "" if value is None else str(value)


def write_csv(rows: Sequence[Row], keys: Sequence[str]) -> None:
    """Comma-separated rows with a header line."""
    out = csv.writer(sys.stdout, lineterminator="\n")
    out.writerow(keys)
    out.writerows([_plain(row.get(key)) for key in keys] for row in rows)


def show(rows: Sequence[Row], columns: Sequence[Column], output: str, lang: str = "en") -> None:
    """Write rows in the form that `-o` names; json and yaml carry every key, csv every column."""
    if output in {"json", "yaml"}:
        emit(list(rows), output)
    elif output == "csv":
        write_csv(rows, [column.key for column in columns])
    else:
        wanted = [column for column in columns if output == "wide" or not column.wide]
        click.echo("\n".join(table(rows, wanted, lang, None if output == "wide" else terminal())))
