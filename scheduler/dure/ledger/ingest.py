"""One batch into the ledger: what is new is written, what stands is left, what is doubtful is put aside."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TypeAlias

from sqlalchemy import Connection, Table, insert, select

from dure.ledger import chain, doubts, facts, running, tables
from dure.ledger.accounts import stored_like
from dure.ledger.rows import Identity, identity, to_row, unwritable
from dure.model.instants import Instant
from dure.model.use import CapacityFact, Slice
from dure.ports import Ingested

Examine: TypeAlias = Callable[[tuple[Slice, ...]], tuple[tuple[Slice, str], ...]]
"""Which of these slices, new to the ledger, are doubtful, and why."""


@dataclass(frozen=True, slots=True)
class Batch:
    """What one backend metered up to `watermark`, and what the planner's account says of the same time."""

    source: str
    cluster: str
    watermark: Instant
    slices: tuple[Slice, ...]
    planner: tuple[Slice, ...] = ()
    capacity: tuple[CapacityFact, ...] = ()


@dataclass(slots=True)
class Sorted:
    """A batch's slices of one account, sorted out."""

    fresh: dict[Identity, Slice] = field(default_factory=dict)
    doubtful: list[tuple[Slice, str]] = field(default_factory=list)
    known: int = 0


def write_batch(connection: Connection, batch: Batch) -> Ingested:
    """Write a batch within the caller's transaction."""
    facts.write_capacity(connection, batch.capacity)
    used = _write_account(connection, tables.slices, batch, batch.slices, lambda _: ())
    stated = _write_account(connection, tables.states, batch, batch.planner, lambda _: ())
    _move_cursor(connection, batch)
    return Ingested(
        new=used.new + stated.new,
        known=used.known + stated.known,
        quarantined=used.quarantined + stated.quarantined,
    )


def _write_account(
    connection: Connection, table: Table, batch: Batch, slices: Iterable[Slice], examine: Examine
) -> Ingested:
    found = _sort_out(connection, table, slices)
    for slice_, reason in examine(tuple(found.fresh.values())):
        found.doubtful.append((slice_, reason))
        del found.fresh[identity(slice_)]
    written = tuple(found.fresh.values())
    chain.append(connection, table, map(to_row, written))
    running.move(connection, written)
    put = doubts.put_aside(connection, batch.source, batch.cluster, batch.watermark, found.doubtful)
    return Ingested(new=len(written), known=found.known + len(found.doubtful) - put, quarantined=put)


def _sort_out(connection: Connection, table: Table, slices: Iterable[Slice]) -> Sorted:
    """Tell the new from the known; those put aside before stay there, whatever may since have changed."""
    found, writable = Sorted(), []
    for slice_ in slices:
        reason = unwritable(slice_)
        if reason:
            found.doubtful.append((slice_, reason))
        else:
            writable.append(slice_)
    stored, aside = stored_like(connection, table, writable), doubts.put_before(connection, writable)
    for slice_ in writable:
        same = stored.get(identity(slice_)) or found.fresh.get(identity(slice_))
        if slice_ in aside or same == slice_:
            found.known += 1
        elif same:
            found.doubtful.append((slice_, "stands already under this key with other content"))
        else:
            found.fresh[identity(slice_)] = slice_
    return found


def _move_cursor(connection: Connection, batch: Batch) -> None:
    cursors = tables.cursors
    where = (cursors.c.source == batch.source, cursors.c.cluster == batch.cluster)
    before = connection.scalar(select(cursors.c.watermark_ms).where(*where))
    row = {"source": batch.source, "cluster": batch.cluster, "watermark_ms": batch.watermark}
    if before is None:
        connection.execute(insert(cursors).values(row))
    elif before < batch.watermark:
        connection.execute(cursors.update().where(*where).values(watermark_ms=batch.watermark))
