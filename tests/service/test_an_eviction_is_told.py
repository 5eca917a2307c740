"""A borrower is evicted for a guarantee, in a served room: what both tenants are told of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.rig.room import BUNDLE, ServedRoom, served_room, submit, until, until_state

pytestmark = pytest.mark.slow

SLOW = BUNDLE["room.yaml"].replace("grace: 1s", "grace: 4s")
STUBBORN = 'trap "sleep 20; exit 1" TERM; sleep 600 & wait'


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedRoom]:
    """Bee has borrowed every GPU; then ant, which is guaranteed two, asks for them."""
    with served_room(tmp_path_factory.mktemp("room"), room=SLOW) as served:
        yield served


class Scene:
    """Who evicted whom."""

    def __init__(self, room: ServedRoom) -> None:
        self.ant, self.bee, self.admin = room.client("ant"), room.client("bee"), room.admin
        borrowed = [
            submit(self.bee, "sh", "-c", STUBBORN, cpu="1", memory="64Mi", gpu="a100:1")["id"]
            for _ in range(4)
        ]
        for job in borrowed:
            until_state(self.bee, job, "running")
        self.checkpointed = self.bee.post(f"/v1/jobs/{borrowed[0]}/checkpoint")
        self.winner = submit(self.ant, "sleep", "600", cpu="1", memory="64Mi", gpu="a100:1", tasks=2)["id"]
        self.leaving = until(lambda: [job for job in self.jobs() if job["vacating"]])
        self.waiting = self.ant.get(f"/v1/jobs/{self.winner}").json()
        self.victims = [job["id"] for job in self.leaving]
        for victim in self.victims:
            until_state(self.bee, victim, "pending")

    def jobs(self) -> list[dict[str, Any]]:
        """Bee's jobs."""
        answer: list[dict[str, Any]] = self.bee.get("/v1/jobs").json()
        return answer

    def explained(self, client: httpx.Client) -> dict[str, Any]:
        """The first victim as this client is told of it."""
        answer: dict[str, Any] = client.get(f"/v1/jobs/{self.victims[0]}/explain").json()
        return answer


@pytest.fixture(scope="module")
def scene(room: ServedRoom) -> Scene:
    return Scene(room)


def test_while_it_leaves_both_know_why(scene: Scene) -> None:
    """The victim is told by which rule and how long it has; the one it leaves for, that room is being made."""
    assert len(scene.leaving) == 2
    for job in scene.leaving:
        assert (job["state"], job["vacating"], job["reason"]["code"]) == ("ending", "reclaim", "vacating")
        assert "another tenant takes back what it is guaranteed" in job["reason"]["en"]
        assert "4 s to save" in job["reason"]["en"]
        assert "보장량" in job["reason"]["ko"]
    assert (scene.waiting["state"], scene.waiting["reason"]["code"]) == ("pending", "claimed")


def test_then_it_waits_again_and_says_what_was_lost(scene: Scene) -> None:
    """The count, the rule and the loss are in the job; the explanation has every eviction with its hour."""
    job = scene.bee.get(f"/v1/jobs/{scene.victims[0]}").json()
    assert (job["state"], job["evictions"]["count"], job["evictions"]["last_rule"]) == (
        "pending", 1, "reclaim",
    )  # fmt: skip
    assert job["evictions"]["lost_ms"] > 0
    told = scene.explained(scene.bee)
    again = next(reason for reason in told["reasons"] if reason["code"] == "evicted")
    assert again["en"].startswith("Attempt 1 was evicted at ")
    assert told["reasons"][0]["code"] != "evicted"  # why it waits now comes first
    (eviction,) = told["evictions"]
    assert (eviction["attempt"], eviction["rule"]) == (1, "reclaim")
    assert eviction["lost_ms"] == job["evictions"]["lost_ms"]
    assert told["about"]["evictions"] == job["evictions"]


def test_for_whom_it_left_is_told_to_those_who_may_know(scene: Scene) -> None:
    """An admin of the room reads the job's id; the victim's tenant reads that it was another tenant's."""
    (told,) = scene.explained(scene.bee)["evictions"]
    assert told["by"] == "(others)"
    assert scene.winner not in scene.bee.get(f"/v1/jobs/{scene.victims[0]}/explain").text
    (whole,) = scene.explained(scene.admin)["evictions"]
    assert whole["by"] == scene.winner


def test_a_checkpoint_is_reported_by_a_running_job_only(scene: Scene) -> None:
    """It is in the job's answer; a job that waits, and another's, can make none."""
    assert scene.checkpointed.status_code == 200
    assert scene.checkpointed.json()["checkpoint"]
    assert scene.bee.post(f"/v1/jobs/{scene.victims[0]}/checkpoint").status_code == 409
    assert scene.bee.post(f"/v1/jobs/{scene.winner}/checkpoint").status_code == 404
    assert scene.admin.post(f"/v1/jobs/{scene.winner}/checkpoint", json={"attempt": 7}).status_code == 409


def test_the_one_that_it_left_for_says_what_it_displaced(scene: Scene) -> None:
    """The winner reads how many left and what that cost, and no name; an admin of the room reads the names."""
    until_state(scene.ant, scene.winner, "running")
    told = scene.ant.get(f"/v1/jobs/{scene.winner}/explain")
    (displaced,) = [reason for reason in told.json()["reasons"] if reason["code"] == "displaced"]
    assert displaced["en"].startswith("For its start 2 jobs of other tenants had to leave")
    assert displaced["numbers"]["jobs"] == 2
    assert not any(victim in told.text for victim in scene.victims)
    whole = scene.admin.get(f"/v1/jobs/{scene.winner}/explain").text
    assert all(victim in whole for victim in scene.victims)
