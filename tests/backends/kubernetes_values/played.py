"""Lives of gangs drawn by hypothesis: any number of attempts, each with its own fate, seen after every step."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from hypothesis import strategies as st

from dure.backends.kubernetes.attempts import AttemptSeen, attempt_seen
from dure.backends.kubernetes.outcome import Story, story
from dure.backends.kubernetes.pods import PodSeen
from dure.backends.kubernetes.reading import Queued
from dure.model.instants import Instant
from dure.model.job import Job, Placement, TaskGroup
from tests.backends.kubernetes_values.lives import BEGIN, Life

NODES = ("n1", "n2", "n3")


@dataclass(frozen=True)
class Frame:
    """What a cluster tells of a job at one moment."""

    queued: Queued
    pods: tuple[PodSeen, ...]
    alive: Mapping[str, Instant]
    now: Instant

    def seen(self, told: AttemptSeen | None = None) -> AttemptSeen | None:
        return attempt_seen(self.queued, self.pods, self.alive, self.now, told)

    @property
    def story(self) -> Story:
        return story(self.queued, self.seen())


class Film:
    """A life, and what it looked like after each step; shown by its script alone."""

    def __init__(self, life: Life) -> None:
        self.life = life
        self.frames: list[Frame] = []
        self.script: list[str] = []

    def __repr__(self) -> str:
        return f"Film({self.life.job.tasks} tasks: {', '.join(self.script)})"

    def shoot(self, step: Callable[[], object], wait: int = 0) -> None:
        step()
        self.script.append(f"{' '.join(step.__code__.co_names)} +{wait}")
        self.life.wait(wait)
        life = self.life
        self.frames.append(Frame(life.queued, life.seen_pods, life.alive, life.now))


def _attempt(draw: st.DrawFn, film: Film, number: int) -> bool:
    """One attempt from its admission to its seal; whether the job is pending again."""
    life, tasks = film.life, film.life.job.tasks
    pause = st.integers(0, 3)
    film.shoot(lambda: life.admit(*places(draw, tasks), attempt=number), draw(pause))
    for step in (life.make_pods, life.ungate, life.schedule, life.run):
        if draw(st.integers(0, 9)) == 0:
            break
        film.shoot(step, draw(pause))
    else:
        _tasks_end(draw, film)
    return _is_over(draw, film)


def _tasks_end(draw: st.DrawFn, film: Film) -> None:
    """Some tasks end well, one after the other; one may fail."""
    ending = draw(st.lists(st.integers(0, film.life.job.tasks - 1), unique=True))
    for number in ending:
        code = draw(st.sampled_from([0, 0, 0, 3]))
        film.shoot(lambda number=number, code=code: film.life.end(number, code), draw(st.integers(0, 3)))  # type: ignore[misc]  # bound now
        if code:
            return


def _is_over(draw: st.DrawFn, film: Film) -> bool:
    life = film.life
    phases = [
        pod["status"]["phase"]
        for pod in life.pods.values()
        if pod["metadata"]["annotations"]["dure.dev/attempt"] == str(life.queued.kept.number)
    ]
    if phases and all(phase == "Succeeded" for phase in phases) and len(phases) == life.job.tasks:
        film.shoot(lambda: life.say("Complete"))
    elif "Failed" in phases:
        film.shoot(life.delete_pods, draw(st.integers(0, 2)))
        film.shoot(life.kubelets_end_them)
        film.shoot(lambda: life.say("Failed", "BackoffLimitExceeded"))
    else:
        again = draw(st.booleans())
        film.shoot(
            lambda: life.tell("evicted: reclaim" if again else "cancelled by kim", requeue=again),
            draw(st.integers(0, 2)),
        )
        film.shoot(life.delete_pods, draw(st.integers(0, 2)))
        film.shoot(life.kubelets_end_them)
        film.shoot(lambda: life.say("Suspended"), 10)
    film.shoot(life.settle, draw(st.integers(0, 3)))
    assert life.queued.kept.live is None
    if draw(st.booleans()):
        film.shoot(life.let_pods_go)
    return life.story.record.state == "pending"


def places(draw: st.DrawFn, tasks: int) -> tuple[Placement, ...]:
    """Where the tasks go: over one or several nodes."""
    counts = [draw(st.integers(0, tasks)) for _ in NODES]
    found, left = [], tasks
    for node, count in zip(NODES, counts, strict=True):
        if taken := min(count, left):
            found.append(Placement(0, node, tasks=taken))
            left -= taken
    return (*found, Placement(0, "n1", tasks=left)) if left else tuple(found)


@st.composite
def films(draw: st.DrawFn) -> Film:
    """A whole life, frame by frame."""
    group = TaskGroup(draw(st.integers(1, 4)), 500, 256)
    film = Film(Life(Job("j", "lab", "kim", BEGIN, (group,), ("true",), image="x")))
    film.shoot(lambda: None, draw(st.integers(0, 3)))
    for number in range(1, 4):
        if not _attempt(draw, film, number):
            break
    return film
