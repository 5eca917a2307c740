"""The list of jobs that are not over, against the plain sorting of what there is."""

from hypothesis import given
from hypothesis import strategies as st

from dure.model.change import Change, Ended, Submitted, Withdrawn
from dure.model.job import Job, TaskGroup
from dure.service.listing import Listing
from dure.service.observed import Observed

TENANTS = ("ant", "bee", "cat")
JOBS = [Job(f"j{n}", TENANTS[n % 3], "kim", (n * 7) % 5, (TaskGroup(),)) for n in range(9)]

CHANGES = st.lists(
    st.sampled_from(JOBS).flatmap(
        lambda job: st.sampled_from(
            [
                Submitted(0, job),
                Withdrawn(0, job.id),
                Ended(0, job.id, 1, succeeded=True),
                Ended(0, job.id, 1, succeeded=False, requeue=True),
            ]
        )
    )
)


@given(CHANGES, st.sets(st.sampled_from(TENANTS)))
def test_whatever_happens_it_lists_what_is_not_over(changes: list[Change], tenants: set[str]) -> None:
    """By instant, then id, the newest first; of the tenants asked for; a requeued job is still there."""
    listing, room = Listing(), Observed()
    listing.follow(room)
    there: dict[str, Job] = {}
    for change in changes:
        listing.hear(change)
        if isinstance(change, Submitted):
            there[change.job.id] = change.job
        elif not (isinstance(change, Ended) and change.requeue):
            assert isinstance(change, Ended | Withdrawn)
            there.pop(change.job, None)
    mine = [job for job in there.values() if job.tenant in tenants]
    expected = sorted(mine, key=lambda job: (job.submitted, job.id), reverse=True)
    assert list(listing.newest(tenants)) == [job.id for job in expected]


def test_a_room_read_anew_is_listed_anew() -> None:
    """What the old reading knew is forgotten."""
    listing = Listing()
    listing.follow(Observed())
    listing.add(JOBS[0])
    room = Observed()
    room.apply(Submitted(0, JOBS[1]))
    listing.follow(room)
    assert list(listing.newest(TENANTS)) == [JOBS[1].id]
