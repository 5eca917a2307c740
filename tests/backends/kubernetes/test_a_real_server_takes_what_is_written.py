"""What is written, given to a real API server: strict about fields, under Pod Security `restricted`."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from dure.backends.kubernetes import admitting
from dure.backends.kubernetes.kept import Ending, Withdrawal
from dure.backends.kubernetes.kinds import BATCH_JOB, url_path
from dure.backends.kubernetes.reading import Queued, Tenancy, queued
from dure.backends.kubernetes.requests import is_uniform
from dure.backends.kubernetes.writing import manifest
from dure.model.job import Job, Placement
from dure.model.plan import Start
from tests.backends.kubernetes_values.jobs import FLAVORS, VOLUMES, jobs
from tests.rig.kubernetes.api import answer
from tests.rig.kubernetes.rig import Rig

pytestmark = pytest.mark.slow

Json = dict[str, Any]
SPACE = "written-for-real"
STRICT = {"fieldValidation": "Strict", "dryRun": "All"}


@pytest.fixture(scope="module")
def rig(real: Rig) -> Rig:
    real.add_namespace(SPACE)
    enforce = {"metadata": {"labels": {"pod-security.kubernetes.io/enforce": "restricted"}}}
    real.api.patch(f"/api/v1/namespaces/{SPACE}", enforce)
    return real


def as_read(obj: Json) -> Queued:
    return queued(obj, BATCH_JOB, Tenancy({SPACE: "lab"}, FLAVORS))


@given(job=jobs().filter(is_uniform))
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
def test_any_job_is_taken_and_given_back(rig: Rig, job: Job) -> None:
    """With all that the server fills in, it is the same job."""
    body = manifest(job, SPACE, VOLUMES, (BATCH_JOB,), FLAVORS)
    given_back = answer(rig.api.http.post(url_path(BATCH_JOB, SPACE), json=body, params=STRICT))
    assert as_read(given_back).job == job


@given(job=jobs().filter(is_uniform))
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
def test_every_patch_is_taken(rig: Rig, job: Job) -> None:
    """Admitted on one node and on several, told to end, held, withdrawn; and read back as decided."""
    made = answer(
        rig.api.http.post(
            url_path(BATCH_JOB, SPACE), json=manifest(job, SPACE, VOLUMES, (BATCH_JOB,), FLAVORS)
        )
    )
    path = url_path(BATCH_JOB, SPACE, made["metadata"]["name"])
    try:
        first = as_read(rig.api.get(path))
        for nodes in (("n1",), ("n1", "n2")):
            start = Start(job.id, 1, places(job, nodes), guaranteed=True)
            after = as_read(
                rig.api.patch(path, unpinned(admitting.admit(first, start, 5000, 1, keep=True)), **STRICT)
            )
            assert after.kept.live is not None
            assert after.kept.live.placements == start.placements
        ending = Ending(1, 5000, "evicted: reclaim", requeue=True)
        for patch in (
            admitting.evict(first, ending, 1), admitting.hold(first, True, 5, 1),
            admitting.withdraw(first, Withdrawal(5, "cancelled"), 1), admitting.checkpoint(first, 1, 5, 1),
            admitting.end_deleted(first), admitting.release_job(first),
        ):  # fmt: skip
            assert as_read(rig.api.patch(path, unpinned(patch), **STRICT)).job == job
    finally:
        rig.api.delete(path)


def places(job: Job, nodes: tuple[str, ...]) -> tuple[Placement, ...]:
    """Each group's tasks over these nodes."""
    found = []
    for number, group in enumerate(job.groups):
        flavor = group.flavors[0] if group.flavors else ""
        others = len(nodes) - 1 if group.count >= len(nodes) else 0
        counts = [group.count - others, *(1 for _ in range(others))]
        found += [Placement(number, node, flavor, n) for node, n in zip(nodes, counts, strict=False)]
    return tuple(found)


def unpinned(patch: Json) -> Json:
    """Without the version that it is for: a controller may write at any moment; only the shape is tried here."""
    return {**patch, "metadata": {k: v for k, v in patch["metadata"].items() if k != "resourceVersion"}}
