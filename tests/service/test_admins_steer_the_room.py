import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.rig.room import BUNDLE, PATIENCE_S, ServedRoom, submit, until_state, write_bundle

pytestmark = pytest.mark.slow


def until_version_is_not(room: ServedRoom, version: str) -> dict[str, Any]:
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        policy: dict[str, Any] = room.admin.get("/v1/policy").json()
        if policy["version"] != version:
            return policy
        time.sleep(0.1)
    raise AssertionError(f"the policy is still {version}")


def test_a_new_bundle_comes_into_force_without_a_restart(room: ServedRoom) -> None:
    """What an admin writes is seen and put in force; running jobs go on, new names are known at once."""
    ant = room.client("ant")
    runs = submit(ant, "sleep", "30", cpu="1", memory="64Mi")["id"]
    until_state(ant, runs, "running")
    old = room.admin.get("/v1/policy").json()["version"]
    write_bundle(room.policy, tenants=BUNDLE["tenants.yaml"] + "  dog: {}\n")
    new = until_version_is_not(room, old)
    assert "dog" in {tenant["id"] for tenant in new["tenants"]}
    assert ant.get(f"/v1/jobs/{runs}").json()["state"] == "running"
    dog = room.client("dog")
    assert until_state(dog, submit(dog, "true", cpu="1", memory="64Mi")["id"])["state"] == "succeeded"
    ant.delete(f"/v1/jobs/{runs}")
    until_state(ant, runs)
    write_bundle(room.policy)
    assert room.admin.post("/v1/policy/reload").json() == {"version": old}
    assert room.admin.get("/v1/debug/history").json()["equal"]


def test_a_bad_bundle_is_refused_and_the_old_one_stays(room: ServedRoom) -> None:
    """A bundle with errors changes nothing: the findings are told to who reloads and to who asks."""
    old = room.admin.get("/v1/policy").json()
    write_bundle(room.policy, tenants="tenants:\n  ant: {weight: heavy}\n")
    answer = room.admin.post("/v1/policy/reload")
    assert answer.status_code == 422
    assert "tenants.yaml:2:" in answer.json()["findings"][0]
    now = room.admin.get("/v1/policy").json()
    assert (now["version"], now["tenants"]) == (old["version"], old["tenants"])
    assert now["findings"] == answer.json()["findings"]
    assert "dure_policy_refused 1.0" in room.admin.get("/metrics").text
    ant = room.client("ant")
    assert until_state(ant, submit(ant, "true", cpu="1", memory="64Mi")["id"])["state"] == "succeeded"
    write_bundle(room.policy)
    assert room.admin.post("/v1/policy/reload").json() == {"version": old["version"]}
    assert room.admin.get("/v1/policy").json()["findings"] == []


def test_sighup_reads_the_policy_again(room: ServedRoom) -> None:
    """SIGHUP is a reload."""
    assert room.process is not None
    old = room.admin.get("/v1/policy").json()["version"]
    write_bundle(room.policy, prices=BUNDLE["prices.yaml"].replace("36_000", "72_000"))
    room.process.send_signal(signal.SIGHUP)
    new = until_version_is_not(room, old)["version"]
    write_bundle(room.policy)
    room.process.send_signal(signal.SIGHUP)
    assert until_version_is_not(room, new)["version"] == old


def test_a_paused_tenant_starts_nothing_until_resumed(fresh_room: ServedRoom) -> None:
    """A pause holds through a restart; what is said of the waiting job names it."""
    admin, ant, bee = fresh_room.admin, fresh_room.client("ant"), fresh_room.client("bee")
    headers = {"Authorization": ant.headers["Authorization"]}
    paused = admin.post("/v1/room/pause", json={"tenant": "ant"})
    assert paused.json() == {"room": False, "tenants": ["ant"]}
    job = submit(ant, "true", cpu="1", memory="64Mi")["id"]
    assert until_state(bee, submit(bee, "true", cpu="1", memory="64Mi")["id"])["state"] == "succeeded"
    assert ant.get(f"/v1/jobs/{job}/explain").json()["reasons"][0]["code"] == "paused"
    assert fresh_room.stop() == 0
    fresh_room.start()
    ant = httpx.Client(base_url=fresh_room.url, headers=headers, trust_env=False)
    assert ant.get("/v1/room").json()["paused"] == {"room": False, "tenants": ["ant"]}
    assert ant.get(f"/v1/jobs/{job}/explain").json()["reasons"][0]["code"] == "paused"
    fresh_room.admin.post("/v1/room/resume", json={"tenant": "ant"}).raise_for_status()
    assert until_state(ant, job)["state"] == "succeeded"
    ant.close()


def test_a_paused_room_starts_nothing(room: ServedRoom) -> None:
    """A pause of the room is for everyone."""
    bee = room.client("bee")
    room.admin.post("/v1/room/pause", json={"tenant": None}).raise_for_status()
    job = submit(bee, "true", cpu="1", memory="64Mi")["id"]
    assert bee.get(f"/v1/jobs/{job}/explain").json()["reasons"][0]["code"] == "paused"
    room.admin.post("/v1/room/resume", json={"tenant": None}).raise_for_status()
    assert until_state(bee, job)["state"] == "succeeded"


def test_the_bill_holds_what_ran(room: ServedRoom) -> None:
    """A finished job stands on the bill with its use, to the won, and on the usage with its project."""
    cat = room.client("cat")
    job = until_state(cat, submit(cat, "sleep", "1", cpu="2", memory="1Gi", gpu="a100:1", project="c1")["id"])
    usage = cat.get("/v1/usage").json()
    month = usage["to"][:7] if usage["to"][8:10] != "31" else usage["from"][:7]
    bill = cat.get(f"/v1/bills/{month}").json()
    own = bill["tenants"][0]
    rates = {"cpu": (36_000, 2), "memory": (3_600, 1), "gpu:a100": (360_000, 1)}
    for line in own["lines"]:
        per_hour, amount = rates[line["resource"]]
        length_ms = int(line["amount_micro"]) / 1_000_000 / per_hour / amount * 3_600_000
        assert 1_000 <= length_ms < 10_000
        assert line["project"] == "c1"
    assert own["supply_won"] == sum(line["amount_won"] for line in own["lines"])
    assert own["vat_won"] == own["supply_won"] // 10
    assert own["total_won"] == own["supply_won"] + own["vat_won"]
    own_rows = [row for row in usage["rows"] if row["tenant"] == "cat"]
    assert {(row["project"], row["resource"]) for row in own_rows} == {("c1", name) for name in rates}
    assert job["exit_code"] == 0


def test_metrics_are_what_prometheus_reads(room: ServedRoom, tmp_path: Path) -> None:
    """Promtool finds nothing wrong, use of tenants is counted, and no label names a user or a job."""
    ant = room.client("ant", "some-user")
    job = until_state(ant, submit(ant, "sleep", "0.5", cpu="1", memory="64Mi", name="some-name")["id"])
    room.admin.get("/v1/usage").raise_for_status()
    scraped = room.client("", "prometheus", "monitor").get("/metrics")
    assert scraped.headers["content-type"].startswith("text/plain")
    checked = subprocess.run(
        ["promtool", "check", "metrics"], input=scraped.text, capture_output=True, text=True, check=False
    )
    assert (checked.returncode, checked.stdout + checked.stderr) == (0, "")
    assert 'dure_tenant_resource_seconds_total{resource="cpu",tenant="ant"}' in scraped.text
    assert 'dure_tenant_entitlement{tenant="ant"} 0.0' in scraped.text
    for name in ("some-user", "some-name", job["id"]):
        assert name not in scraped.text
