"""A served room for every test file here, and a fresh one where a test stops it or changes its policy."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.rig.room import ServedRoom, served_room


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedRoom]:
    """One room for the tests of a file; each takes tenants and jobs of its own."""
    with served_room(tmp_path_factory.mktemp("room")) as served:
        yield served


@pytest.fixture
def fresh_room(tmp_path: Path) -> Iterator[ServedRoom]:
    """A room for one test alone."""
    with served_room(tmp_path) as served:
        yield served
