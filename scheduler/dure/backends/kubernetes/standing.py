"""What an object's own controller says of it: that it is over, and that it has seen it suspended."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from dure.backends.kubernetes.instants import instant
from dure.backends.kubernetes.kinds import Kind
from dure.backends.kubernetes.names import Json
from dure.model.instants import Instant

_WELL = {"Complete", "Completed", "Succeeded"}


@dataclass(frozen=True, slots=True)
class Finished:
    """It will make no more pods. `reason` is the controller's own word, "" where it ended well."""

    succeeded: bool
    at: Instant
    reason: str = ""


def finished(status: Json) -> Finished | None:
    """How it ended, None while it has not."""
    for each in _true(status):
        if each["type"] in _WELL:
            return Finished(True, instant(each["lastTransitionTime"]))
        if each["type"] == "Failed":
            return Finished(False, instant(each["lastTransitionTime"]), _why(each))
    return _ray(status)


def _true(status: Json) -> Iterator[Json]:
    yield from (each for each in status.get("conditions") or () if each.get("status") == "True")


def _why(condition: Json) -> str:
    if condition.get("reason") == "DeadlineExceeded":
        return "time-limit"
    return ": ".join(part for part in (condition.get("reason"), condition.get("message")) if part) or "failed"


def _ray(status: Json) -> Finished | None:
    """A RayJob tells it by words of its own."""
    state, end = status.get("jobDeploymentStatus"), status.get("endTime")
    if state not in {"Complete", "Failed"} or not end:
        return None
    well = state == "Complete" and status.get("jobStatus") in {None, "", "SUCCEEDED"}
    why = status.get("message") or status.get("reason") or "failed"
    return Finished(well, instant(end), "" if well else str(why))


def is_settled(status: Json, kind: Kind) -> Instant | None:
    """Since when its controller has it suspended with no pod at work, None while that is not so."""
    if kind.pinned and (status.get("active") or 0) > 0:
        return None
    since = [instant(each["lastTransitionTime"]) for each in _true(status) if each["type"] == "Suspended"]
    return max(since, default=None)
