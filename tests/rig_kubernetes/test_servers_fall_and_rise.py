import time

import httpx
import pytest

from tests.rig.kubernetes.api import Refused
from tests.rig.kubernetes.rig import Rig
from tests.rig.room import until

pytestmark = pytest.mark.slow


def maps(space: str) -> str:
    return f"/api/v1/namespaces/{space}/configmaps"


def test_the_api_server_dies_and_comes_back(real: Rig, space: str) -> None:
    """Killed, nothing answers; started again, everything stored is there."""
    real.api.post(maps(space), {"metadata": {"name": "kept"}, "data": {"is": "here"}})
    real["apiserver"].kill()
    with pytest.raises(httpx.TransportError):
        real.api.get(f"{maps(space)}/kept")
    real["apiserver"].start()
    assert real.api.get(f"{maps(space)}/kept")["data"] == {"is": "here"}


def test_a_paused_server_does_nothing_until_it_is_resumed(real: Rig, space: str) -> None:
    """A hung controller-manager makes no pods; resumed, it makes up for it."""
    deployment = {
        "metadata": {"name": "later"},
        "spec": {
            "selector": {"matchLabels": {"is": "later"}},
            "template": {
                "metadata": {"labels": {"is": "later"}},
                "spec": {"containers": [{"name": "main", "image": "none"}]},
            },
        },
    }
    sets = f"/apis/apps/v1/namespaces/{space}/replicasets"
    real["controller-manager"].pause()
    try:
        real.api.post(f"/apis/apps/v1/namespaces/{space}/deployments", deployment)
        time.sleep(1)  # running, it takes a tenth of that
        assert real.api.items(sets) == []
    finally:
        real["controller-manager"].resume()
    until(lambda: real.api.items(sets))


@pytest.mark.parametrize("revisions_ahead", [0, 1_000_000_000])
def test_etcd_goes_back_to_an_older_snapshot(real: Rig, space: str, revisions_ahead: int) -> None:
    """What was stored after the snapshot is gone, what was before is there; revisions go back, or far ahead."""
    early = int(real.api.post(maps(space), {"metadata": {"name": "before"}})["metadata"]["resourceVersion"])
    snapshot = real.snapshot()
    late = int(real.api.post(maps(space), {"metadata": {"name": "after"}})["metadata"]["resourceVersion"])
    real.restore(snapshot, revisions_ahead)
    assert int(real.api.get(f"{maps(space)}/before")["metadata"]["resourceVersion"]) == early
    with pytest.raises(Refused) as refused:
        real.api.get(f"{maps(space)}/after")
    assert refused.value.status == 404
    now = int(real.api.post(maps(space), {"metadata": {"name": "anew"}})["metadata"]["resourceVersion"])
    assert (now > late + 1_000_000) == bool(revisions_ahead)
