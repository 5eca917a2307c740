"""The backends that keep the contract; a new one adds its maker here and nothing else."""

import pytest

from tests.backends.conftest import Desks, Make, local
from tests.backends.desk import Desk

BACKENDS: dict[str, Make] = {"local": local}


@pytest.fixture(params=sorted(BACKENDS))
def desk(request: pytest.FixtureRequest, desks: Desks) -> Desk:
    """A desk over each backend in turn."""
    return desks(build=BACKENDS[request.param])
