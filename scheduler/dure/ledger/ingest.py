"""One batch into the ledger: what is new is written, what stands is left, what is doubtful is put aside."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection, Table, insert, select

from dure.accounting.quarantine import Doubt, Skew, examine
from dure.ledger import chain, doubts, facts, running, tables
from dure.ledger.accounts import around
from dure.ledger.rows import Identity, identity, to_row, unwritable
from dure.model.instants import Instant
from dure.model.use import CapacityFact, Slice
from dure.ports import Ingested


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
    """A batch's slices of one account, sorted out; `fresh` by identity, in the order of the batch."""

    fresh: dict[Identity, Slice] = field(default_factory=dict)
    doubtful: list[tuple[Slice, str]] = field(default_factory=list)
    skews: tuple[Skew, ...] = ()
    known: int = 0


def write_batch(connection: Connection, batch: Batch) -> Ingested:
    """Write a batch within the caller's transaction."""
    facts.write_capacity(connection, batch.capacity)
    used = _tenants_account(connection, batch)
    stated = _sort_out(connection, batch.planner, around(connection, tables.states, batch.planner))
    parts = (
        _write(connection, tables.slices, batch, used),
        _write(connection, tables.states, batch, stated),
    )
    _move_cursor(connection, batch)
    return Ingested(
        new=sum(part.new for part in parts),
        known=sum(part.known for part in parts),
        quarantined=sum(part.quarantined for part in parts),
    )


def _tenants_account(connection: Connection, batch: Batch) -> Sorted:
    """What backends metered is examined; the planner's account is not: `check` holds one against the other."""
    standing = around(connection, tables.slices, batch.slices)
    found = _sort_out(connection, batch.slices, standing)
    context = doubts.context(connection, batch.watermark, tuple(found.fresh.values()), standing)
    examined = examine(found.fresh.values(), context)
    found.fresh = {identity(item): item for item in examined.accepted}
    found.doubtful += [(aside.item, aside.doubt.value) for aside in examined.quarantined]
    found.skews = examined.skews
    return found


def _sort_out(connection: Connection, slices: Sequence[Slice], standing: Sequence[Slice]) -> Sorted:
    """Tell the new from the known; those put aside or cut before stay so, whatever may since have changed."""
    each = dict.fromkeys(slices)
    found = Sorted(known=len(slices) - len(each))
    written = {identity(item): item for item in standing}
    decided = doubts.decided(connection, each)
    for item in each:
        if item in decided or written.get(identity(item)) == item:
            found.known += 1
        elif reason := unwritable(item):
            found.doubtful.append((item, reason))
        elif identity(item) in written or identity(item) in found.fresh:
            found.doubtful.append((item, Doubt.CHANGED.value))
        else:
            found.fresh[identity(item)] = item
    return found


def _write(connection: Connection, table: Table, batch: Batch, found: Sorted) -> Ingested:
    written = tuple(found.fresh.values())
    chain.append(connection, table, map(to_row, written))
    running.move(connection, written)
    doubts.record_skews(connection, batch.watermark, found.skews)
    doubts.put_aside(connection, batch.source, batch.cluster, batch.watermark, found.doubtful)
    return Ingested(new=len(written), known=found.known, quarantined=len(found.doubtful))


def _move_cursor(connection: Connection, batch: Batch) -> None:
    cursors = tables.cursors
    where = (cursors.c.source == batch.source, cursors.c.cluster == batch.cluster)
    before = connection.scalar(select(cursors.c.watermark_ms).where(*where))
    row = {"source": batch.source, "cluster": batch.cluster, "watermark_ms": batch.watermark}
    if before is None:
        connection.execute(insert(cursors).values(row))
    elif before < batch.watermark:
        connection.execute(cursors.update().where(*where).values(watermark_ms=batch.watermark))
