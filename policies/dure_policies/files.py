"""A bundle's files as text: bounded, regular, UTF-8 and nothing else, with findings for what is not."""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path

from dure_policies.findings import Findings, Place

LARGEST = 1024 * 1024
"""Bytes; what fits in a Kubernetes ConfigMap."""

MOST_SHOWN = 20
_BOM = b"\xef\xbb\xbf"
# Control characters, line breaks that only some programs see, and signs that reorder the text around them.
_UNSEEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\ufffe\uffff]"
)


def read_text(path: Path, findings: Findings) -> tuple[bytes, str | None]:
    """The file's bytes, and its text, or None where it cannot be used: why is among the findings."""
    data = _read_bytes(path, findings)
    return (data, decode(data, str(path), findings)) if data is not None else (b"", None)


def _read_bytes(path: Path, findings: Findings) -> bytes | None:
    place = Place(str(path))
    try:
        # Without O_NONBLOCK, opening a FIFO would wait for ever.
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        findings.add(place, f"this cannot be read ({error.strerror}); put a readable file here")
        return None
    try:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            findings.add(place, "this is not a regular file; put a YAML file here")
            return None
        with os.fdopen(handle, "rb", closefd=False) as file:
            data = file.read(LARGEST + 1)
    except OSError as error:
        findings.add(place, f"this cannot be read ({error.strerror}); put a readable file here")
        return None
    finally:
        os.close(handle)
    if len(data) > LARGEST:
        findings.add(place, f"this is larger than {LARGEST} bytes; no bundle needs as much")
        return None
    return data


def decode(data: bytes, file: str, findings: Findings) -> str | None:
    """The text in `data`, or None where it holds anything but visible UTF-8 text, spaces, tabs and line ends."""
    if data.startswith(_BOM):
        findings.add(Place(file), "the file begins with a byte order mark; save it as UTF-8 without one")
        return None
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        place = _place(data[: error.start].decode("utf-8"), file)
        findings.add(place, f"the byte 0x{data[error.start]:02x} here is not UTF-8; save the file as UTF-8")
        return None
    return text if _all_visible(text, file, findings) else None


def _all_visible(text: str, file: str, findings: Findings) -> bool:
    found = 0
    for match in _UNSEEN.finditer(text):
        found += 1
        if found <= MOST_SHOWN:
            place = _place(text[: match.start()], file)
            findings.add(place, f"the character U+{ord(match[0]):04X} here cannot be seen; remove it")
    return not found


def _place(before: str, file: str) -> Place:
    return Place(file, before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1)
