"""What is doubtful is put aside, whole and visible, until someone rules on it; nothing is refused."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, select

from dure.ledger import chain
from dure.ledger.lossless import dump
from dure.ledger.tables import quarantine
from dure.model.instants import Instant
from dure.model.use import Slice

_AT_ONCE = 500
"""Parameters in one statement: SQLite bounds them."""


def put_before(connection: Connection, slices: Iterable[Slice]) -> frozenset[Slice]:
    """Those of these slices that lie in quarantine, ruled on or not."""
    if connection.scalar(select(quarantine.c.seq).limit(1)) is None:
        return frozenset()
    by_content = {dump(slice_): slice_ for slice_ in slices}
    return frozenset(by_content[content] for content in _standing(connection, list(by_content)))


def put_aside(
    connection: Connection, source: str, cluster: str, at: Instant, doubtful: Iterable[tuple[Slice, str]]
) -> int:
    """Put slices in quarantine with their reasons; how many of them were not there before."""
    reasons = {dump(slice_): reason for slice_, reason in doubtful}
    standing = set(_standing(connection, list(reasons)))
    rows = [
        {"source": source, "cluster": cluster, "at_ms": at, "reason": reason, "content": content}
        for content, reason in reasons.items()
        if content not in standing
    ]
    return len(chain.append(connection, quarantine, rows))


def _standing(connection: Connection, contents: Sequence[str]) -> list[str]:
    found: list[str] = []
    for first in range(0, len(contents), _AT_ONCE):
        some = contents[first : first + _AT_ONCE]
        found += connection.scalars(select(quarantine.c.content).where(quarantine.c.content.in_(some)))
    return found
