"""For the conftest.py of tests that use the rig: import `pytest_collection_finish` and what fixtures you need."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.rig.kubernetes.build import provide, say
from tests.rig.kubernetes.failures import RigError
from tests.rig.kubernetes.programs import PROGRAMS
from tests.rig.kubernetes.rig import Rig


def pytest_collection_finish(session: pytest.Session) -> None:
    """Build before the first test: a cold build takes longer than any test may. What fails here fails there too."""
    if session.config.option.collectonly or not any(uses_rig(item) for item in session.items):
        return
    try:
        provide(tuple(PROGRAMS))
    except RigError as error:
        say(str(error))


def uses_rig(item: pytest.Item) -> bool:
    """Whether a test is slow and lies in a folder whose name has `kubernetes` in it."""
    folders = Path(item.path).parts[-3:-1]
    return item.get_closest_marker("slow") is not None and any("kubernetes" in name for name in folders)


@pytest.fixture(scope="session")
def played() -> Iterator[Rig]:
    """One control plane with kwok for all tests of a process, each with nodes and namespaces of its own."""
    with Rig() as rig:
        yield rig


@pytest.fixture(scope="session")
def real() -> Iterator[Rig]:
    """One control plane with kwok and one real node for all tests of this process."""
    with Rig(with_node=True) as rig:
        yield rig
