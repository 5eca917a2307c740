"""Reads a bundle: a directory with room.yaml and tenants.yaml, perhaps prices.yaml and calendar.yaml."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from dure.model.rules import Rules
from dure.ports import PolicyRefused
from dure_policies import reading, tree
from dure_policies.building import build
from dure_policies.checks import check
from dure_policies.draft import Draft
from dure_policies.files import read_text
from dure_policies.findings import Findings, Place, shown, suggest
from dure_policies.keys import FILES, OPTIONAL
from dure_policies.reading import Entry

_ENDINGS = (".yaml", ".yml")
_MOST_NAMES = 10_000


@dataclass(frozen=True, slots=True)
class Bundle:
    """A bundle that was read without a finding. `warnings` are lines of the same form as findings."""

    path: Path
    rules: Rules
    warnings: tuple[str, ...] = ()


def read_bundle(path: str | os.PathLike[str]) -> Bundle:
    """The bundle in the directory `path`. Raises PolicyRefused with every finding, sorted by file and place."""
    folder, findings, warnings = Path(path), Findings(), Findings()
    if not os.path.isdir(folder):  # noqa: PTH112  # Path.is_dir raises where a name is too long or forbidden
        findings.add(Place(str(folder)), "this is no directory; name the directory that holds room.yaml")
        raise PolicyRefused(findings.lines())
    _check_names(folder, findings)
    digest, files = hashlib.sha256(), dict[str, Entry | None]()
    for name in FILES:
        data, files[name] = _read_file(folder / name, findings)
        digest.update(b"%d %s " % (len(data), name.encode()) + data)
    draft = Draft.of(files)
    check(draft, findings, warnings)
    if findings:
        raise PolicyRefused(findings.lines())
    return Bundle(folder, build(draft, digest.hexdigest()[:16]), warnings.lines())


def _check_names(folder: Path, findings: Findings) -> None:
    """A file that would be read under another name is likely meant to be read."""
    try:
        with os.scandir(folder) as entries:
            names = sorted(entry.name for entry, _ in zip(entries, range(_MOST_NAMES), strict=False))
    except OSError as error:
        findings.add(Place(str(folder)), f"the directory cannot be read ({error.strerror}); make it readable")
        return
    for name in names:
        if name.endswith(_ENDINGS) and not name.startswith(".") and name not in FILES:
            right = suggest(name, FILES, "remove it; a bundle has")
            findings.add(Place(str(folder / name)), f"{shown(name)} is not a file of a bundle; {right}")


def _read_file(path: Path, findings: Findings) -> tuple[bytes, Entry | None]:
    """The file's bytes and what they say; an empty entry where it may be missing and is."""
    if not os.path.lexists(path):
        if path.name in OPTIONAL:
            return b"", Entry(Place(str(path)))
        findings.add(
            Place(str(path)),
            f"the file is missing; write it, with the keys {', '.join(FILES[path.name].keys)}",
        )
        return b"", None
    before = Findings()
    data, text = read_text(path, before)
    entry = None
    if text is not None:
        entry = reading.read(tree.parse(text, str(path), before), FILES[path.name], before)
    if before and entry is not None:
        entry.complete = False
    findings.take(before)
    return data, entry
