"""What admins decided (tokens, pauses, drains, and who did what) and what was promised to jobs.

It lies beside the ledger, in the same file.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import delete, insert, select

from dure.ledger import chain, promises, tokens
from dure.ledger.database import Database
from dure.ledger.promises import Promises
from dure.ledger.tables import audit, drains, pauses, policies
from dure.ledger.tokens import Token
from dure.model.instants import Instant
from dure.model.job import NodeId, TenantId, UserId

_ROOM = ""


@dataclass(frozen=True, slots=True)
class Act:
    """Who did what to which thing, as the audit keeps it."""

    at: Instant
    who: str
    action: str
    subject: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Pauses:
    """Who may start nothing now: these tenants with all below them, and the whole room where `room` is set."""

    room: bool = False
    tenants: tuple[TenantId, ...] = ()


class Control:
    """The control tables. Each call is one transaction; it may be used from several threads and processes."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def create_token(
        self, tenant: TenantId, user: UserId, role: str, at: Instant, who: str
    ) -> tuple[Token, str]:
        """Make a token; it and its text, which is shown this once. Raises ValueError for an unknown role."""
        with self._database.write() as connection:
            token, text = tokens.create(connection, tenant, user, role, at)
            act = Act(at, who, "token create", token.id, f"{role} {user} of {tenant or 'the room'}")
            chain.append(connection, audit, [_audit_row(act)])
        return token, text

    def verify_token(self, text: str) -> Token | None:
        """The valid token that this text is, or None; compared in constant time."""
        with self._database.read() as connection:
            return tokens.verify(connection, text)

    def tokens(self) -> tuple[Token, ...]:
        """Every token ever made, oldest first, revoked ones too."""
        with self._database.read() as connection:
            return tokens.listed(connection)

    def revoke_token(self, token_id: str, at: Instant, who: str) -> None:
        """Revoke a token. Raises KeyError for an unknown one."""
        with self._database.write() as connection:
            tokens.revoke(connection, token_id, at)
            chain.append(connection, audit, [_audit_row(Act(at, who, "token revoke", token_id))])

    def pause(self, tenant: TenantId | None, paused: bool, at: Instant, who: str) -> None:
        """Pause or resume a tenant with all below it, or (None) the room; again changes nothing."""
        name, action = tenant or _ROOM, "pause" if paused else "resume"
        with self._database.write() as connection:
            there = connection.scalar(select(pauses.c.tenant).where(pauses.c.tenant == name)) is not None
            if there == paused:
                return
            if paused:
                connection.execute(insert(pauses).values(tenant=name, since_ms=at, who=who))
            else:
                connection.execute(delete(pauses).where(pauses.c.tenant == name))
            chain.append(connection, audit, [_audit_row(Act(at, who, action, name or "room"))])

    def pauses(self) -> Pauses:
        """What is paused now."""
        with self._database.read() as connection:
            names = connection.scalars(select(pauses.c.tenant).order_by(pauses.c.tenant)).all()
        return Pauses(_ROOM in names, tuple(name for name in names if name != _ROOM))

    def drain(self, node: NodeId, draining: bool, at: Instant, who: str) -> None:
        """Drain or return a node; again changes nothing."""
        with self._database.write() as connection:
            there = connection.scalar(select(drains.c.node).where(drains.c.node == node)) is not None
            if there == draining:
                return
            if draining:
                connection.execute(insert(drains).values(node=node, since_ms=at, who=who))
            else:
                connection.execute(delete(drains).where(drains.c.node == node))
            action = "node drain" if draining else "node return"
            chain.append(connection, audit, [_audit_row(Act(at, who, action, node))])

    def drained(self) -> tuple[NodeId, ...]:
        """Nodes that are drained now, by id."""
        with self._database.read() as connection:
            return tuple(connection.scalars(select(drains.c.node).order_by(drains.c.node)))

    def promise(self, cluster: str, made: Promises) -> None:
        """Keep what a decision promised in a pool, in the place of what stood."""
        with self._database.write() as connection:
            promises.write(connection, cluster, made)

    def promises(self, cluster: str) -> Promises:
        """What stands promised in a pool. Raises ValueError where the row is ruined."""
        with self._database.read() as connection:
            return promises.read(connection, cluster)

    def record(self, act: Act) -> None:
        """Put an act in the audit."""
        with self._database.write() as connection:
            chain.append(connection, audit, [_audit_row(act)])

    def audit(self, most: int = 1_000) -> tuple[Act, ...]:
        """The latest acts, oldest first."""
        newest = select(audit).order_by(audit.c.seq.desc()).limit(most)
        with self._database.read() as connection:
            rows = connection.execute(newest).all()
        return tuple(Act(r.at_ms, r.who, r.action, r.subject, r.detail) for r in reversed(rows))

    def policy_versions(self) -> tuple[tuple[Instant, str], ...]:
        """(instant, version) of every policy version that was in force, oldest first."""
        with self._database.read() as connection:
            rows = connection.execute(select(policies.c.at_ms, policies.c.version).order_by(policies.c.seq))
            return tuple((row.at_ms, row.version) for row in rows)


def _audit_row(act: Act) -> dict[str, object]:
    return {
        "at_ms": act.at,
        "who": act.who,
        "action": act.action,
        "subject": act.subject,
        "detail": act.detail,
    }
