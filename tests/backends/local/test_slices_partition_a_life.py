from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from dure.backends.local.kept import Attempt, Ending, Kept, Task
from dure.backends.local.meter import Meter
from dure.model.instants import Interval
from dure.model.job import Job, Placement, TaskGroup

METER = Meter("local", "pool")
JOB = Job("j", "lab", "kim", 0, (TaskGroup(1, 1500, 100, 1, ("a100",)),))


@dataclass(frozen=True)
class Life:
    """A task's start and end, when it was told to end if it was, and the instants at which it is metered."""

    start: int
    end: int
    told: int | None
    marks: list[int]


@st.composite
def lives(draw: st.DrawFn) -> Life:
    start = draw(st.integers(0, 50))
    end = start + draw(st.integers(0, 50))
    told = draw(st.none() | st.integers(0, 110))
    marks = sorted(draw(st.lists(st.integers(0, 110), max_size=8)))
    return Life(start, end, told, [0, *marks, 120])


def kept_as_of(life: Life, mark: int) -> Kept:
    """What the files say at `mark`: what comes later is not there yet."""
    task = Task(Placement(0, "n1", "a100"), (0,))
    task.started = life.start if life.start <= mark else None
    task.ended = life.end if life.end <= mark else None
    told = life.told is not None and life.told <= mark
    ending = Ending(life.told or 0, "asked", "why", False) if told else None
    return Kept(JOB, attempts=[Attempt(1, 0, (task.placement,), [task], ending)])


@given(lives())
def test_any_sequence_of_watermarks_cuts_a_life_into_pieces_that_add_up(life: Life) -> None:
    """No gap, no overlap, nothing more and nothing less, for every resource, and grace from the telling on."""
    taken = [
        each
        for before, mark in zip(life.marks, life.marks[1:], strict=False)
        for each in METER.slices([kept_as_of(life, mark)], Interval(before, mark))
    ]
    for resource, amount in JOB.groups[0].request("a100").items():
        pieces = [each for each in taken if each.resource == resource]
        covered = [instant for each in pieces for instant in range(each.start, each.end)]
        assert covered == list(range(life.start, life.end))
        assert {each.amount for each in pieces} <= {amount}
        told = life.end if life.told is None else life.told
        assert all(each.grace == (each.start >= told) for each in pieces)


@given(lives(), st.integers(0, 110), st.integers(0, 110))
def test_what_was_said_of_a_past_interval_is_said_again_later(life: Life, one: int, other: int) -> None:
    """Later knowledge changes no slice before the watermark."""
    asked = Interval(min(one, other), max(one, other))
    then, later = kept_as_of(life, asked.end), kept_as_of(life, 200)
    assert list(METER.slices([then], asked)) == list(METER.slices([later], asked))
