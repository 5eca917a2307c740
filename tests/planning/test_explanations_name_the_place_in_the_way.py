"""Why not: nothing free is enough, who holds it, what is promised to others, and what the calendar keeps."""

from dure.model.instants import HOUR, MINUTE, SECOND, Interval
from dure.model.node import NodeState
from dure.model.plan import Code
from dure.model.resources import Quota
from dure.model.rules import CalendarEntry, Maintenance, Order, Planning
from tests.planning.scenes import Scene, gang
from tests.planning.small import job, node, tenant

FIFO = Planning(order=Order.FIFO, memory=0.0)


def test_no_place_and_who_holds_it() -> None:
    """Jobs of its own tenant by name, what ends first first; all others in one sum, with what is firm of it."""
    room = Scene([node("n", a100=8)], [tenant("a"), tenant("b")])
    room.run(job("1", "a", 3), job("2", "a", 1, time_limit=MINUTE), job("3", "b", 2))
    room.run(job("4", "b", 1, preemptible=False, time_limit=2 * HOUR))
    room.submit(gang("5", "a", 2))
    assert room.told("5")[:4] == [
        ("no-place", "", {"tasks": 2, "gpu:a100": 2, "placeable": 1, "free:gpu:a100": 1}),
        ("holds", "2", {"gpu:a100": 1, "until": MINUTE}),
        ("holds", "1", {"gpu:a100": 3, "until": HOUR}),
        ("holds", "", {"gpu:a100": 3, "firm:gpu:a100": 1, "until": 2 * HOUR}),
    ]
    assert room.about("5", Code.RESERVED) == {"at": MINUTE}
    assert room.about("5", Code.WOULD_START, "tasks") == {"tasks": 1}


def test_enough_is_free_but_in_pieces() -> None:
    """Three are free in the room, two and one, and a task needs three."""
    room = Scene([node("n", a100=4), node("m", a100=4)], [tenant("a"), tenant("b")])
    room.run(job("1", "b", 2), job("0", "b", 3, time_limit=SECOND))
    room.run(job("2", "a", 3))
    placeable = room.about("2", Code.NO_PLACE)
    assert placeable == {"tasks": 1, "gpu:a100": 3, "placeable": 0, "free:gpu:a100": 3}


def test_what_is_free_is_reserved_for_another_job() -> None:
    """It would still run when that one is to start; a shorter limit would let it start."""
    room = Scene([node("n", a100=4)], [tenant("a"), tenant("b")], FIFO)
    room.run(job("1", "a", 3))
    room.submit(job("2", "a", 4), job("3", "b", 1, time_limit=2 * HOUR))
    assert room.about("3", Code.RESERVED, "2") == {"at": HOUR}
    assert room.about("3", Code.WOULD_START, "time-limit") == {"time-limit": HOUR}
    ahead = room.about("3", Code.AHEAD)
    assert (ahead["jobs"], ahead["tenants"], ahead["rank"]) == (1, 1, 2)


def test_behind_others_whose_reservations_stand() -> None:
    """No place, and the one reservation is another's."""
    room = Scene([node("n", a100=4)], [tenant("a"), tenant("b")], FIFO)
    room.run(job("1", "a", 3))
    room.submit(job("2", "a", 4), job("3", "b", 2))
    assert room.about("3", Code.BEHIND, "2") == {"at": HOUR}
    assert room.about("3", Code.HOLDS) == {"gpu:a100": 3, "until": HOUR}
    assert room.explain("3").reservation is None


def test_of_many_reservations_the_first_are_named() -> None:
    """Three, and how many more there are."""
    room = Scene([node("n", a100=4)], [tenant("a"), tenant("b")], Planning(Order.FIFO, depth=8, memory=0.0))
    room.run(job("1", "a", 4))
    room.submit(*(job(f"{n}", "a", 4) for n in range(2, 10)), job("x", "b", 4))
    behind = [one for one in room.told("x") if one[0] == "behind"]
    assert [(whom, numbers["at"]) for _, whom, numbers in behind[:3]] == [
        ("2", HOUR),
        ("3", 2 * HOUR),
        ("4", 3 * HOUR),
    ]
    assert behind[3] == ("behind", "", {"jobs": 5, "at": 4 * HOUR})


def test_its_own_reservation_is_told() -> None:
    """When it starts at the latest, and where."""
    room = Scene([node("n", a100=4)], [tenant("a")])
    room.run(job("1", "a", 3))
    room.submit(job("2", "a", 2))
    assert room.about("2", Code.RESERVED) == {"at": HOUR}
    told = room.explain("2").reservation
    assert told is not None
    assert (told.at, told.placements[0].node) == (HOUR, "n")


def test_a_job_within_guarantee_is_told_what_cannot_be_taken_back() -> None:
    """What may not be preempted, and what others hold within their own guarantees."""
    tenants = [tenant("a", guarantee=4), tenant("b", guarantee=2), tenant("c", guarantee=4)]
    room = Scene([node("n", a100=5), node("m", a100=5)], tenants)
    room.run(job("1", "b", 2, preemptible=False))
    room.run(job("2", "c", 4))
    room.submit(job("3", "a", 4))
    held = {"gpu:a100": 6, "firm:gpu:a100": 2, "due:gpu:a100": 4, "until": HOUR}
    assert room.about("3", Code.HOLDS) == held
    assert room.about("3", Code.NO_PLACE)["free:gpu:a100"] == 4
    told = room.explain("3")
    assert told.guaranteed
    assert told.reservation is not None
    assert told.reservation.at == HOUR


def test_nodes_that_take_no_jobs_are_counted() -> None:
    """What is asked for is there, on a node that is drained."""
    room = Scene([node("n", a100=4), node("m", a100=4, state=NodeState.DRAINING)], [tenant("a")])
    room.run(job("1", "a", 4))
    room.submit(job("2", "a", 4))
    told = room.about("2", Code.NO_PLACE)
    assert (told["free:gpu:a100"], told["closed:gpu:a100"]) == (0, 4)


def test_an_entry_of_the_calendar_keeps_the_place() -> None:
    """From when until when; one that may be preempted, or is gone before, would start."""
    demo = CalendarEntry("demo", Interval(HOUR, 2 * HOUR), ("a",), Quota.of({"gpu:a100": 4}))
    room = Scene([node("n", a100=4)], [tenant("a"), tenant("b")], calendar=(demo,))
    room.submit(job("1", "b", 1, preemptible=False, time_limit=2 * HOUR))
    assert room.about("1", Code.CALENDAR, "demo") == {"at": HOUR, "until": 2 * HOUR}
    assert room.about("1", Code.WOULD_START, "preemptible") == {}
    assert room.about("1", Code.WOULD_START, "time-limit") == {"time-limit": HOUR}


def test_a_maintenance_empties_the_node() -> None:
    """The same for nodes that hold nothing for a while."""
    out = Maintenance("fans", Interval(HOUR, 2 * HOUR), ("n",))
    room = Scene([node("n", a100=4)], [tenant("b")], maintenance=(out,))
    room.submit(job("1", "b", 1, preemptible=False, time_limit=None))
    assert room.about("1", Code.MAINTENANCE, "fans") == {"at": HOUR, "until": 2 * HOUR}
    assert room.about("1", Code.WOULD_START, "time-limit") == {"time-limit": HOUR}


def test_strict_order_names_who_stops_it() -> None:
    """It has a place, and stands behind one that has none."""
    strict = Planning(Order.FIFO, memory=0.0, backfill=False)
    room = Scene([node("n", a100=4)], [tenant("a")], strict)
    room.run(job("1", "a", 3))
    room.submit(job("2", "a", 4), job("3", "a", 1, time_limit=SECOND))
    assert room.told("3") == [("behind", "2", {})]


def test_nobody_is_behind_those_that_come_after_it() -> None:
    """Under strict order the first job, which its limit keeps waiting, names no later one, however that waits."""
    strict = Planning(Order.FIFO, memory=0.0, backfill=False)
    room = Scene([node("n", a100=4)], [tenant("a", limit=1), tenant("b")], strict)
    room.run(job("1", "b", 1))
    room.submit(job("2", "a", 2), job("3", "b", 4))
    assert (Code.BEHIND.value, "3") not in room.codes("2")
