"""The backends that keep the contract; a new one adds its desk here and nothing else."""

import pytest

from tests.backends.conftest import Desks
from tests.backends.desk import Desk
from tests.backends.kubernetes.contract_room import ClusterDesk, make_on
from tests.rig.kubernetes.fixtures import pytest_collection_finish, real

__all__ = ["pytest_collection_finish", "real"]

ON_A_CLUSTER = {
    "test_a_drained_node_takes_no_more_jobs",
    "test_a_stale_start_is_refused",
    "test_how_jobs_end",
    "test_the_queue_is_durable",
    "test_what_is_observed",
}
"""What Kubernetes is held to as well. The others ask for milliseconds, logs of pods that are gone, or files that a
task shares with its server; tests/backends/kubernetes shows what holds of these on a cluster."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Every test over each backend in turn."""
    cluster = metafunc.module.__name__.rpartition(".")[2] in ON_A_CLUSTER
    backends = ["local", *([pytest.param("kubernetes", marks=pytest.mark.slow)] if cluster else [])]
    metafunc.parametrize("desk", backends, indirect=True)


@pytest.fixture
def desk(request: pytest.FixtureRequest, desks: Desks) -> Desk:
    """A desk over one backend."""
    if request.param == "local":
        return desks()
    return desks(build=make_on(request.getfixturevalue("real")), kind=ClusterDesk)
