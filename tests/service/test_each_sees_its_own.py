import os
import stat

import httpx
import pytest

from tests.rig.room import ServedRoom, submit, until_state

pytestmark = pytest.mark.slow


def test_nothing_is_answered_without_a_token(room: ServedRoom) -> None:
    """Only health, readiness and the document of the API are open to everyone."""
    anyone = room.with_token("dure_00000000_" + "0" * 64)
    for path in ("/v1/jobs", "/v1/room", "/v1/quota", "/v1/tokens", "/metrics", "/v1/bills/2026-11"):
        assert anyone.get(path).status_code == 401, path
        assert httpx.get(room.url + path, trust_env=False).status_code == 401, path
    for path in ("/healthz", "/readyz", "/openapi.json"):
        assert httpx.get(room.url + path, trust_env=False).status_code == 200, path


def test_another_tenants_job_is_not_there(room: ServedRoom) -> None:
    """A tenant's job, its log and its reasons do not exist for another tenant, whatever it tries."""
    ant, bee = room.client("ant"), room.client("bee")
    job = submit(ant, "sh", "-c", "echo secret; sleep 30", cpu="1", memory="64Mi", name="hush")["id"]
    for method, path in (
        ("GET", ""), ("GET", "/explain"), ("GET", "/logs"), ("GET", "/wait"), ("POST", "/hold"),
        ("POST", "/release"), ("DELETE", ""),
    ):  # fmt: skip
        answer = bee.request(method, f"/v1/jobs/{job}{path}")
        assert answer.status_code == 404, (method, path)
        assert "hush" not in answer.text
    assert all(seen["tenant"] == "bee" for seen in bee.get("/v1/jobs", params={"all": True}).json())
    assert bee.post("/v1/jobs", json={"command": ["true"], "after": [job]}).status_code == 403
    assert bee.post("/v1/jobs", json={"command": ["true"], "tenant": "ant"}).status_code == 403
    ant.delete(f"/v1/jobs/{job}").raise_for_status()


def test_of_the_others_only_a_sum_is_seen(room: ServedRoom) -> None:
    """Quota, use and bills show a tenant its own numbers and of all others one sum without names."""
    ant, bee = room.client("ant"), room.client("bee")
    until_state(ant, submit(ant, "sleep", "0.2", cpu="2", memory="64Mi")["id"])
    until_state(bee, submit(bee, "sleep", "0.2", cpu="1", memory="64Mi")["id"])
    month = bee.get("/v1/usage").json()["to"][:7]
    answers = [bee.get(path) for path in ("/v1/quota", "/v1/usage", "/v1/policy", f"/v1/bills/{month}")]
    assert all(answer.status_code == 200 for answer in answers)
    assert not any('"ant"' in answer.text or "Ant" in answer.text for answer in answers)
    used = {row["tenant"] for row in answers[1].json()["rows"]}
    assert used == {"bee", "(others)"}
    assert [statement["tenant"] for statement in answers[3].json()["tenants"]] == ["bee"]


@pytest.mark.parametrize("path", ["/v1/jobs", "/v1/quota", "/v1/usage", "/v1/bills/2026-11"])
@pytest.mark.parametrize("tenant", ["ant", "nope"])
def test_another_tenant_is_not_there_nor_one_that_never_was(room: ServedRoom, path: str, tenant: str) -> None:
    """To ask for it by name is a 404, the same for both; the own tenant is answered."""
    bee = room.client("bee")
    answer = bee.get(path, params={"tenant": tenant})
    assert (answer.status_code, answer.json()["message"]) == (404, f"there is no tenant {tenant}")
    assert bee.get(path, params={"tenant": "bee"}).status_code == 200


def test_a_user_changes_only_own_jobs_and_an_admin_those_of_the_tenant(room: ServedRoom) -> None:
    """Colleagues see each other's jobs; to end one is for its owner and for admins."""
    kim, lee, boss = (
        room.client("ant", "kim"),
        room.client("ant", "lee"),
        room.client("ant", "park", "tenant-admin"),
    )
    job = submit(kim, "sleep", "30", cpu="1", memory="64Mi")["id"]
    assert lee.get(f"/v1/jobs/{job}").status_code == 200
    assert lee.delete(f"/v1/jobs/{job}").status_code == 403
    assert boss.delete(f"/v1/jobs/{job}").status_code == 200
    assert until_state(kim, job)["reason"]["en"] == "Cancelled by park."


def test_roles_open_what_they_are_for(room: ServedRoom) -> None:
    """Monitors read metrics and no jobs; tenant admins make tokens of their own tenant only; users make none."""
    monitor = room.client("", "prometheus", "monitor")
    assert monitor.get("/metrics").status_code == 200
    assert monitor.get("/v1/jobs").status_code == 403
    user, boss = room.client("ant"), room.client("ant", "park", "tenant-admin")
    assert user.get("/metrics").status_code == 403
    assert user.get("/v1/tokens").status_code == 403
    assert user.post("/v1/room/pause", json={}).status_code == 403
    assert boss.post("/v1/tokens", json={"tenant": "ant", "user": "new"}).status_code == 201
    assert boss.post("/v1/tokens", json={"tenant": "bee", "user": "new"}).status_code == 403
    assert boss.post("/v1/tokens", json={"user": "new", "role": "room-admin"}).status_code == 403
    assert {token["tenant"] for token in boss.get("/v1/tokens").json()} == {"ant"}
    assert boss.post("/v1/room/pause", json={"tenant": "bee"}).status_code == 403
    assert boss.post("/v1/policy/reload").status_code == 403


def test_a_revoked_token_opens_nothing(room: ServedRoom) -> None:
    """A token's text is shown once and kept as a hash; once revoked it is worth nothing, at once."""
    made = room.admin.post("/v1/tokens", json={"tenant": "ant", "user": "gone"}).json()
    gone = room.with_token(made["token"])
    assert gone.get("/v1/jobs").status_code == 200
    kept = next(token for token in room.admin.get("/v1/tokens").json() if token["id"] == made["id"])
    assert kept["last4"] == made["token"][-4:]
    assert "token" not in kept
    assert room.admin.delete(f"/v1/tokens/{made['id']}").status_code == 200
    assert gone.get("/v1/jobs").status_code == 401
    assert room.admin.delete("/v1/tokens/nothere").status_code == 404
    for file in room.data.glob("ledger.db*"):
        assert made["token"].encode() not in file.read_bytes()


def test_the_first_start_leaves_an_admin_token_for_its_user_alone(room: ServedRoom) -> None:
    """The admin token is a file that only the server's user may read."""
    path = room.data / "admin-token"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.stat().st_uid == os.geteuid()
    assert room.admin.get("/v1/room").status_code == 200


def test_an_admin_acts_for_a_tenant(room: ServedRoom) -> None:
    """A room admin submits for a tenant and a user by name; without a name there is nobody to bill."""
    body = {"command": ["true"], "cpu": "1", "memory": "64Mi"}
    assert room.admin.post("/v1/jobs", json=body).status_code == 422
    job = room.admin.post("/v1/jobs", json=body | {"tenant": "ant", "user": "kim"})
    assert job.status_code == 201
    assert (job.json()["tenant"], job.json()["user"]) == ("ant", "kim")
    group = room.client("group", "boss", "tenant-admin")
    assert group.post("/v1/jobs", json=body | {"tenant": "inner"}).status_code == 201
    assert group.post("/v1/jobs", json=body).status_code == 403
