import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from tests.rig.kubernetes.objects import FakeNode, job, played
from tests.rig.kubernetes.rig import Rig
from tests.rig.room import PATIENCE_S, ServedRoom, served_room, submit, until_state

pytestmark = pytest.mark.slow
PREFIX = "served-"
ROOM = """\
room: cluster
planning: {{default_time_limit: 5m, grace: 1s}}
pools:
  main:
    backend: kubernetes
    options: {{kubeconfig: {kubeconfig}, namespace_prefix: {prefix}}}
"""
TENANTS = """\
tenants:
  ant: {guarantee: {cpu: 4}, default_image: "localhost/busybox:1"}
  bee: {}
"""
PRICES = "prices: {v1: {start: 2026-01-01, rates: {cpu: 36_000}}}\n"


@pytest.fixture(scope="module")
def room(real: Rig, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedRoom]:
    """A server over a cluster of one real node, which runs what dure submits, and two fake ones."""
    for tenant in ("ant", "bee"):
        real.add_namespace(PREFIX + tenant)
    real.add_nodes(FakeNode("served-1", 4, 8), FakeNode("served-2", 4, 8))
    bundle = {
        "room": ROOM.format(kubeconfig=real.kubeconfig, prefix=PREFIX),
        "tenants": TENANTS,
        "prices": PRICES,
    }
    with served_room(tmp_path_factory.mktemp("room"), **bundle) as served:
        yield served
    for node in ("served-1", "served-2"):
        real.api.delete(f"/api/v1/nodes/{node}", grace_s=0)


def once(look: Callable[[], Any]) -> Any:
    last = time.monotonic() + PATIENCE_S
    while not (found := look()):
        assert time.monotonic() < last
        time.sleep(0.2)
    return found


def of_tenant(client: httpx.Client) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = client.get("/v1/jobs", params={"all": "true"}).raise_for_status().json()
    return listed


def test_a_job_of_plain_kubectl_is_scheduled_metered_and_billed(room: ServedRoom, real: Rig) -> None:
    """Nobody told dure of it: it is queued, started, seen in `ps`, and stands in use with its core-hours."""
    bee = room.client("bee")
    path = f"/apis/batch/v1/namespaces/{PREFIX}bee/jobs"
    real.api.post(
        path, job("sum", played(runs_for=2), suspend=True, requests={"cpu": "3", "memory": "100Mi"})
    )
    mine = once(lambda: [each for each in of_tenant(bee) if each["name"] == "sum"])[0]
    ended = until_state(bee, mine["id"])
    assert (ended["state"], ended["attempt"], ended["resources"]["cpu"]) == ("succeeded", 1, 3000)
    assert ended["nodes"][0] in {"served-1", "served-2"}
    used = once(lambda: bee.get("/v1/usage").raise_for_status().json()["rows"])
    cpu = next(row for row in used if row["resource"] == "cpu")
    assert 3 * 2 / 3600 <= float(cpu["quantity"]) + 1e-6 <= 3 * 10 / 3600


def test_a_guarantee_is_reclaimed_from_a_borrower(room: ServedRoom, real: Rig) -> None:
    """The borrower's Jobs are suspended again as many as it takes, and come back when the owner is done."""
    bee, ant = room.client("bee"), room.client("ant")
    for number in range(12):
        body = job(
            f"fill-{number}",
            played(exit_on_term=0),
            suspend=True,
            requests={"cpu": "1", "memory": "8Mi"},
            grace_s=1,
        )
        real.api.post(f"/apis/batch/v1/namespaces/{PREFIX}bee/jobs", body)
    once(lambda: sum(each["state"] == "running" for each in of_tenant(bee)) >= 8)
    owners = job("owner", played(runs_for=2), suspend=True, requests={"cpu": "4", "memory": "8Mi"})
    real.api.post(f"/apis/batch/v1/namespaces/{PREFIX}ant/jobs", owners)
    mine = once(lambda: [each for each in of_tenant(ant) if each["name"] == "owner"])[0]
    assert until_state(ant, mine["id"])["state"] == "succeeded"
    evicted = [each for each in of_tenant(bee) if each["evictions"]["count"]]
    assert 4 <= len(evicted) <= 8
    for each in of_tenant(bee):
        bee.delete(f"/v1/jobs/{each['id']}")


def test_a_job_through_the_api_really_runs(room: ServedRoom, real: Rig) -> None:
    """The tenant's default image, its log and its exit code; the fake nodes are closed meanwhile."""
    ant = room.client("ant")
    for node in ("served-1", "served-2"):
        room.admin.post(f"/v1/nodes/{node}/drain").raise_for_status()
    made = submit(ant, "sh", "-c", "echo from a pod; exit 3", cpu="100m", memory="32Mi")
    ended = until_state(ant, made["id"])
    assert (ended["state"], ended["exit_code"], ended["nodes"]) == ("failed", 3, ["real-0"])
    assert ant.get(f"/v1/jobs/{made['id']}/logs").text == "from a pod\n"
    for node in ("served-1", "served-2"):
        room.admin.post(f"/v1/nodes/{node}/return").raise_for_status()
    told = room.admin.get("/v1/debug/history").raise_for_status().json()
    assert told["equal"], told
