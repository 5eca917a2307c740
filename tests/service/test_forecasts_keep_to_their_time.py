"""How much a forecast plays out is what the machine can do in its seconds: less where it is busy."""

from __future__ import annotations

from dure.model.job import Job, TaskGroup
from dure.model.snapshot import Pending, Snapshot
from dure.service.forecast_child import Pace

QUEUE = Snapshot(pending=tuple(Pending(Job(str(n), "ant", "kim", 0, (TaskGroup(),))) for n in range(10_000)))


class Machine:
    """A clock that goes on by what the work costs, at so many events in a second."""

    def __init__(self, rate: float) -> None:
        self.rate, self.now = rate, 0.0

    def time(self) -> float:
        return self.now

    def work(self, events: int) -> None:
        self.now += events / self.rate


def seconds_taken(pace: Pace, machine: Machine, rounds: int) -> float:
    """How long the last of so many forecasts took, each of which was to take six seconds."""
    begun = machine.now
    for _ in range(rounds):
        begun, budget = machine.now, pace.budget(6.0)
        pace.timed(budget, QUEUE, lambda events=budget.events: machine.work(events))  # type: ignore[misc]  # bound
    return machine.now - begun


def test_forecasts_grow_to_the_time_that_they_have() -> None:
    """On a quick machine and on a slow one alike, after a few rounds."""
    for rate in (40.0, 400.0, 4_000.0):
        machine = Machine(rate)
        assert 5 < seconds_taken(Pace(machine.time), machine, 6) < 7


def test_a_machine_that_gets_busy_is_asked_for_less() -> None:
    """One forecast is late, the next one is not."""
    machine = Machine(400.0)
    pace = Pace(machine.time)
    seconds_taken(pace, machine, 6)
    machine.rate = 20.0
    assert seconds_taken(pace, machine, 1) > 60
    assert seconds_taken(pace, machine, 1) < 7
