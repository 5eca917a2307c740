"""Where the bundles that come with dure are."""

from __future__ import annotations

from pathlib import Path

_HERE = Path(__file__).resolve().parent


def bundled(name: str) -> Path:
    """The directory of a bundle that comes with dure (`biohub`, `demo`, `easy`), in a checkout or installed.

    Raises KeyError for a name that is none.
    """
    for folder in (_HERE.parent / name, _HERE / "bundles" / name):
        if name.isidentifier() and (folder / "room.yaml").is_file():
            return folder
    raise KeyError(name)
