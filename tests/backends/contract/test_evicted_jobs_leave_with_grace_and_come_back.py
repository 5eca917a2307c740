import pytest

from dure.model.change import Checkpointed, Ended, Evicting, Starting, Submitted, TaskEnded, TaskStarted
from dure.model.job import Job, Placement, TaskGroup
from dure.model.plan import Eviction, Rule, Start
from dure.model.record import JobState
from dure.ports import Refused
from tests.backends.desk import Desk

STUBBORN = "trap 'echo told' TERM; echo up; while :; do sleep 0.05; done"


def evict(
    desk: Desk, job: Job, attempt: int = 1, rule: Rule = Rule.RECLAIM, by: str = "job-of-owner"
) -> Eviction:
    eviction = Eviction(job.id, attempt, rule, by, lost=1234)
    desk.call(desk.backend.evict(eviction))
    return eviction


def pending_again(desk: Desk, job: Job) -> None:
    desk.until(lambda: desk.record(job).state is JobState.PENDING)


def test_it_is_told_and_killed_only_when_its_grace_is_over(desk: Desk) -> None:
    """The decision stands in the attempt's record, and the job waits for its next attempt."""
    job = desk.submit("sh", "-c", STUBBORN)
    desk.start(job)
    desk.logged(job, "up")
    eviction = evict(desk, job)
    told = desk.attempt(job)
    assert (told.eviction, desk.record(job).state) == (eviction, JobState.ENDING)
    pending_again(desk, job)
    attempt = desk.attempt(job)
    assert "told" in desk.log(job)
    lasted = (attempt.tasks[0].ended or 0) - (attempt.ending_since or 0)
    assert lasted > desk.rules.planning.grace - desk.resolution
    assert eviction == attempt.eviction
    assert "job-of-owner" not in attempt.ending, "whose place it is is nobody else's business"
    desk.start(job, attempt=2)
    desk.running(job)
    assert [each.eviction for each in desk.record(job).attempts] == [eviction, None]


def test_a_life_with_an_eviction_is_told_in_order(desk: Desk) -> None:
    """It vacates after it has started and before it ends, and is then pending again."""
    job = desk.submit("sleep", "30")
    desk.start(job)
    desk.running(job)
    eviction = evict(desk, job)
    pending_again(desk, job)
    attempt = desk.attempt(job)
    task = attempt.tasks[0]
    assert desk.look() == [
        Submitted(job.submitted, job),
        Starting(attempt.decided, job.id, 1, attempt.placements),
        TaskStarted(task.started or 0, job.id, 1, 0),
        Evicting(attempt.ending_since or 0, eviction),
        TaskEnded(task.ended or 0, job.id, 1, 0),
        Ended(task.ended or 0, job.id, 1, succeeded=False, requeue=True),
    ]


def test_one_that_ends_well_within_its_grace_runs_again_all_the_same(desk: Desk) -> None:
    """An exit status after the telling says that it cleaned up, not that its work was done."""
    job = desk.submit("sh", "-c", "trap 'exit 0' TERM; echo up; while :; do sleep 0.05; done")
    desk.start(job)
    desk.logged(job, "up")
    evict(desk, job)
    pending_again(desk, job)
    assert desk.attempt(job).tasks[0].exit_code == 0


def test_told_twice_it_is_evicted_once(desk: Desk) -> None:
    """The first decision stands, also for one told in the middle of its end, and nothing comes of a late one."""
    job = desk.submit("sh", "-c", STUBBORN)
    desk.start(job)
    desk.logged(job, "up")
    first = evict(desk, job, by="first")
    evict(desk, job, by="second")
    pending_again(desk, job)
    evict(desk, job, by="third")
    desk.start(job, attempt=2)
    desk.running(job)
    evict(desk, job, attempt=1, by="of the attempt before")
    assert desk.record(job).state is JobState.RUNNING
    assert [each.eviction for each in desk.record(job).attempts] == [first, None]
    assert [change.eviction for change in desk.look() if isinstance(change, Evicting)] == [first]


def test_one_that_was_told_to_end_for_good_is_not_evicted(desk: Desk) -> None:
    """Neither one that is cancelled already, nor one that is over."""
    job = desk.submit("sh", "-c", STUBBORN)
    desk.start(job)
    desk.logged(job, "up")
    desk.end(job, "cancelled by kim")
    evict(desk, job)
    record = desk.ended(job)
    evict(desk, job)
    assert (record.state, record.reason) == (JobState.CANCELLED, "cancelled by kim")
    assert desk.record(job) == record


def test_one_that_is_evicted_before_a_task_has_started_never_starts_there(desk: Desk) -> None:
    """Whatever its shims had come to: the attempt ends, and the job is pending again."""
    jobs = [desk.submit("sleep", "30", groups=(TaskGroup(3, 10, 16),)) for _ in range(3)]
    for job in jobs:
        desk.start(job)
        evict(desk, job)
    for job in jobs:
        pending_again(desk, job)
        assert all(task.exit_code is None or task.exit_code < 0 for task in desk.attempt(job).tasks)
    ends = [change for change in desk.look() if isinstance(change, Ended)]
    assert [(change.succeeded, change.requeue) for change in ends] == [(False, True)] * 3


def test_a_gang_leaves_whole(desk: Desk) -> None:
    """Every task is told, and the gang is pending again when the last one is gone."""
    job = desk.submit("sleep", "30", groups=(TaskGroup(2, 10, 16),))
    desk.start(job, Placement(0, "n1"), Placement(0, "n2"))
    desk.until(lambda: all(task.started for task in desk.attempt(job).tasks))
    evict(desk, job)
    pending_again(desk, job)
    ended = [change.task for change in desk.look() if isinstance(change, TaskEnded)]
    assert sorted(ended) == [0, 1]


def test_what_vacates_is_listed_so_after_a_restart(desk: Desk) -> None:
    """A new server finds the decision in the attempt and says so between the start and the end of its tasks."""
    job = desk.submit("sh", "-c", "trap '' TERM; echo up; while :; do sleep 0.05; done")
    desk.start(job)
    desk.logged(job, "up")
    eviction = evict(desk, job)
    desk.again()
    assert [type(change) for change in desk.listed[2:]] == [Submitted, Starting, TaskStarted, Evicting]
    assert desk.listed[-1] == Evicting(desk.attempt(job).ending_since or 0, eviction)
    pending_again(desk, job)


def test_evictions_between_borrowers_are_counted(desk: Desk) -> None:
    """The budget of evictions is for these alone: a reclaim is not counted."""
    job = desk.submit("sleep", "30")
    for number, rule in enumerate((Rule.BETWEEN_BORROWERS, Rule.RECLAIM, Rule.BETWEEN_BORROWERS), start=1):
        desk.start(job, attempt=number)
        desk.running(job)
        evict(desk, job, number, rule)
        pending_again(desk, job)
    desk.again()
    told = [change for change in desk.listed if isinstance(change, Submitted)]
    assert [(change.attempts, change.evictions) for change in told] == [(3, 2)]


def test_grace_after_an_eviction_is_metered_as_such(desk: Desk) -> None:
    """What the tenant used after it was told is its use, and marked."""
    job = desk.submit("sh", "-c", STUBBORN)
    desk.start(job)
    desk.logged(job, "up")
    evict(desk, job)
    pending_again(desk, job)
    attempt = desk.attempt(job)
    start, told, end = attempt.tasks[0].started, attempt.ending_since, attempt.tasks[0].ended
    _, slices = desk.slices(0, desk.clock.now())
    cpu = [(s.start, s.end, s.grace) for s in slices if s.resource == "cpu"]
    assert cpu == [(start, told, False), (told, end, True)]


def test_under_which_entry_it_started_is_kept(desk: Desk) -> None:
    """The calendar entry is told with the start, at once and after a restart, and stands in the record."""
    job = desk.submit("sleep", "30")
    places = (Placement(0, "n1"),)
    desk.call(desk.backend.start(Start(job.id, 1, places, guaranteed=True, under="demo-day")))
    desk.running(job)
    desk.look()
    desk.again()
    told = [change.under for change in (*desk.changes, *desk.listed) if isinstance(change, Starting)]
    assert told == ["demo-day"]
    assert desk.attempt(job).under == "demo-day"


def test_a_job_says_that_it_made_a_checkpoint(desk: Desk) -> None:
    """It touches the file it was told of; the instant is kept, told once, and listed after a restart."""
    job = desk.submit("sh", "-c", 'sleep 0.2; touch "$DURE_CHECKPOINT_FILE"; echo saved; sleep 30')
    desk.start(job)
    desk.logged(job, "saved")
    desk.until(lambda: desk.attempt(job).checkpoint is not None)
    attempt = desk.attempt(job)
    task, at = attempt.tasks[0], attempt.checkpoint or 0
    assert (task.started or 0) + 190 <= at <= desk.clock.now()
    assert [c for c in desk.look() if isinstance(c, Checkpointed)] == [Checkpointed(at, job.id, 1)]
    desk.again()
    assert desk.attempt(job).checkpoint == at
    assert [c for c in desk.listed if isinstance(c, Checkpointed)] == [Checkpointed(at, job.id, 1)]


def test_a_checkpoint_made_just_before_an_eviction_counts(desk: Desk) -> None:
    """The file is looked at once more before the job is told."""
    job = desk.submit("sh", "-c", 'touch "$DURE_CHECKPOINT_FILE"; echo saved; sleep 30')
    desk.start(job)
    desk.logged(job, "saved")
    evict(desk, job)
    attempt = desk.attempt(job)
    assert attempt.decided <= (attempt.checkpoint or 0) <= (attempt.ending_since or 0)
    pending_again(desk, job)


def test_a_checkpoint_is_never_older_than_its_attempt_nor_in_the_future(desk: Desk) -> None:
    """Whatever time the file bears, and what is said through the API counts beside it."""
    late = desk.submit("sh", "-c", 'touch -d 2200-01-01 "$DURE_CHECKPOINT_FILE"; echo saved; sleep 30')
    early = desk.submit("sh", "-c", 'touch -d 2000-01-01 "$DURE_CHECKPOINT_FILE"; echo saved; sleep 30')
    for job in (late, early):
        desk.start(job)
        desk.logged(job, "saved")
        desk.until(lambda job=job: desk.attempt(job).checkpoint is not None)  # type: ignore[misc]  # bound now
        attempt = desk.attempt(job)
        assert attempt.decided <= (attempt.checkpoint or 0) <= desk.clock.now()
    now = desk.clock.now()
    for at in (now, now - 5):
        desk.call(desk.backend.checkpointed(early.id, 1, at))
    assert desk.attempt(early).checkpoint == now


def test_each_attempt_makes_its_own_checkpoints(desk: Desk) -> None:
    """The one that the last attempt made is not taken for the next one's; a report about the last is refused."""
    script = '[ "$DURE_ATTEMPT" = 2 ] || touch "$DURE_CHECKPOINT_FILE"; echo "up $DURE_ATTEMPT"; sleep 30'
    job = desk.submit("sh", "-c", script)
    desk.start(job)
    desk.logged(job, "up 1")
    evict(desk, job)
    pending_again(desk, job)
    desk.start(job, attempt=2)
    desk.logged(job, "up 2")
    desk.again()
    first, second = desk.record(job).attempts
    assert first.checkpoint is not None
    assert second.checkpoint is None
    with pytest.raises(Refused):
        desk.call(desk.backend.checkpointed(job.id, 1, desk.clock.now()))
    with pytest.raises(KeyError):
        desk.call(desk.backend.checkpointed("nobody", 1, desk.clock.now()))


def test_told_just_as_it_ends_a_job_has_one_fate(desk: Desk) -> None:
    """Whichever came first, what is announced is what is recorded, now and after a restart."""
    jobs = [desk.submit("sleep", "0.02", groups=(TaskGroup(1, 1, 16),)) for _ in range(25)]
    for number, job in enumerate(jobs):
        desk.start(job)
        desk.until(lambda job=job: desk.attempt(job).tasks[0].started is not None)  # type: ignore[misc]  # bound now
        desk.look(0.003 * (number % 10))
        evict(desk, job)
    settled = {JobState.PENDING, JobState.SUCCEEDED}
    desk.until(lambda: all(desk.record(job).state in settled for job in jobs))
    told = {change.job: change.requeue for change in desk.look() if isinstance(change, Ended)}
    again = {job.id: desk.record(job).state is JobState.PENDING for job in jobs}
    assert told == again
    desk.again()
    assert {job.id: desk.record(job).state is JobState.PENDING for job in jobs} == again
