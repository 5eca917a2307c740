"""Why here: within guarantee or borrowed, for whom others left, and for whom it has to leave."""

from dure.model.instants import HOUR, MINUTE, SECOND, Interval
from dure.model.plan import Code
from dure.model.resources import Quota
from dure.model.rules import CalendarEntry, Planning
from tests.planning.scenes import Scene, gang
from tests.planning.small import job, node, tenant


def borrowed() -> Scene:
    """Two of eight devices are guaranteed to a; b has borrowed all, for two minutes so far; then a comes."""
    room = Scene([node("n", a100=8)], [tenant("a", guarantee=6), tenant("b", guarantee=2)])
    room.run(job("1", "b", 2), job("2", "b", 2), job("3", "b", 4))
    room.now = 2 * MINUTE
    room.run(job("4", "a", 5))
    return room


def test_a_job_for_which_others_leave_is_told_since_when_and_what_that_cost() -> None:
    """Two jobs of another tenant, by number only, with the work that they lose; it holds its claim."""
    room = borrowed()
    room.now += SECOND
    assert room.told("4") == [
        ("claimed", "", {"since": 2 * MINUTE, "timeout": 10 * MINUTE}),
        ("displaced", "", {"lost": 2 * 2 * MINUTE, "jobs": 2}),
    ]
    told = room.explain("4")
    assert (told.guaranteed, told.rank) == (True, None)


def test_a_job_that_has_to_leave_is_told_by_which_rule() -> None:
    """Since when, how long it has, and what is lost."""
    room = borrowed()
    told = room.explain("3")
    assert room.told("3") == [("vacating", "reclaim", {"since": 120_000, "grace": 10_000, "lost": 120_000})]
    assert not told.guaranteed


def test_claimed_places_are_held_by_those_who_claimed_them() -> None:
    """Not by those who are leaving them."""
    room = borrowed()
    room.submit(job("5", "b", 3))
    assert room.about("5", Code.HOLDS) == {"gpu:a100": 5, "until": 2 * MINUTE + HOUR}


def test_a_job_within_guarantee_runs_safely() -> None:
    """Since when, until when at the latest, where, and that it is guaranteed."""
    room = Scene([node("n", a100=8)], [tenant("a", guarantee=6)])
    room.run(job("1", "a", 6))
    told = room.explain("1")
    assert room.told("1") == [("running", "", {"since": 0, "started": 0, "until": HOUR})]
    assert (told.guaranteed, told.rank, told.placements[0].node) == (True, None, "n")


def test_a_job_beyond_guarantee_runs_on_what_is_borrowed() -> None:
    """The same, but not guaranteed."""
    room = Scene([node("n", a100=8)], [tenant("a", guarantee=6)])
    room.run(job("1", "a", 6), job("2", "a", 1, time_limit=None))
    assert room.told("2") == [("running", "", {"since": 0, "started": 0})]
    assert not room.explain("2").guaranteed


def test_a_job_under_an_entry_of_the_calendar_is_told_so() -> None:
    """The entry is named."""
    demo = CalendarEntry("demo", Interval(0, HOUR), ("a",), Quota.of({"gpu:a100": 4}))
    room = Scene([node("n", a100=4)], [tenant("a"), tenant("b")], calendar=(demo,))
    room.run(job("1", "a", 4))
    assert room.codes("1") == [("running", "demo")]


def test_a_smaller_part_of_a_gang_of_several_groups_would_start() -> None:
    """The group with most tasks is made smaller."""
    room = Scene([node("n", a100=4, t4=2)], [tenant("a")], Planning(memory=0.0))
    room.run(job("1", "a", 2))
    groups = gang("2", "a", 4).groups + gang("2", "a", 1, flavor="t4").groups
    room.submit(job("2", "a", groups=groups))
    assert room.about("2", Code.WOULD_START, "tasks") == {"tasks": 2, "group": 0}


def test_another_flavor_would_start() -> None:
    """The first of the room's that has a place, and how many devices of it."""
    room = Scene([node("n", a100=4, t4=4)], [tenant("a")])
    room.run(job("1", "a", 4))
    room.submit(gang("2", "a", 2))
    assert room.about("2", Code.WOULD_START, "flavor:t4") == {"gpu:t4": 2, "each": 1}


def test_a_job_that_starts_is_told_where() -> None:
    """Within guarantee or not."""
    room = Scene([node("n", a100=4)], [tenant("a", guarantee=4)])
    room.submit(job("1", "a", 4))
    told = room.explain("1")
    assert (room.codes("1"), told.guaranteed, told.placements[0].node) == ([("starts-now", "")], True, "n")
