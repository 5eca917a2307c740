from collections.abc import Iterable

import pytest

from dure.forecast.engine import Arrival, Replay
from dure.model.change import AllStarted, Change, Ended, Starting, Submitted
from dure.model.instants import SECOND, Instant
from dure.model.job import Job, TaskGroup
from dure.model.node import Node, Pool
from dure.model.plan import Plan
from dure.model.resources import Resources
from dure.model.rules import Order, Planning, Rules
from dure.model.snapshot import Snapshot
from dure.model.tenant import Tenant
from dure.planning.room import Room

NODE = Node("n", "main", Resources(cpu=4000))
RULES = Rules(
    room="clock",
    planning=Planning(order=Order.FIFO, memory=0.0),
    pools=(Pool("main", "local", (NODE,)),),
    tenants=(Tenant("t"),),
)


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> list[Change | Instant]:
    """What a Room hears: changes, and the instants at which it is asked to decide."""
    heard: list[Change | Instant] = []
    apply, decide = Room.apply, Room.decide

    def listening(room: Room, change: Change) -> None:
        heard.append(change)
        apply(room, change)

    def asked(room: Room, now: Instant) -> Plan:
        heard.append(now)
        return decide(room, now)

    monkeypatch.setattr(Room, "apply", listening)
    monkeypatch.setattr(Room, "decide", asked)
    return heard


def arrival(job: str, second: int, run: int, tasks: int = 1, cpu: int = 4000) -> Arrival:
    group = TaskGroup(count=tasks, cpu=cpu)
    asked = Job(job, "t", "u", second * SECOND, (group,), time_limit=max(run, 1) * SECOND)
    return Arrival(asked, run * SECOND)


def replay(arrivals: Iterable[Arrival]) -> Replay:
    return Replay(Room.of(Snapshot(nodes=(NODE,)), RULES), RULES, arrivals)


def test_ends_come_before_arrivals_and_then_one_decision(seen: list[Change | Instant]) -> None:
    """All that happens at an instant is applied before the room is asked once."""
    played = replay([arrival("a", 0, 5), arrival("b", 5, 1), arrival("c", 5, 1)])
    assert [ran.job.id for ran in played.ran()] == ["a", "b", "c"]
    at_five = seen[seen.index(Ended(5_000, "a", 1, succeeded=True)) :]
    kinds = [type(change) for change in at_five[:4]]
    assert kinds == [Ended, Submitted, Submitted, int]
    assert seen.count(5_000) == 1


def test_every_task_of_a_gang_starts_and_ends(seen: list[Change | Instant]) -> None:
    """A start is a decision and, at the same instant, the start of each task; one end is that of all."""
    list(replay([arrival("a", 1, 2, tasks=3, cpu=1000)]).ran())
    assert [(type(c), c.at) for c in seen if isinstance(c, Starting | AllStarted | Ended)] == [
        (Starting, 1_000),
        (AllStarted, 1_000),
        (Ended, 3_000),
    ]


def test_an_empty_queue_needs_no_decision() -> None:
    """Where nothing waits the room is not asked."""
    played = replay([arrival("a", 0, 5), arrival("b", 0, 9, cpu=0)])
    assert list(played.ran())
    assert played.decides == 1


def test_the_room_is_empty_and_idle_after_the_last_end() -> None:
    """Nothing of the jobs stays behind in the room."""
    room = Room.of(Snapshot(nodes=(NODE,)), RULES)
    ran = list(Replay(room, RULES, [arrival(str(n), n, 3) for n in range(600)]).ran())
    last = ran[-1]
    assert (last.job.id, last.started, last.ended) == ("599", 599 * 3_000, 600 * 3_000)
    assert room.snapshot().pending == ()
    assert room.snapshot().running == ()
    assert room.snapshot().nodes == (NODE,)


def test_arrivals_out_of_order_are_refused() -> None:
    """The clock never turns back."""
    with pytest.raises(ValueError, match="job b comes at 1000, after 2000"):
        list(replay([arrival("a", 2, 1), arrival("b", 1, 1)]).ran())
