import json
from typing import Any

import httpx
import pytest

from tests.rig.room import ServedRoom, submit

pytestmark = pytest.mark.slow

REFUSALS: dict[str, tuple[str, dict[str, Any], str]] = {
    "an unknown flavor": ("ant", {"gpu": "a10:1"}, "did you mean a100?"),
    "more than any node has": ("ant", {"cpu": "5"}, "even when empty"),
    "more devices than the room has": ("ant", {"tasks": 5, "gpu": "a100:1", "cpu": "0"}, "even when empty"),
    "more than the tenant's limit": ("bee", {"tasks": 5, "cpu": "1"}, "limit"),
    "an unknown project": ("ant", {"project": "p3"}, "did you mean p"),
    "no project where one is needed": ("cat", {}, "name one of: c1"),
    "an unknown volume": ("ant", {"mounts": [{"volume": "data", "path": "data"}]}, "no volume"),
    "an unknown secret": ("ant", {"secrets": ["HF_TOKEN"]}, "no secret"),
    "an image where none is run": ("ant", {"image": "python:3.12"}, "no images"),
    "a job that is not there": ("ant", {"after": ["nothere"]}, "no job nothere"),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_a_job_is_refused_with_its_reason(room: ServedRoom, case: str) -> None:
    """What policy does not allow is refused at the door, saying why and what would be right."""
    tenant, more, said = REFUSALS[case]
    answer = room.client(tenant).post("/v1/jobs", json={"command": ["true"], "memory": "64Mi"} | more)
    assert (answer.status_code, answer.json()["error"]) == (403, "refused"), answer.text
    assert said in answer.json()["message"] + answer.json()["hint"]
    assert not answer.json()["message"].endswith(".")  # a hint follows
    assert room.admin.get("/v1/jobs").json() == []


def test_so_many_jobs_may_wait_and_no_more(room: ServedRoom) -> None:
    """A tenant's waiting jobs are counted; the one too many is refused."""
    cat = room.client("cat")
    jobs = [submit(cat, "true", project="c1", hold=True, cpu="1")["id"] for _ in range(2)]
    until_seen(cat, 2)
    third = cat.post("/v1/jobs", json={"command": ["true"], "project": "c1"})
    assert third.status_code == 403
    assert "may have 2" in third.json()["message"]
    for job in jobs:
        cat.delete(f"/v1/jobs/{job}").raise_for_status()


def until_seen(client: httpx.Client, pending: int) -> None:
    """Until the loop has taken in what was queued: explain waits for a turn of it."""
    for job in client.get("/v1/jobs").json():
        assert client.get(f"/v1/jobs/{job['id']}/explain").status_code == 200
    assert len(client.get("/v1/jobs").json()) == pending


BAD: dict[str, Any] = {
    "no command": {},
    "an unknown field": {"command": ["true"], "gpus": "a100:1"},
    "an amount without unit": {"command": ["true"], "memory": "64"},
    "a number for a text": {"command": ["true"], "cpu": 1},
    "too many tasks": {"command": ["true"], "tasks": 10_001},
    "too many tasks in groups": {"command": ["true"], "groups": [{"count": 6_000}, {"count": 6_000}]},
    "groups beside tasks": {"command": ["true"], "groups": [{}], "tasks": 2},
    "a control character": {"command": ["true"], "name": "a\x1b[2J"},
    "a NUL": {"command": ["true\0"]},
    "a lone surrogate": {"command": ["true"], "project": "\ud800"},
    "no time at all": {"command": ["true"], "time": "0s"},
    "too large an amount": {"command": ["true"], "memory": "9999999999Ti"},
    "a list": [1, 2, 3],
    "a text": "true",
    "nothing": None,
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_told_and_changes_nothing(room: ServedRoom, case: str) -> None:
    """What cannot be read is a 4xx with one clear sentence, never a fault, and queues nothing."""
    headers = {"Content-Type": "application/json"}
    answer = room.client("ant").post("/v1/jobs", content=json.dumps(BAD[case]), headers=headers)
    assert answer.status_code == 422, answer.text
    assert answer.json()["error"] == "bad-input"
    assert answer.json()["message"]
    assert room.admin.get("/v1/jobs").json() == []


AMOUNTS: dict[str, tuple[dict[str, Any], str]] = {
    "cpu": ({"cpu": "lots"}, "cpu: 'lots' is not an amount of cpu; write for example 2, 1.5 or 500m"),
    "memory": ({"memory": "5"}, "memory: '5' is not an amount of memory; write for example 512Mi or 4Gi"),
    "time": ({"time": "3"}, "time: '3' is not a length of time; write for example 90s, 2h30m or 7d"),
    "gpu": (
        {"gpu": "a100:1,t4"},
        "gpu: 'a100:1,t4' names no GPUs; write FLAVOR:COUNT, for example a100:2 or h100,a100:1",
    ),
    "a group's cpu": (
        {"groups": [{"cpu": "1.2345"}]},
        "groups.0.cpu: '1.2345' is not an amount of cpu; write for example 2, 1.5 or 500m",
    ),
    "too many digits": ({"cpu": "1234567890"}, "cpu: '1234567890' is too large"),
    "a variable": (
        {"environment": {"1A": "3"}},
        "environment.1A: '1A' is no name of a variable; take letters, digits and _, no digit first",
    ),
    "a job's id": ({"after": ["X"]}, "after.0: 'X' is no job's id; dure ps shows them"),
}


@pytest.mark.parametrize("case", AMOUNTS)
def test_an_amount_that_cannot_be_read_says_how_to_write_it(room: ServedRoom, case: str) -> None:
    """The field, what stood there, and an example of what would be right: no pattern of ours."""
    more, said = AMOUNTS[case]
    answer = room.client("ant").post("/v1/jobs", json={"command": ["true"]} | more)
    assert (answer.status_code, answer.json()["message"]) == (422, said)
    assert answer.json()["findings"] == [said]


def test_a_group_that_states_nothing_asks_for_what_a_job_does(room: ServedRoom) -> None:
    """One core and 512 MiB a task, in a group or not; a group's own word stands, even for nothing."""
    ant = room.client("ant")
    flat = submit(ant, "true", hold=True, tasks=2)
    group = submit(ant, "true", hold=True, groups=[{"count": 2}])
    bare = submit(ant, "true", hold=True, groups=[{"cpu": "0", "memory": "0Mi"}])
    assert flat["resources"] == group["resources"] == {"cpu": 2000, "memory": 1024}
    assert not any(bare["resources"].values())
    for job in (flat, group, bare):
        ant.delete(f"/v1/jobs/{job['id']}").raise_for_status()


def test_bodies_that_are_no_json_are_told(room: ServedRoom) -> None:
    """Broken JSON, deep nesting, bytes that are no UTF-8, and more than a megabyte are refused."""
    ant, headers = room.client("ant"), {"Content-Type": "application/json"}
    for body in (b"{", b"\xff\xfe", b"[" * 100_000, b'{"command": [' + b"1" * 5_000 + b"]}"):
        assert ant.post("/v1/jobs", content=body, headers=headers).status_code in {400, 422}
    assert ant.post("/v1/jobs", content=b" " * (1 << 20) + b"{}", headers=headers).status_code == 413
    yaml = {"Content-Type": "application/yaml"}
    for body in (b"a: &a [*a]", b"\xff", b"command: !!python/object:os.system x", b"no: 010"):
        assert ant.post("/v1/jobs", content=body, headers=yaml).status_code == 422


def test_unknown_paths_and_strange_ids_are_not_found(room: ServedRoom) -> None:
    """An id with slashes, dots or letters of other scripts is no job; it reaches no file."""
    for job in ("..", "..%2f..%2fadmin-token", "%00", "작업", "x" * 300, "A"):
        assert room.admin.get(f"/v1/jobs/{job}").status_code in {404, 422}, job
    nothing, put = room.admin.get("/v1/nothing"), room.admin.put("/v1/jobs")
    assert (nothing.json()["error"], nothing.json()["message"]) == (
        "not-found",
        "there is no path /v1/nothing",
    )
    assert (put.status_code, put.json()["message"]) == (405, "PUT is not what /v1/jobs takes")
    assert room.admin.get("/v1/bills/2026-13").status_code == 422
    assert room.admin.get("/v1/usage", params={"from": "yesterday"}).status_code == 422


def test_times_in_the_wrong_order_are_named_as_they_were_written(room: ServedRoom) -> None:
    """Nobody has to read milliseconds; what was not written is said to be now."""
    usage = room.admin.get("/v1/usage", params={"from": "2027-01-02", "to": "2027-01-01"})
    assert usage.status_code == 422
    assert usage.json()["message"] == "from (2027-01-02) comes after to (2027-01-01)"
    to_now = room.admin.get("/v1/usage", params={"from": "2099-01-01"})
    assert to_now.json()["message"].startswith("from (2099-01-01) comes after to (now, 2")
    assert room.admin.get("/v1/usage").json()["timezone"] == "Asia/Seoul"
