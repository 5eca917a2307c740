"""Slices as rows of an account and back."""

from __future__ import annotations

import json
from typing import Any, TypeAlias

from sqlalchemy import Row

from dure.ledger.tables import LARGEST
from dure.model.use import Slice, SliceKey, State

Identity: TypeAlias = tuple[SliceKey, SliceKey | None]
"""What makes a written slice the same one: its key, and what it corrects."""


def identity(slice_: Slice) -> Identity:
    """The identity under which a slice is written once."""
    return slice_.key, slice_.corrects


def to_row(slice_: Slice) -> dict[str, Any]:
    """The columns of a slice, without `seq` and `digest`."""
    return {
        "source": slice_.source, "cluster": slice_.cluster, "uid": slice_.uid, "attempt": slice_.attempt,
        "resource": slice_.resource, "start_ms": slice_.start, "end_ms": slice_.end, "amount": slice_.amount,
        "state": slice_.state.value, "node": slice_.node, "tenant": slice_.tenant, "user": slice_.user,
        "project": slice_.project, "job": slice_.job, "flavor": slice_.flavor,
        "devices": ",".join(map(str, slice_.devices)), "grace": slice_.grace,
        "corrects": json.dumps(slice_.corrects, separators=(",", ":")) if slice_.corrects else "",
    }  # fmt: skip


def from_row(row: Row[Any]) -> Slice:
    """The slice that `to_row` wrote. Raises ValueError where an altered row is no slice any more."""
    return Slice(
        source=row.source, cluster=row.cluster, uid=row.uid, attempt=number(row.attempt),
        resource=row.resource, start=number(row.start_ms), end=number(row.end_ms), amount=number(row.amount),
        state=State(row.state), node=row.node, tenant=row.tenant, user=row.user, project=row.project,
        job=row.job, flavor=row.flavor, devices=_devices(row.devices), grace=row.grace,
        corrects=_corrects(row.corrects),
    )  # fmt: skip


def number(value: object) -> int:
    """The integer that a column holds. Raises ValueError where it was altered into something else."""
    if not isinstance(value, int):
        raise ValueError(f"{value!r:.60} is no integer")  # noqa: TRY004 - what a row holds is a value
    return value


def unwritable(slice_: Slice) -> str:
    """Why no row can hold this slice, "" where one can."""
    if slice_.end < slice_.start:
        return "ends before it starts"
    numbers = (slice_.attempt, slice_.start, slice_.end, slice_.amount, *slice_.devices)
    if any(abs(number) > LARGEST for number in numbers):
        return f"has a number beyond {LARGEST}"
    try:
        json.dumps(to_row(slice_), ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return "has a name that is no text"
    return ""


def _devices(text: str) -> tuple[int, ...]:
    return tuple(int(index) for index in text.split(",")) if text else ()


def _corrects(text: str) -> SliceKey | None:
    if not text:
        return None
    source, cluster, uid, attempt, resource, start = json.loads(text)
    return source, cluster, uid, attempt, resource, start
