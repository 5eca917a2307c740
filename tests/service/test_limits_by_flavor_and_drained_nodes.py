import pytest

from dure.model.rules import Rules
from dure.model.tenant import Tenant
from dure.service.errors import ApiError
from dure.service.requests import JobRequest
from dure.service.submission import job_of
from tests.rig.room import ServedRoom, submit, until, until_state

SMALL = {"cpu": "1", "memory": "64Mi"}


def test_limits_are_read_by_flavor_in_ms() -> None:
    """Sorted by flavor; the plain limit stands for those that are not named."""
    request = JobRequest.model_validate(
        {"command": ["true"], "gpu": "h100,a100:1", "time": "2h", "time_limits": {"h100": "1h"}}
    )
    job = job_of(request, Tenant("ant"), "kim", Rules("room"), 0)
    assert job.time_limits == (("h100", 3_600_000),)
    assert (job.limit_under(["h100"]), job.limit_under(["a100"])) == (3_600_000, 7_200_000)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"gpu": "a100:1", "time_limits": {"h100": "1h"}}, "names h100, but the job asks for a100"),
        ({"time_limits": {"a100": "1h"}}, "names a100, but the job asks for no GPU"),
        ({"gpu": "a100:1", "time_limits": {"a100": "0s"}}, "no time at all"),
    ],
)
def test_a_limit_of_a_flavor_that_is_not_asked_for_is_refused(more: dict[str, object], said: str) -> None:
    """One sentence says what is wrong."""
    request = JobRequest.model_validate({"command": ["true"], **more})
    with pytest.raises(ApiError, match=said):
        job_of(request, Tenant("ant"), "kim", Rules("room"), 0)


@pytest.mark.slow
def test_a_job_runs_under_the_limit_of_the_flavor_it_got(room: ServedRoom) -> None:
    """The answer has both limits, and once it runs the one that holds; past it the job is ended."""
    ant = room.client("ant")
    limits = {"time": "10m", "time_limits": {"a100": "1s"}}
    job = submit(ant, "sleep", "60", gpu="a100:1", **limits, **SMALL)
    assert (job["time_limit_ms"], job["time_limits_ms"]) == (600_000, {"a100": 1_000})
    assert until_state(ant, job["id"], "running", "ending")["time_limit_ms"] == 1_000
    assert until_state(ant, job["id"])["reason"]["en"] == "Its time limit was reached."


@pytest.mark.slow
def test_a_drained_node_takes_no_job_until_it_is_returned(room: ServedRoom) -> None:
    """What runs goes on; with every node drained a job waits; only admins of the room may."""
    ant, admin = room.client("ant"), room.admin
    assert ant.post("/v1/nodes/n1/drain").status_code == 403
    assert admin.post("/v1/nodes/nope/drain").status_code == 404
    for node in ("n1", "n2"):
        assert admin.post(f"/v1/nodes/{node}/drain").json() == {"node": node, "state": "draining"}
    until(lambda: {node["state"] for node in admin.get("/v1/room").json()["nodes"]} == {"draining"})
    job = submit(ant, "true", **SMALL)["id"]
    reason = until(lambda: ant.get(f"/v1/jobs/{job}").json()["reason"])
    assert reason["code"] != "starts-now"
    assert admin.post("/v1/nodes/n2/return").json() == {"node": "n2", "state": "up"}
    assert until_state(ant, job)["nodes"] == ["n2"]
    assert admin.post("/v1/nodes/n1/return").status_code == 200
