"""What the tests of the rig look at: pods of a Job, and how their containers stand."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from tests.rig.kubernetes.rig import Rig
from tests.rig.room import until

Json = dict[str, Any]


def jobs(space: str) -> str:
    return f"/apis/batch/v1/namespaces/{space}/jobs"


def pods(space: str) -> str:
    return f"/api/v1/namespaces/{space}/pods"


def only_pod(rig: Rig, space: str) -> Json | None:
    found = rig.api.items(pods(space))
    assert len(found) <= 1
    return found[0] if found else None


def pod_in_phase(rig: Rig, space: str, *phases: str) -> Json:
    """The namespace's only pod, once it is in one of these phases."""

    def look() -> Json | None:
        pod = only_pod(rig, space)
        return pod if pod is not None and pod["status"]["phase"] in phases else None

    seen = until(look)
    assert seen is not None
    return seen


def state_of(pod: Json, kind: str) -> Json:
    """The state of its first container, which must be of this kind."""
    state: Json = pod["status"]["containerStatuses"][0]["state"]
    assert list(state) == [kind]
    told: Json = state[kind]
    return told


def seconds(earlier: str, later: str) -> float:
    """From one time to another, as Kubernetes writes them."""
    return (datetime.fromisoformat(later) - datetime.fromisoformat(earlier)).total_seconds()
