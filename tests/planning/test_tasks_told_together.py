from random import Random

import pytest

from dure.model.change import AllStarted, Change, Ended, Starting, TaskEnded, TaskStarted, Watermark
from dure.model.plan import Start
from dure.planning.room import Room
from tests.planning.rooms import canonical
from tests.planning.wander import Wanderer


class _Twice(Wanderer):
    """A wanderer that tells a second room of all tasks of an attempt at once, where they start or end together."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self.other = Room.of(self.world.room.snapshot(), self.world.rules)
        self._seen = len(self.world.told)

    def tell_the_other(self) -> None:
        """What happened since, in its own words."""
        told = self.world.told[self._seen :]
        self._seen = len(self.world.told)
        for number, change in enumerate(told):
            for said in self._in_other_words(change, told[:number]):
                self.other.apply(said)

    def _in_other_words(self, change: Change, before: list[Change]) -> list[Change | AllStarted]:
        if isinstance(change, TaskStarted) and self._together(change, before):
            first = not any(isinstance(one, TaskStarted) and one.job == change.job for one in before)
            return [AllStarted(change.at, change.job, change.attempt)] if first else []
        return [change]

    def _together(self, change: TaskStarted, before: list[Change]) -> bool:
        return any(isinstance(one, Starting) and one.job == change.job for one in before)


@pytest.mark.parametrize("seed", range(12))
def test_all_tasks_started_is_as_each_of_them(seed: int) -> None:
    """Snapshots and plans are the same, however starts of whole gangs were told."""
    wanderer = _Twice(seed)
    for _ in range(60):
        wanderer.step()
        wanderer.tell_the_other()
        now = wanderer.world.now
        assert wanderer.other.snapshot() == wanderer.world.room.snapshot()
        assert canonical(wanderer.other.decide(now)) == canonical(wanderer.world.room.decide(now))


@pytest.mark.parametrize("seed", range(12))
def test_the_end_of_an_attempt_ends_tasks_not_told_of(seed: int) -> None:
    """A task that started and of whose end nothing was said ended with its attempt."""
    each, at_once = Wanderer(seed), Wanderer(seed)
    for _ in range(40):
        each.step()
        at_once.step()
    now, random = each.world.now, Random(seed)
    for job, (attempt, start) in sorted(each.world.running.items()):
        if random.random() < 0.7:
            ended = Ended(now, job, attempt, succeeded=True)
            _end(each.world.room, start, now)
            each.world.room.apply(ended)
            at_once.world.room.apply(ended)
    assert at_once.world.room.snapshot() == each.world.room.snapshot()
    for room in (each.world.room, at_once.world.room):
        room.apply(Watermark(now + 1))
    assert at_once.world.room.snapshot() == each.world.room.snapshot()
    assert canonical(at_once.world.room.decide(now + 1)) == canonical(each.world.room.decide(now + 1))


def _end(room: Room, start: Start, now: int) -> None:
    """The end of every task that had started."""
    running = {one.job.id: one for one in room.snapshot().running}
    for task, times in enumerate(running[start.job].tasks):
        if times.started is not None:
            room.apply(TaskEnded(now, start.job, start.attempt, task))
