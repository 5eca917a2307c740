"""How a job stands, as dure writes it into the object's own annotations; nothing else is kept anywhere.

Values in, one line of JSON out, and back. An attempt is *sealed* once it is over: everything its pods told then
stands in the object, so the pods may go.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, TypeAlias

from dure.backends.kubernetes.names import ATTEMPT, ATTEMPTS, CHECKPOINT, ENDING, EPOCH, HELD, WITHDRAWN
from dure.model.instants import Instant
from dure.model.job import Placement
from dure.model.plan import Eviction, Rule
from dure.model.record import AttemptRecord, JobState, TaskRecord

PodSpan: TypeAlias = tuple[str, Instant]
"""(pod uid, since when its task's place was metered under it)."""

LARGEST = 200_000
"""Characters that sealed attempts may take; an object holds 256 KiB of annotations in all."""


class Unreadable(ValueError):  # noqa: N818 - it says what is wrong with an object, not with us
    """An annotation of ours says something that we did not write; names it."""


@dataclass(frozen=True, slots=True)
class Attempted:
    """The attempt that is being made, or was made last: decided when, and where its tasks go."""

    attempt: int
    decided: Instant
    placements: tuple[Placement, ...]
    under: str = ""


@dataclass(frozen=True, slots=True)
class Ending:
    """Why and since when an attempt is to end; `requeue`: the job is pending again afterwards.

    `cause`: `asked` (by planner, user or admin), `void` (its pods did not come up), `gang` (a task was lost).
    """

    attempt: int
    at: Instant
    reason: str
    requeue: bool
    cause: str = "asked"
    eviction: Eviction | None = None


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """Why and when a job left the queue for good without being started again."""

    at: Instant
    reason: str


@dataclass(frozen=True, slots=True)
class Fate:
    """What the end of an attempt means for its job: a final state, or PENDING where it is queued again."""

    state: JobState
    exit_code: int | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Sealed:
    """An attempt that is over. `pods` says, task by task, under which pods its use is metered, in order.

    `cause` is the ending's, "" where it was not told to end.
    """

    record: AttemptRecord
    pods: tuple[tuple[PodSpan, ...], ...]
    fate: Fate
    cause: str = ""


@dataclass(frozen=True, slots=True)
class Forgotten:
    """Sealed attempts for which the object has no room any more: the last one's number, and evictions among them.

    `evictions` counts those between borrowers, `voids` those that did not come up.
    """

    attempts: int = 0
    evictions: int = 0
    voids: int = 0


@dataclass(frozen=True, slots=True)
class Kept:
    """All that dure wrote into an object. `held_at`: when it was held or released last."""

    held: bool = False
    held_at: Instant | None = None
    attempt: Attempted | None = None
    ending: Ending | None = None
    checkpoint: tuple[int, Instant] | None = None
    sealed: tuple[Sealed, ...] = ()
    forgotten: Forgotten = Forgotten()
    withdrawn: Withdrawal | None = None
    epoch: int = 0

    @property
    def live(self) -> Attempted | None:
        """The attempt that is not sealed yet."""
        return self.attempt if self.attempt and self.attempt.attempt > self.sealed_number else None

    @property
    def sealed_number(self) -> int:
        """The number of the last attempt that is sealed, 0 where none is."""
        return self.sealed[-1].record.attempt if self.sealed else self.forgotten.attempts

    @property
    def number(self) -> int:
        """The number of the last attempt, 0 where none was made."""
        return max(self.sealed_number, self.attempt.attempt if self.attempt else 0)


def kept(annotations: Mapping[str, str]) -> Kept:
    """What the annotations say. Raises Unreadable."""
    found = {
        name: _parsed(annotations, name) for name in (HELD, ATTEMPT, ENDING, CHECKPOINT, ATTEMPTS, WITHDRAWN)
    }
    try:
        return _kept(found, int(annotations.get(EPOCH) or 0))
    except (TypeError, ValueError, KeyError, IndexError, AttributeError) as error:
        raise Unreadable(f"dure's own annotations cannot be read: {error!r}") from error


def _parsed(annotations: Mapping[str, str], name: str) -> Any:
    try:
        return json.loads(annotations[name]) if annotations.get(name) else None
    except ValueError as error:
        raise Unreadable(f"annotation {name} is no JSON") from error


def _kept(found: Mapping[str, Any], epoch: int) -> Kept:
    held, at = found[HELD] or (False, None)
    sealed = found[ATTEMPTS] or {"forgotten": (0, 0, 0), "sealed": ()}
    return Kept(
        bool(held),
        at,
        _attempted(found[ATTEMPT]) if found[ATTEMPT] else None,
        _ending(found[ENDING]) if found[ENDING] else None,
        tuple(found[CHECKPOINT]) if found[CHECKPOINT] else None,
        tuple(_sealed(row) for row in sealed["sealed"]),
        Forgotten(*sealed["forgotten"]),
        Withdrawal(**found[WITHDRAWN]) if found[WITHDRAWN] else None,
        epoch,
    )


def _line(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def held_text(held: bool, at: Instant) -> str:
    """The annotation HELD."""
    return _line([held, at])


def checkpoint_text(attempt: int, at: Instant) -> str:
    """The annotation CHECKPOINT."""
    return _line([attempt, at])


def withdrawn_text(withdrawal: Withdrawal) -> str:
    """The annotation WITHDRAWN."""
    return _line(asdict(withdrawal))


def attempted_text(attempted: Attempted) -> str:
    """The annotation ATTEMPT."""
    return _line([attempted.attempt, attempted.decided, _places(attempted.placements), attempted.under])


def ending_text(ending: Ending) -> str:
    """The annotation ENDING."""
    return _line(asdict(ending))


def sealed_text(sealed: tuple[Sealed, ...], forgotten: Forgotten = Forgotten()) -> str:
    """The annotation ATTEMPTS; the oldest attempts are forgotten where they would not fit, never the last."""
    rows = [_line(_sealed_row(each)) for each in sealed]
    while len(rows) > 1 and sum(len(row.encode()) for row in rows) > LARGEST:
        forgotten, sealed = _forget(forgotten, sealed[0]), sealed[1:]
        del rows[0]
    head = _line([forgotten.attempts, forgotten.evictions, forgotten.voids])
    return f'{{"forgotten":{head},"sealed":[{",".join(rows)}]}}'


def _forget(forgotten: Forgotten, oldest: Sealed) -> Forgotten:
    decided = oldest.record.eviction
    evicted = decided is not None and decided.rule is Rule.BETWEEN_BORROWERS
    return Forgotten(
        oldest.record.attempt, forgotten.evictions + evicted, forgotten.voids + (oldest.cause == "void")
    )


def _places(placements: tuple[Placement, ...]) -> list[list[Any]]:
    return [[place.group, place.node, place.flavor, place.tasks] for place in placements]


def _attempted(row: Any) -> Attempted:
    number, decided, places, under = row
    return Attempted(int(number), int(decided), tuple(Placement(*place) for place in places), str(under))


def _ending(fields: Any) -> Ending:
    decided = fields.pop("eviction")
    return Ending(**fields, eviction=_eviction(decided) if decided else None)


def _eviction(fields: Any) -> Eviction:
    return Eviction(**{**fields, "rule": Rule(fields["rule"])})


def _sealed_row(sealed: Sealed) -> dict[str, Any]:
    record = sealed.record
    tasks = [
        [task.node, task.flavor, task.started, task.ended, task.exit_code, task.reason, list(pods)]
        for task, pods in zip(record.tasks, sealed.pods, strict=True)
    ]
    return {
        "made": [record.attempt, record.decided, _places(record.placements), record.under],
        "tasks": tasks,
        "ending": [record.ending, record.ending_since, sealed.cause],
        "fate": [sealed.fate.state, sealed.fate.exit_code, sealed.fate.reason],
        "eviction": asdict(record.eviction) if record.eviction else None,
        "checkpoint": record.checkpoint,
    }


def _sealed(row: Any) -> Sealed:
    made = _attempted(row["made"])
    ending, since, cause = row["ending"]
    state, code, reason = row["fate"]
    tasks = tuple(
        TaskRecord(node, flavor, (), start, end, code, why)
        for node, flavor, start, end, code, why, _ in row["tasks"]
    )
    pods = tuple(tuple((str(uid), int(at)) for uid, at in each[6]) for each in row["tasks"])
    record = AttemptRecord(
        made.attempt, made.decided, made.placements, tasks, ending, since,
        _eviction(row["eviction"]) if row["eviction"] else None, row["checkpoint"], made.under,
    )  # fmt: skip
    return Sealed(record, pods, Fate(JobState(state), code, reason), cause)
