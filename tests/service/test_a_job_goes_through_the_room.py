import time
from typing import Any

import httpx
import pytest

from tests.rig.room import PATIENCE_S, ServedRoom, submit, until_state

pytestmark = pytest.mark.slow


@pytest.fixture
def ant(room: ServedRoom) -> httpx.Client:
    return room.client("ant")


def test_a_job_runs_and_its_log_and_exit_code_are_told(ant: httpx.Client) -> None:
    """A command becomes a process: what it writes and how it exits can be read back."""
    job = submit(ant, "sh", "-c", "echo to stdout; echo to stderr >&2; exit 3", cpu="500m", memory="64Mi")
    ended = until_state(ant, job["id"])
    assert (ended["state"], ended["exit_code"]) == ("failed", 3)
    assert ended["reason"]["en"] == "Exited with code 3."
    assert ended["reason"]["ko"] == "종료 코드 3(으)로 끝났습니다."
    log = ant.get(f"/v1/jobs/{job['id']}/logs")
    assert log.headers["Dure-Offset"] == "0"
    assert sorted(log.text.splitlines()) == ["to stderr", "to stdout"]


def test_a_gang_starts_whole_on_several_nodes(ant: httpx.Client) -> None:
    """Four tasks that no one node can hold start together, each with devices of its own."""
    job = submit(ant, "sh", "-c", "echo $CUDA_VISIBLE_DEVICES", tasks=4, cpu="1", memory="64Mi", gpu="a100:1")
    ended = until_state(ant, job["id"])
    assert ended["state"] == "succeeded"
    assert ended["nodes"] == ["n1", "n2"]
    assert ended["resources"] == {"cpu": 4000, "memory": 256, "gpu:a100": 4}
    devices = [ant.get(f"/v1/jobs/{job['id']}/logs", params={"task": n}).text.strip() for n in range(4)]
    assert sorted(devices) == ["0", "0", "1", "1"]


def test_a_job_waits_with_its_reason_and_can_be_cancelled(room: ServedRoom, ant: httpx.Client) -> None:
    """What does not fit now waits, says why in both languages, and goes when it is cancelled."""
    holder = submit(ant, "sleep", "60", tasks=2, cpu="4", memory="1Gi", gpu="a100:2")
    until_state(ant, holder["id"], "running")
    waiting = submit(ant, "true", cpu="1", gpu="a100:1")
    told = ant.get(f"/v1/jobs/{waiting['id']}/explain").json()
    assert told["state"] == "pending"
    assert told["reasons"][0]["en"]
    assert told["reasons"][0]["ko"]
    for job in (waiting, holder):
        ant.delete(f"/v1/jobs/{job['id']}").raise_for_status()
        ended = until_state(ant, job["id"])
        assert ended["state"] == "cancelled"
        assert ended["reason"]["en"] == "Cancelled by kim."


def test_a_time_limit_ends_a_job(ant: httpx.Client) -> None:
    """What runs past its limit is ended, and says that this was why."""
    job = submit(ant, "sleep", "60", time="1s", cpu="1", memory="64Mi")
    ended = until_state(ant, job["id"])
    assert ended["state"] == "failed"
    assert ended["reason"]["en"] == "Its time limit was reached."


def test_a_job_comes_after_another(ant: httpx.Client) -> None:
    """A job waits for the one it comes after to succeed; where that fails it never starts."""
    first = submit(ant, "sh", "-c", "sleep 1", cpu="1", memory="64Mi")
    second = submit(ant, "true", cpu="1", memory="64Mi", after=[first["id"]])
    assert until_state(ant, second["id"])["state"] == "succeeded"
    failing = submit(ant, "sh", "-c", "sleep 1; exit 1", cpu="1", memory="64Mi")
    never = submit(ant, "true", cpu="1", memory="64Mi", after=[failing["id"]])
    ended = until_state(ant, never["id"])
    assert (ended["state"], ended["started"]) == ("cancelled", None)
    assert failing["id"] in ended["reason"]["en"]
    assert failing["id"] in ended["reason"]["ko"]
    assert ant.post("/v1/jobs", json={"command": ["true"], "after": [failing["id"]]}).status_code == 403


def test_the_same_key_is_the_same_job(ant: httpx.Client) -> None:
    """A retry finds the job of the first try; another request under the same key is refused."""
    body: dict[str, Any] = {"command": ["true"], "cpu": "1", "memory": "64Mi", "idempotency_key": "once"}
    first = ant.post("/v1/jobs", json=body)
    again = ant.post("/v1/jobs", json=body)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json()["id"] == again.json()["id"]
    other = ant.post("/v1/jobs", json=body | {"command": ["false"]})
    assert (other.status_code, other.json()["error"]) == (409, "key-reused")


def test_a_held_job_waits_for_its_release(ant: httpx.Client) -> None:
    """A job submitted on hold never starts by itself."""
    job = submit(ant, "true", cpu="1", memory="64Mi", hold=True)
    assert job["held"]
    quick = submit(ant, "true", cpu="1", memory="64Mi")
    until_state(ant, quick["id"])
    held = ant.get(f"/v1/jobs/{job['id']}").json()
    assert (held["state"], held["reason"]["code"]) == ("pending", "held")
    ant.post(f"/v1/jobs/{job['id']}/release").raise_for_status()
    assert until_state(ant, job["id"])["state"] == "succeeded"
    again = ant.post(f"/v1/jobs/{job['id']}/hold")
    assert (again.status_code, again.json()["hint"][:10]) == (409, "it is over")


def test_a_running_job_is_neither_held_nor_released(ant: httpx.Client) -> None:
    """Each is told what is right for a job that runs."""
    job = submit(ant, "sleep", "60", cpu="1", memory="64Mi")["id"]
    until_state(ant, job, "running")
    held, released = (ant.post(f"/v1/jobs/{job}/{what}") for what in ("hold", "release"))
    assert held.status_code == released.status_code == 409
    assert held.json()["hint"] == f"only a waiting job can be held; to end this one: dure cancel {job}"
    assert released.json()["hint"] == "it has started: nothing holds it, and there is nothing to release"
    ant.delete(f"/v1/jobs/{job}").raise_for_status()
    until_state(ant, job)


def events_of(room: ServedRoom, job: str) -> list[str]:
    return [line for line in room.log().splitlines() if f"job={job}" in line]


def test_the_log_tells_of_a_job_with_its_tenant(room: ServedRoom, ant: httpx.Client) -> None:
    """Submitted, started, running, ended: each an event with job and tenant, and no word of what it runs."""
    job = submit(ant, "sh", "-c", "echo unheard-of", cpu="1", memory="64Mi")["id"]
    until_state(ant, job)
    until = time.monotonic() + PATIENCE_S
    while not any("] ended " in line for line in events_of(room, job)):  # the loop's next turn tells of it
        assert time.monotonic() < until, room.log()
        time.sleep(0.05)
    lines = events_of(room, job)
    for said in ("submitted", "started", "running"):
        assert any(f"] {said} " in line for line in lines), (said, lines)
    assert all("tenant=ant" in line for line in lines)
    assert "unheard-of" not in room.log()


def test_a_dry_run_creates_nothing(ant: httpx.Client) -> None:
    """A dry run says what the planner would say now, and the queue is as it was."""
    before = len(ant.get("/v1/jobs", params={"all": True}).json())
    told = ant.post("/v1/jobs", params={"dry_run": True}, json={"command": ["true"], "cpu": "1"})
    assert told.status_code == 200
    assert told.json()["reason"]["code"] == "starts-now"
    assert len(ant.get("/v1/jobs", params={"all": True}).json()) == before


def test_a_job_file_is_read_as_yaml(ant: httpx.Client) -> None:
    """A YAML body is the same job; an error in it names line and column."""
    headers = {"Content-Type": "application/yaml"}
    text = "command: [echo, 안녕]\ncpu: 500m\nmemory: 64Mi\n"
    job = ant.post("/v1/jobs", content=text.encode(), headers=headers)
    assert job.status_code == 201
    assert until_state(ant, job.json()["id"])["state"] == "succeeded"
    assert ant.get(f"/v1/jobs/{job.json()['id']}/logs").text == "안녕\n"
    bad = ant.post(
        "/v1/jobs", content=b"command: [a]\ncommand: [b]\n", headers=headers, params={"file": "my.yaml"}
    )
    assert bad.status_code == 422
    assert bad.json()["findings"][0].startswith("my.yaml:2:1: ")


def test_a_log_is_followed_to_its_end(ant: httpx.Client) -> None:
    """Following gives each line as it comes and stops when the task has ended; tail gives the last lines."""
    job = submit(ant, "sh", "-c", "for i in 1 2 3 4; do echo $i; sleep 0.2; done", cpu="1", memory="64Mi")
    with ant.stream("GET", f"/v1/jobs/{job['id']}/logs", params={"follow": True}) as followed:
        assert "".join(followed.iter_text()) == "1\n2\n3\n4\n"
    tail = ant.get(f"/v1/jobs/{job['id']}/logs", params={"tail": 2})
    assert (tail.text, tail.headers["Dure-Offset"]) == ("3\n4\n", "4")
    rest = ant.get(f"/v1/jobs/{job['id']}/logs", params={"offset": 6})
    assert rest.text == "4\n"
    assert ant.get(f"/v1/jobs/{job['id']}/logs", params={"task": 1}).status_code == 404
    assert ant.get(f"/v1/jobs/{job['id']}/logs", params={"since": "1h"}).text == "1\n2\n3\n4\n"
    assert ant.get(f"/v1/jobs/{job['id']}/logs", params={"since": "1ms"}).text == ""
    assert ant.get(f"/v1/jobs/{job['id']}/logs", params={"since": "soon"}).status_code == 422
