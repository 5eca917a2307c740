"""A trace as read: its jobs, in seconds as the trace counts them, and what it says of its machine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

from dure.model.job import TaskGroup

LARGEST: Final = 2**42
"""No second and no length of time in a trace is larger: milliseconds of it stay far below 64 bits."""
MOST_PROCESSORS: Final = 10_000_000
"""No machine has more."""
MOST_TASKS: Final = 100_000
"""No gang of a GPU trace has more tasks."""


class TraceJob(NamedTuple):
    """One row: times in seconds of the trace. `owner` is what tenants are made of or mapped from.

    `limit` is None where the trace has none. `tasks` is one group, shared between rows that ask for the same.
    """

    id: str
    owner: str
    user: str
    submit: int
    run: int
    limit: int | None
    tasks: TaskGroup


@dataclass(frozen=True, slots=True)
class Trace:
    """A whole trace in the file's own order, and how many of its rows could not be used.

    `processors` is the size of the machine that the trace names, None where it names none.
    """

    name: str
    jobs: tuple[TraceJob, ...]
    unusable: int = 0
    processors: int | None = None
