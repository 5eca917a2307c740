"""Sentences, lists and titles for a person at a terminal, wrapped by cells: Korean letters take two."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterable

import click

from dure_cli.remote.output import width

_WIDEST = 100
"""A longer line is hard to read, however wide the terminal."""


def cells() -> int | None:
    """How wide a line may be; None where the output is no terminal: programs take lines whole."""
    return min(shutil.get_terminal_size().columns, _WIDEST) if sys.stdout.isatty() else None


def wrapped(text: str, within: int | None, first: str = "", rest: str = "") -> list[str]:
    """Lines of a text, the first one after `first`, the others after `rest`."""
    lines, line = [], first
    begun = False
    for word in text.split(" "):
        longer = f"{line} {word}" if begun else line + word
        if begun and within is not None and width(longer) > within:
            lines.append(line)
            longer = rest + word
        line, begun = longer, True
    return [*lines, line]


def bullets(texts: Iterable[str], within: int | None) -> list[str]:
    """One text a bullet."""
    return [line for text in texts for line in wrapped(text, within, "  - ", "    ")]


def titled(title: str, lines: list[str]) -> list[str]:
    """A title over its lines, with an empty line before; nothing where there are none."""
    return ["", click.style(title, bold=True), *lines] if lines else []


def said(texts: Iterable[str]) -> str:
    """Texts, each from the beginning of a line."""
    return "\n".join(line for text in texts for line in wrapped(text, cells()))
