"""Bearer tokens: 256 random bits that are shown once and kept only as a hash.

A token reads `dure_ID_SECRET`. Its hash is plain SHA-256: what is random in 256 bits needs no slow hash.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, insert, select

from dure.ledger.tables import tokens
from dure.model.instants import Instant
from dure.model.job import TenantId, UserId

ROLES = ("user", "tenant-admin", "room-admin", "monitor")

_PREFIX = "dure"
_NO_HASH = "0" * 64


@dataclass(frozen=True, slots=True)
class Token:
    """A token as it is kept. `last4` are the last four signs of its secret, for people to tell tokens apart."""

    id: str
    tenant: TenantId
    user: UserId
    role: str
    created: Instant
    last4: str
    revoked: Instant | None = None


def create(
    connection: Connection, tenant: TenantId, user: UserId, role: str, at: Instant
) -> tuple[Token, str]:
    """Make a token; it and its text, which nobody can ask for again. Raises ValueError for an unknown role."""
    if role not in ROLES:
        raise ValueError(f"{role!r} is no role; take one of {', '.join(ROLES)}")
    token_id, secret = secrets.token_hex(4), secrets.token_hex(32)
    token = Token(token_id, tenant, user, role, at, secret[-4:])
    text = f"{_PREFIX}_{token_id}_{secret}"
    row = {"id": token_id, "hash": _hash(text), "last4": token.last4, "tenant": tenant, "user": user,
           "role": role, "created_ms": at, "revoked_ms": None}  # fmt: skip
    connection.execute(insert(tokens).values(row))
    return token, text


def verify(connection: Connection, text: str) -> Token | None:
    """The token that this text is, unless it is revoked or none at all; as slow for either."""
    _, _, rest = text.partition("_")
    row = connection.execute(select(tokens).where(tokens.c.id == rest.partition("_")[0])).first()
    same = hmac.compare_digest(row.hash if row else _NO_HASH, _hash(text))
    return _token(row) if row and same and row.revoked_ms is None else None


def listed(connection: Connection) -> tuple[Token, ...]:
    """Every token ever made, oldest first."""
    return tuple(map(_token, connection.execute(select(tokens).order_by(tokens.c.created_ms, tokens.c.id))))


def revoke(connection: Connection, token_id: str, at: Instant) -> None:
    """Revoke a token; a revoked one stays as it is. Raises KeyError for an unknown one."""
    row = connection.execute(select(tokens).where(tokens.c.id == token_id)).first()
    if row is None:
        raise KeyError(token_id)
    if row.revoked_ms is None:
        connection.execute(tokens.update().where(tokens.c.id == token_id).values(revoked_ms=at))


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _token(row: Row[Any]) -> Token:
    return Token(row.id, row.tenant, row.user, row.role, row.created_ms, row.last4, row.revoked_ms)
