"""Messages between the server and its children: a length, then a pickle, over a pipe only the two hold."""

from __future__ import annotations

import pickle
from dataclasses import dataclass
from typing import Any, BinaryIO, TypeAlias

from dure.model.change import Change
from dure.model.instants import Instant, Millis
from dure.model.job import Job, JobClass, JobId
from dure.model.plan import Plan
from dure.model.rules import Rules
from dure.model.snapshot import Snapshot
from dure.service.packing import pack

LENGTH_BYTES = 8
SHORT = 50
"""Changes that are encoded in less time than another thread would need to begin with them."""


@dataclass(frozen=True, slots=True)
class Begin:
    """Forget everything and start from this snapshot under these rules. Answer: None."""

    snapshot: Snapshot
    rules: Rules
    since: Instant


@dataclass(frozen=True, slots=True)
class Apply:
    """Take these changes in, in this order. Answer: None."""

    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class Decide:
    """Answer: Decided, for this instant; `checked`: with what the checker finds wrong with the plan.

    `news`: of the verdicts only those that changed since the last answer of this kind. A long queue has as many
    verdicts as it has classes, and a decision changes few of them.
    """

    now: Instant
    checked: bool = False
    news: bool = False


@dataclass(frozen=True, slots=True)
class Explain:
    """Answer: the Explanation of a job of the room, or a KeyError."""

    job: JobId
    now: Instant


@dataclass(frozen=True, slots=True)
class Suppose:
    """Answer: the Explanation of this job, were it in the queue of a copy of the room."""

    job: Job
    waiting_for: frozenset[JobId]
    now: Instant


@dataclass(frozen=True, slots=True)
class Adopt:
    """From `since` on these rules are in force. Answer: None."""

    rules: Rules
    since: Instant


@dataclass(frozen=True, slots=True)
class Show:
    """Answer: the Room's Snapshot."""


@dataclass(frozen=True, slots=True)
class Pack:
    """Answer: the Room's Snapshot, pickled."""


@dataclass(frozen=True, slots=True)
class Learn:
    """To the forecasting child: jobs that ran to their end in so many ms, and jobs that started. Answer: None."""

    ended: tuple[tuple[Job, Millis], ...] = ()
    started: tuple[tuple[JobId, Instant], ...] = ()


@dataclass(frozen=True, slots=True)
class ForecastAll:
    """Answer: an Estimate by id for every job that waits in this pickled Snapshot."""

    packed: bytes
    rules: Rules
    now: Instant


@dataclass(frozen=True, slots=True)
class Learned:
    """Answer: all that the forecasting child has learnt, pickled, for another child that forecasts."""


@dataclass(frozen=True, slots=True)
class ForecastOne:
    """Answer: the Estimate of this job, were it submitted now, by what another child has `Learned`."""

    knowledge: bytes
    packed: bytes
    rules: Rules
    now: Instant
    job: Job
    waiting_for: frozenset[JobId]


Request: TypeAlias = Begin | Apply | Decide | Explain | Suppose | Adopt | Show | Pack


@dataclass(frozen=True, slots=True)
class Decided:
    """A plan, and what is wrong with it as sentences for the log; nothing where it was not checked.

    Where only news were asked for, the plan's verdicts are those that changed, `gone` are classes of which nobody
    waits any more, and `anew` says that nothing told before stands.
    """

    plan: Plan
    found: tuple[str, ...] = ()
    gone: tuple[JobClass, ...] = ()
    anew: bool = True


@dataclass(frozen=True, slots=True)
class Failed:
    """The child could not answer; `known` is false for a job that is not in the room."""

    what: str
    unknown_job: bool = False


def encode(message: object) -> bytes:
    """The message as it goes over the pipe."""
    body = pack(message)
    return len(body).to_bytes(LENGTH_BYTES, "big") + body


def is_short(message: object) -> bool:
    """Whether to encode it takes no time to speak of."""
    if isinstance(message, Apply):
        return len(message.changes) <= SHORT
    return not isinstance(message, Begin | Learn)


def decode(body: bytes) -> Any:
    """The message behind its length."""
    return pickle.loads(body)  # noqa: S301 - only this server and its own child hold the pipe


def read(stream: BinaryIO) -> Any | None:
    """The next message of a blocking stream, or None where the other side has closed it."""
    length = stream.read(LENGTH_BYTES)
    if len(length) < LENGTH_BYTES:
        return None
    size = int.from_bytes(length, "big")
    body = stream.read(size)
    return decode(body) if len(body) == size else None
