"""A directory as the source of the rules in force."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TypeAlias

from dure.model.rules import Rules
from dure_policies.bundle import read_bundle
from dure_policies.keys import FILES

_Stamp: TypeAlias = tuple[tuple[int, int, int, int] | None, ...]


class DirectoryPolicy:
    """A `ports.PolicySource` over a bundle's directory; it looks at the files only when asked."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        self._stamp: _Stamp | None = None

    def read(self) -> Rules:
        """The rules as they stand. Raises PolicyRefused with every finding."""
        # Stamped before reading: what changes in between is seen as a change afterwards.
        self._stamp = self._look()
        return read_bundle(self.path).rules

    def changed(self) -> bool:
        """Whether a file of the bundle came, went or was written since `read` was last called."""
        return self._look() != self._stamp

    def _look(self) -> _Stamp:
        return tuple(_stamp(self.path / name) for name in FILES)


def _stamp(path: Path) -> tuple[int, int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino, found.st_dev
