"""What the tests of the backend on a real API server share: one rig for each process, and a stand for each test."""

import itertools
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.backends.kubernetes.stand import Stand
from tests.rig.kubernetes.fixtures import pytest_collection_finish, real
from tests.rig.kubernetes.rig import Rig

__all__ = ["pytest_collection_finish", "real"]

Stands = Callable[..., Stand]
_numbers = itertools.count()


@pytest.fixture
def stands(real: Rig, tmp_path: Path) -> Iterator[Stands]:
    """Makes stands of their own namespaces and fake nodes, by the pool's options."""
    with ExitStack() as stack:

        def make(**options: str) -> Stand:
            stand = Stand(real, f"t{next(_numbers)}", tmp_path, options)
            stack.callback(stand.finish)
            return stand

        yield make


@pytest.fixture
def stand(stands: Stands) -> Stand:
    """A stand with two fake nodes."""
    return stands()
