"""What the tests of the rig share: one rig with a real node for each process, and a namespace for each test."""

import re
from collections.abc import Iterator

import pytest

from tests.rig.kubernetes.fixtures import pytest_collection_finish, real
from tests.rig.kubernetes.rig import Rig

__all__ = ["pytest_collection_finish", "real"]


@pytest.fixture
def space(real: Rig, request: pytest.FixtureRequest) -> Iterator[str]:
    """A namespace of this test's own, with an account that pods may use."""
    name = re.sub(r"[^a-z0-9]+", "-", request.node.name)[-60:].strip("-")
    real.add_namespace(name)
    yield name
    real.api.delete(f"/api/v1/namespaces/{name}")
