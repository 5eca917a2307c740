from collections import Counter
from dataclasses import dataclass, field, replace

from hypothesis import given, settings
from hypothesis import strategies as st

from dure.backends.kubernetes.changes import between, everything
from dure.backends.kubernetes.outcome import Story, story
from dure.model.change import (
    Change,
    Ended,
    Evicting,
    StartFailed,
    Starting,
    Submitted,
    TaskEnded,
    TaskStarted,
)
from dure.model.record import JobState
from tests.backends.kubernetes_values.played import Film, Frame, films


def told(frames: list[Frame]) -> list[Change]:
    """What one who sees these frames, and no others, is told: what each attempt's ends were is remembered."""
    before: Story | None = None
    found: list[Change] = []
    for frame in frames:
        after = story(frame.queued, frame.seen(before.live if before else None))
        found += between(before, after)
        before = after
    return found


@given(films(), st.data())
@settings(max_examples=60, deadline=None)
def test_whoever_looks_at_any_moments_is_told_the_same(film: Film, data: st.DataObject) -> None:
    """Of every attempt each start and end once, with the same instants, however many states were missed."""
    chosen = data.draw(st.sets(st.integers(1, len(film.frames) - 1)))
    some = [frame for number, frame in enumerate(film.frames) if number in chosen | {0, len(film.frames) - 1}]
    all_told, some_told = told(film.frames), told(some)
    assert Counter(map(repr, some_told)) == Counter(map(repr, all_told))
    assert max(Counter(map(repr, all_told)).values()) == 1


@dataclass
class Follower:
    """What a room must know to follow: it fails where a change comes that it could not take in."""

    attempt: int = 0
    live: bool = False
    decided: int = 0
    started: set[int] = field(default_factory=set)
    running: set[int] = field(default_factory=set)

    def follow(self, change: Change) -> None:
        match change:
            case Starting():
                assert not self.live
                assert change.attempt == self.attempt + 1
                self.attempt, self.live, self.decided = change.attempt, True, change.at
                self.started, self.running = set(), set()
            case TaskStarted():
                assert change.task not in self.started
                assert change.at >= self.decided
                self.started.add(change.task)
                self.running.add(change.task)
            case TaskEnded():
                self.running.remove(change.task)
            case Evicting():
                assert self.live
            case Ended() | StartFailed():
                assert self.live
                assert not self.running
                assert isinstance(change, Ended) or not self.started
                self.live = False


@given(films())
@settings(max_examples=60, deadline=None)
def test_a_story_is_told_in_an_order_that_a_room_can_follow(film: Film) -> None:
    """An attempt is decided before its tasks start, they start before they end, and it is over after them all."""
    room = Follower()
    for change in told(film.frames):
        room.follow(change)
    assert not room.live


def number_of(change: Change) -> int:
    """Of which attempt it is; 0 for what is of none."""
    return change.eviction.attempt if isinstance(change, Evicting) else getattr(change, "attempt", 0)


@given(films())
@settings(max_examples=40, deadline=None)
def test_who_asks_first_learns_what_those_who_watched_know(film: Film) -> None:
    """Everything as of now, from nothing: the queue with the attempt that is made, and nothing of what is over."""
    for index, frame in enumerate(film.frames):
        now = frame.story
        listed = list(everything(now))
        if now.record.state.final:
            assert listed == []
            continue
        assert isinstance(listed[0], Submitted)
        assert listed[0].attempts == now.attempts_before
        made = now.live.attempted.attempt if now.live else 0
        watched = [change for change in told(film.frames[: index + 1]) if made and number_of(change) == made]
        assert Counter(map(repr, listed[1:])) == Counter(map(repr, watched))


@given(films())
@settings(max_examples=40, deadline=None)
def test_a_sealed_story_needs_no_pods(film: Film) -> None:
    """Once an attempt is sealed, the object alone tells the job: a restart or a lost pod changes nothing."""
    for frame in film.frames:
        if frame.queued.kept.live is None:
            with_pods = frame.story
            assert story(frame.queued, replace(frame, pods=()).seen()) == with_pods
    assert film.frames[-1].story.record.state in {
        JobState.SUCCEEDED, JobState.FAILED, JobState.CANCELLED, JobState.PENDING,
    }  # fmt: skip
