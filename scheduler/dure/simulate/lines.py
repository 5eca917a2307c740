"""Trace files as bounded numbered lines, plain or gzip, read as a stream."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final, NoReturn, cast

LONGEST_LINE: Final = 65_536
MOST_LINES: Final = 20_000_000
_GZIP = b"\x1f\x8b"


class TraceError(ValueError):
    """A trace cannot be replayed; the text is one line `file:line: what; what would be right`."""


def refuse(name: str, line: int, what: str) -> NoReturn:
    """Raise the TraceError that names file and line."""
    raise TraceError(f"{name}:{line}: {what}")


def numbered_lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """(number from 1, line) of a file, unpacked as it is read where it begins as gzip does.

    Holds one line at a time. Raises TraceError for a file that cannot be read, is damaged, or has a line or a
    number of lines beyond all reason.
    """
    number = 0
    try:
        with _opened(path) as stream:
            while line := stream.readline(LONGEST_LINE + 1):
                number += 1
                _bound(path.name, number, len(line))
                yield number, line
    except (OSError, EOFError, zlib.error) as error:
        why = getattr(error, "strerror", None) or str(error)
        what = f"cannot be read ({why}); give a trace as plain text or as .gz"
        refuse(path.name, number + 1, what)


def _opened(path: Path) -> BinaryIO:
    with path.open("rb") as file:
        packed = file.read(2) == _GZIP
    return cast("BinaryIO", gzip.open(path)) if packed else path.open("rb")


def _bound(name: str, number: int, length: int) -> None:
    if length > LONGEST_LINE:
        refuse(name, number, f"the line is longer than {LONGEST_LINE} bytes; a row of a trace is far shorter")
    if number > MOST_LINES:
        refuse(name, number, f"more than {MOST_LINES} lines; cut the trace into shorter periods")
