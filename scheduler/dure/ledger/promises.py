"""What the last decision promised: kept so that a new server goes on from there, whenever the old one fell."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace

from sqlalchemy import Connection, delete, insert, select

from dure.ledger.lossless import dump, load
from dure.ledger.tables import promises
from dure.model.instants import Instant
from dure.model.job import Placement
from dure.model.plan import Claim, Eviction, Reservation


@dataclass(frozen=True, slots=True)
class Promises:
    """Claims and reservations that stand since the decision at `at`, in their order.

    `evictions` are those of that decision: what was claimed is freed by them, so whoever goes on from here carries
    them out again before anything else. An attempt that was told already is left alone by that.
    """

    at: Instant = 0
    claims: tuple[Claim, ...] = ()
    reservations: tuple[Reservation, ...] = ()
    evictions: tuple[Eviction, ...] = ()


def write(connection: Connection, cluster: str, made: Promises) -> None:
    """Put these in the place of what stood for a pool."""
    connection.execute(delete(promises).where(promises.c.cluster == cluster))
    connection.execute(insert(promises).values(cluster=cluster, at_ms=made.at, content=_text(made)))


def read(connection: Connection, cluster: str) -> Promises:
    """What stands for a pool; nothing where nothing was ever promised. Raises ValueError for ruined content."""
    content = connection.scalar(select(promises.c.content).where(promises.c.cluster == cluster))
    return Promises() if content is None else _made(content)


def _text(made: Promises) -> str:
    """Reservations as plain rows: under conservative backfill there is one for every job that waits."""
    rows = [
        (
            r.job,
            r.at,
            r.guaranteed,
            r.yielded_to,
            [(p.group, p.node, p.flavor, p.tasks) for p in r.placements],
        )
        for r in made.reservations
    ]
    return json.dumps([dump(replace(made, reservations=())), rows], separators=(",", ":"))


def _made(content: str) -> Promises:
    try:
        rest, rows = json.loads(content)
        kept = tuple(
            Reservation(job, at, tuple(Placement(*place) for place in places), guaranteed, yielded_to)
            for job, at, guaranteed, yielded_to, places in rows
        )
        return replace(load(Promises, rest), reservations=kept)
    except (TypeError, KeyError) as error:
        raise ValueError(f"not what was promised: {error}") from error
