"""Reasons that lie in the job itself, its tenancy and its tenant's budget: they hold whatever is free."""

from __future__ import annotations

from collections.abc import Iterator

from dure.model.instants import Instant
from dure.model.plan import Code, Reason
from dure.planning.budgets import refused_by
from dure.planning.queue import Entry, Kind
from dure.planning.state import State
from dure.planning.verdicts import outside_term


def of_job(state: State, entry: Entry, kind: Kind, now: Instant) -> Iterator[Reason]:
    """On hold, waiting for others, paused, outside its tenancy, over budget, or larger than the room."""
    yield from _of_itself(entry)
    yield from _of_pauses(state, kind)
    yield from _of_tenancy(kind, now)
    path = (over.branch.id for over in kind.account.path)
    if refused := refused_by(state.budgets, path, kind.key.preemptible):
        yield Reason(Code.BUDGET, refused[1].value)
    if not kind.shape.fits_empty:
        yield Reason(Code.NEVER_FITS, "", kind.shape.numbers)


def _of_itself(entry: Entry) -> Iterator[Reason]:
    if entry.held:
        yield Reason(Code.HELD)
    if entry.failed:
        yield Reason(Code.DEPENDENCY_FAILED, entry.failed)
    yield from (Reason(Code.WAITING, job) for job in sorted(entry.waiting_for - {entry.failed}))


def _of_pauses(state: State, kind: Kind) -> Iterator[Reason]:
    if state.room_paused:
        yield Reason(Code.PAUSED)
    for over in kind.account.path:
        if over.branch.id in state.paused:
            yield Reason(Code.PAUSED, over.branch.id)


def _of_tenancy(kind: Kind, now: Instant) -> Iterator[Reason]:
    for over in kind.account.path:
        if outside := outside_term(over, now):
            yield Reason(outside.code, over.branch.id, outside.numbers)
            return
