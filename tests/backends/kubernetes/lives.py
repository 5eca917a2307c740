"""What a sequence of changes may look like: every life in its order, nothing told twice, nothing left out."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from dure.model.change import (
    Change,
    Ended,
    Evicting,
    Held,
    StartFailed,
    Starting,
    Submitted,
    TaskEnded,
    TaskStarted,
    Withdrawn,
)
from dure.model.job import JobId, task_placements


@dataclass
class Life:
    """One job as told so far."""

    attempt: int = 0
    live: bool = False
    tasks: int = 0
    started: set[int] = field(default_factory=set)
    ended: set[int] = field(default_factory=set)
    over: bool = False


def check_lives(changes: Iterable[Change]) -> dict[JobId, Life]:
    """The jobs told of, by id; an assertion fails at the first change that cannot follow those before it."""
    lives: dict[JobId, Life] = {}
    for change in changes:
        match change:
            case Submitted(job=job):
                assert job.id not in lives, f"told twice: {change}"
                lives[job.id] = Life(change.attempts)
            case Withdrawn(job=name):
                assert not lives[name].live
                lives[name].over = True
            case Held(job=name):
                assert not lives[name].live
            case Starting():
                _starting(lives[change.job], change)
            case TaskStarted() | TaskEnded():
                _task(lives[change.job], change)
            case Evicting(eviction=eviction):
                life = lives[eviction.job]
                assert life.live
                assert life.attempt == eviction.attempt
            case Ended() | StartFailed():
                _over(lives[change.job], change)
            case _:
                pass
    return lives


def _starting(life: Life, change: Starting) -> None:
    assert not life.live, f"started while it ran: {change}"
    assert not life.over
    assert change.attempt == life.attempt + 1
    life.live, life.attempt = True, change.attempt
    life.tasks = len(task_placements(change.placements))
    life.started, life.ended = set(), set()


def _task(life: Life, change: TaskStarted | TaskEnded) -> None:
    assert life.live, f"no attempt runs: {change}"
    assert change.attempt == life.attempt
    told = life.started if isinstance(change, TaskStarted) else life.ended
    assert change.task not in told, f"told twice: {change}"
    assert isinstance(change, TaskStarted) or change.task in life.started
    told.add(change.task)


def _over(life: Life, change: Ended | StartFailed) -> None:
    assert life.live, f"no attempt runs: {change}"
    assert change.attempt == life.attempt
    assert life.ended == life.started, f"a task is left running: {change}"
    assert isinstance(change, Ended) or not life.started
    life.live = False
    life.over = isinstance(change, Ended) and not change.requeue
