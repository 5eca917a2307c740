"""Facts that histories are rebuilt from: capacity and policy versions, each with its instant."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Row, select

from dure.ledger import chain
from dure.ledger.lossless import dump, load
from dure.ledger.rows import number
from dure.ledger.tables import capacity, policies
from dure.model.instants import Instant
from dure.model.job import NodeId
from dure.model.node import Node
from dure.model.rules import Rules
from dure.model.use import CapacityFact

_GONE = "null"


@dataclass(frozen=True, slots=True)
class Policy:
    """A recorded policy version: its number in the ledger, and its rules."""

    number: int
    rules: Rules


def write_capacity(connection: Connection, facts: Iterable[CapacityFact]) -> None:
    """Append the facts that do not stand yet. Of several on one node at one instant the last one counts."""
    last = {(fact.at, fact.node_id): fact for fact in facts}
    rows = [
        {"at_ms": fact.at, "node": fact.node_id, "content": dump(fact.node) if fact.node else _GONE}
        for fact in sorted(last.values(), key=lambda fact: fact.at)
    ]
    chain.append(connection, capacity, [row for row in rows if not _stands(connection, row)])


def read_capacity(
    connection: Connection, nodes: Collection[NodeId] | None = None
) -> tuple[CapacityFact, ...]:
    """Every fact of capacity, by instant; of these nodes, or of all."""
    query = select(capacity).order_by(capacity.c.at_ms, capacity.c.seq)
    rows = connection.execute(query if nodes is None else query.where(capacity.c.node.in_(nodes)))
    return tuple(map(fact_of, rows))


def first_instant(connection: Connection) -> Instant | None:
    """The instant of the fact that was written first; None where there is none. Raises ValueError if ruined."""
    row = connection.execute(select(capacity.c.at_ms).order_by(capacity.c.seq).limit(1)).first()
    return number(row.at_ms) if row else None


def fact_of(row: Row[Any]) -> CapacityFact:
    """The fact that a row of `capacity` holds. Raises ValueError where an altered row holds none."""
    return CapacityFact(number(row.at_ms), row.node, _node(row.content))


def write_policy(connection: Connection, at: Instant, version: str, rules: Rules) -> None:
    """Append the rules unless this version is the one in force. Versions follow each other in time.

    A clock set back does not rewrite the past: the version then counts from the last one's instant.
    """
    newest = policies.c.seq.desc()
    last = connection.execute(select(policies.c.at_ms, policies.c.version).order_by(newest).limit(1)).first()
    if last and last.version == version:
        return
    at = max(at, last.at_ms) if last else at
    chain.append(connection, policies, [{"at_ms": at, "version": version, "content": dump(rules)}])


def read_policies(connection: Connection) -> tuple[tuple[Instant, Rules], ...]:
    """Every policy version with its instant, oldest first."""
    rows = connection.execute(select(policies.c.at_ms, policies.c.content).order_by(policies.c.seq))
    return tuple((row.at_ms, load(Rules, row.content)) for row in rows)


def policy_at(connection: Connection, at: Instant | None) -> Policy | None:
    """The policy in force at an instant, or now; before the first version, that one; None where there is none."""
    columns = select(policies.c.seq, policies.c.content)
    newest = columns.order_by(policies.c.seq.desc()).limit(1)
    row = connection.execute(newest if at is None else newest.where(policies.c.at_ms <= at)).first()
    row = row or connection.execute(columns.order_by(policies.c.seq).limit(1)).first()
    return Policy(row.seq, load(Rules, row.content)) if row else None


def _stands(connection: Connection, row: dict[str, object]) -> bool:
    same = [capacity.c[name] == value for name, value in row.items()]
    return connection.scalar(select(capacity.c.seq).where(*same).limit(1)) is not None


@lru_cache(maxsize=1_024)
def _node(text: str) -> Node | None:
    return None if text == _GONE else load(Node, text)
