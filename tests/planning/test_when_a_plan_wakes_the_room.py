"""The instant at which a plan asks for the next decision."""

from dure.model.instants import HOUR, SECOND
from dure.model.rules import Planning
from tests.planning.scenes import Scene
from tests.planning.small import job, node, tenant


def waiting_for(limit: int | None) -> Scene:
    """All devices are held, and one that may not be preempted waits for what ends soon enough to count."""
    scene = Scene(
        [node("n0", a100=1)], [tenant("lab", guarantee=1), tenant("others")],
        Planning(memory=0.0, reclaim_within=5 * SECOND),
    )  # fmt: skip
    scene.run(job("1", "lab", 1, time_limit=limit))
    scene.submit(job("2", "others", 1, preemptible=False))
    return scene


def test_it_does_so_when_a_job_is_near_enough_to_its_end_to_count() -> None:
    """`reclaim_within` before its limit."""
    assert waiting_for(HOUR).carry_out().wake_at == HOUR - 5 * SECOND


def test_a_job_without_a_limit_never_wakes_it() -> None:
    """There is no instant at which it ends, so none before that either."""
    assert waiting_for(None).carry_out().wake_at is None
