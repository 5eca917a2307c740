"""A served room for every test file here, and a fresh one where a test stops it or changes its policy."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.rig.room import ServedRoom, write_bundle


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedRoom]:
    """One room for the tests of a file; each takes tenants and jobs of its own."""
    yield from _served(tmp_path_factory.mktemp("room"))


@pytest.fixture
def fresh_room(tmp_path: Path) -> Iterator[ServedRoom]:
    """A room for one test alone."""
    yield from _served(tmp_path)


def _served(folder: Path) -> Iterator[ServedRoom]:
    served = ServedRoom(folder / "data", write_bundle(folder / "policy"))
    try:
        served.start()
        yield served
    finally:
        served.close()
