"""The tables of the ledger, as the newest migration leaves them; `migrations/` says how they came to be.

Instants are ms UTC. Amounts, instants and money are integers that fit in 64 bits. Products (amount x ms) do not
always, so they are decimal text and only Python adds them. Rows of append-only tables carry a `digest` that
chains each to the one before it (`chain.py`). Checks and triggers stand in the migrations alone.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
)

metadata = MetaData()

LARGEST = 2**53
"""No stored amount or instant is larger, on either side of zero: exact in 64 bits and in JSON."""


def _text(name: str, default: str | None = None) -> Column[str]:
    return Column(name, Text, nullable=False, server_default=default)


def _integer(name: str) -> Column[int]:
    return Column(name, BigInteger, nullable=False)


def _slice_table(name: str) -> Table:
    return Table(
        name,
        metadata,
        Column("seq", Integer, primary_key=True),
        _text("source"), _text("cluster"), _text("uid"), _integer("attempt"), _text("resource"),
        _integer("start_ms"), _integer("end_ms"), _integer("amount"),
        _text("state"), _text("node"), _text("tenant"), _text("user"), _text("project"), _text("job"),
        _text("flavor"), _text("devices"), Column("grace", Boolean, nullable=False), _text("corrects"),
        _text("digest"),
        UniqueConstraint("source", "cluster", "start_ms", "uid", "attempt", "resource", "corrects",
                         name=f"{name}_key"),
        Index(f"{name}_end", "end_ms"),
    )  # fmt: skip


slices = _slice_table("slices")
"""The tenants' account: what backends metered."""

states = _slice_table("states")
"""The planner's account: idle, down and unobserved time, in the same form."""

quarantine = Table(
    "quarantine",
    metadata,
    Column("seq", Integer, primary_key=True),
    _text("source"), _text("cluster"), _integer("at_ms"), _text("reason"), _text("content"), _text("digest"),
    UniqueConstraint("content", name="quarantine_once"),
)  # fmt: skip
"""What was doubtful, whole, as JSON; `at_ms` is the watermark of the batch that brought it."""

rulings = Table(
    "rulings",
    metadata,
    Column("seq", Integer, primary_key=True),
    Column("quarantined", Integer, ForeignKey("quarantine.seq"), nullable=False, unique=True),
    _integer("at_ms"), Column("accepted", Boolean, nullable=False), _text("who"), _text("why"), _text("digest"),
)  # fmt: skip

skews = Table(
    "skews",
    metadata,
    Column("seq", Integer, primary_key=True),
    _integer("at_ms"), _integer("end_ms"), _text("content"), _text("digest"),
    UniqueConstraint("content", name="skews_once"),
)  # fmt: skip
"""Slices that were written only up to `end_ms`, because a source's clocks disagreed within its tolerance."""

capacity = Table(
    "capacity",
    metadata,
    Column("seq", Integer, primary_key=True),
    _integer("at_ms"), _text("node"), _text("content"), _text("digest"),
    UniqueConstraint("at_ms", "node", "content", name="capacity_once"),
)  # fmt: skip
"""Facts of capacity; `content` is the node as JSON, `null` where it is gone."""

policies = Table(
    "policies",
    metadata,
    Column("seq", Integer, primary_key=True),
    _integer("at_ms"), _text("version"), _text("content"), _text("digest"),
)  # fmt: skip
"""Policy versions; `content` is the whole `Rules` as JSON."""

bookings = Table(
    "bookings",
    metadata,
    Column("seq", Integer, primary_key=True),
    _text("month"), _integer("until_ms"), _integer("last_slice"), _integer("last_state"),
    Column("policy", Integer, ForeignKey("policies.seq"), nullable=False),
    _text("digest"),
    Index("bookings_month", "month"),
)  # fmt: skip
"""When charges of `month` were booked: as of `until_ms`, from the rows up to these, under this policy."""

charges = Table(
    "charges",
    metadata,
    Column("seq", Integer, primary_key=True),
    Column("booking", Integer, ForeignKey("bookings.seq"), nullable=False),
    _text("month"), _text("tenant"), _text("project"), _text("rule"), _text("resource"), _text("price_version"),
    _text("quantity"), _integer("price_micro"), _integer("micro"), Column("gone", Boolean, nullable=False),
    _text("digest"),
    Index("charges_month", "month", "tenant"),
)  # fmt: skip
"""Difference entries: per (month, tenant, project, rule, resource, price version) they add up to the charge.

`quantity` is amount x ms as decimal text, `micro` is micro-won, `price_micro` the price that now holds. `gone`:
with this entry the charge is no more.
"""

cursors = Table(
    "cursors",
    metadata,
    Column("source", Text, primary_key=True),
    Column("cluster", Text, primary_key=True),
    _integer("watermark_ms"),
)

totals = Table(
    "totals",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("who", Text, primary_key=True),
    Column("resource", Text, primary_key=True),
    _text("total"),
)
"""Running totals; `kind` is use, state or correction, `who` a tenant or a state, `total` amount x ms as text."""

heads = Table(
    "heads",
    metadata,
    Column("name", Text, primary_key=True),
    Column("rows", BigInteger, nullable=False),
    _text("digest"),
)
"""The end of each chain: how many rows an append-only table has, and the last one's digest."""

tokens = Table(
    "tokens",
    metadata,
    Column("id", Text, primary_key=True),
    _text("hash"), _text("last4"), _text("tenant"), _text("user"), _text("role"), _integer("created_ms"),
    Column("revoked_ms", BigInteger, nullable=True),
)  # fmt: skip

pauses = Table(
    "pauses",
    metadata,
    Column("tenant", Text, primary_key=True),
    _integer("since_ms"), _text("who"),
)  # fmt: skip
"""Who may not start anything; the empty name is the whole room."""

promises = Table(
    "promises",
    metadata,
    Column("cluster", Text, primary_key=True),
    _integer("at_ms"), _text("content"),
)  # fmt: skip
"""Claims and reservations that stand in a pool since the decision at `at_ms`, as JSON (`promises.py`)."""

drains = Table(
    "drains",
    metadata,
    Column("node", Text, primary_key=True),
    _integer("since_ms"), _text("who"),
)  # fmt: skip
"""Nodes that take no more jobs until an admin returns them."""

audit = Table(
    "audit",
    metadata,
    Column("seq", Integer, primary_key=True),
    _integer("at_ms"), _text("who"), _text("action"), _text("subject"), _text("detail"), _text("digest"),
)  # fmt: skip

APPEND_ONLY = (slices, states, quarantine, rulings, skews, capacity, policies, charges, bookings, audit)
"""UPDATE and DELETE raise on these, whoever asks."""
