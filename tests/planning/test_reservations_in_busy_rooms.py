from collections import Counter
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from dure.model.change import NodeSet, Starting, Submitted, TaskEnded, TaskStarted
from dure.model.instants import SECOND
from dure.model.job import Job, Placement, TaskGroup
from dure.model.node import Node
from dure.model.resources import Resources
from dure.model.rules import Order, Planning, Rules
from dure.model.snapshot import Snapshot
from dure.model.tenant import Tenant
from dure.planning.room import Room

SEEDS = st.integers(0, 2**32)
RULES = Rules("busy", planning=Planning(order=Order.FIFO, memory=0.0), tenants=(Tenant("a"),))
NODES = 3


class Busy:
    """Hundreds of one-task jobs on a few full nodes, whose ends and sizes are kept here too."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.room = Room.of(Snapshot(), RULES)
        self.holds: dict[str, tuple[str, int, int]] = {}  # job: (node, cpus, end)
        self.free = Counter({f"n{n}": 0 for n in range(NODES)})
        for number in range(self.random.choice([40, 150, 300])):
            self._start(str(number))
        for node in sorted(self.free):
            held = sum(cpus for at, cpus, _ in self.holds.values() if at == node)
            self.free[node] = self.random.randint(0, 3)
            self.room.apply(NodeSet(0, Node(node, "pool", Resources(cpu=held + self.free[node]))))

    def _start(self, name: str) -> None:
        node, cpus = f"n{self.random.randrange(NODES)}", self.random.randint(1, 4)
        limit = self.random.choice([10, 10, self.random.randint(1, 500)]) * SECOND
        job = Job(name, "a", "u", 0, (TaskGroup(2, cpus),), time_limit=limit)
        for change in (
            Submitted(0, job),
            Starting(0, name, 1, (Placement(0, node, "", 2),)),
            TaskStarted(0, name, 1, 0),
        ):
            self.room.apply(change)
        self.holds[name] = (node, 2 * cpus, limit)

    def end_some(self) -> None:
        """Some jobs end, whole or half of them."""
        for name in self.random.sample(sorted(self.holds), k=len(self.holds) // 4):
            node, cpus, end = self.holds.pop(name)
            self.room.apply(TaskEnded(1, name, 1, 0))
            if self.random.random() < 0.5:
                self.holds[name] = (node, cpus // 2, end)
                self.free[node] += cpus // 2
            else:
                self.room.apply(TaskEnded(1, name, 1, 1))
                self.free[node] += cpus

    def earliest(self, tasks: int, cpus: int, now: int) -> int | None:
        """When so many tasks fit, by the plain definition: every end in turn, what is late next second."""
        free = Counter(self.free)
        ends = sorted(
            (end if end > now else now + SECOND, node, held) for node, held, end in self.holds.values()
        )
        for position, (end, node, held) in enumerate(ends):
            free[node] += held
            last = position + 1 == len(ends) or ends[position + 1][0] != end
            if last and sum(there // cpus for there in free.values()) >= tasks:
                return end
        return None


@settings(max_examples=40)
@given(SEEDS, st.integers(1, 60), st.integers(4, 9), st.sampled_from([2, 9, 10, 11, 60, 499]))
def test_the_hour_of_a_reservation_is_the_first_at_which_enough_is_free(
    seed: int, tasks: int, cpus: int, second: int
) -> None:
    """However many run, late or not, and after many have ended in part."""
    busy = Busy(seed)
    busy.end_some()
    now = second * SECOND
    if sum(there // cpus for there in busy.free.values()) >= tasks:
        return
    busy.room.apply(Submitted(now, Job("head", "a", "u", now, (TaskGroup(tasks, cpus),), time_limit=SECOND)))
    expected = busy.earliest(tasks, cpus, now)
    assert [one.at for one in busy.room.decide(now).reservations] == ([expected] if expected else [])
