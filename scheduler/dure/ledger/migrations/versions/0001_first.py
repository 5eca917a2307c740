"""The first form: two accounts, quarantine, cursors, running totals, facts, charges, and the control tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

AMOUNT = 2**53
MICRO = 2**63 - 1

# Append-only tables with the columns that no two rows share. INSERT OR REPLACE removes a row without any delete
# trigger, so an insert that would meet one is refused as well.
UNIQUE = {
    "slices": "source cluster start_ms uid attempt resource corrects",
    "states": "source cluster start_ms uid attempt resource corrects",
    "quarantine": "content",
    "rulings": "quarantined",
    "skews": "content",
    "capacity": "at_ms node content",
    "policies": "",
    "charges": "",
    "bookings": "",
    "audit": "",
}


def upgrade() -> None:
    """Make every table and its triggers."""
    for account in ("slices", "states"):
        _account(account)
    _doubts()
    _facts()
    _money()
    _moving()
    _control()
    for table, unique in UNIQUE.items():
        _append_only(table, unique.split())


def _append_only(table: str, unique: list[str]) -> None:
    same = " AND ".join(f"{column} = NEW.{column}" for column in unique) or "0"
    refuse = f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
    op.execute(f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} {refuse}")
    op.execute(f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} {refuse}")
    there = f"SELECT 1 FROM {table} WHERE seq = NEW.seq OR ({same})"  # noqa: S608 - our own names
    op.execute(f"CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table} WHEN EXISTS ({there}) {refuse}")


def _number(name: str, most: int = AMOUNT) -> tuple[sa.Column[int], sa.CheckConstraint]:
    check = sa.CheckConstraint(f"{name} BETWEEN -{most} AND {most}", name=f"{name}_bounded")
    return sa.Column(name, sa.BigInteger, nullable=False), check


def _text(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text, nullable=False) for name in names]


def _seq() -> sa.Column[int]:
    return sa.Column("seq", sa.Integer, primary_key=True)


def _account(name: str) -> None:
    op.create_table(
        name,
        _seq(),
        *_text("source", "cluster", "uid"), *_number("attempt"), *_text("resource"),
        *_number("start_ms"), *_number("end_ms"), *_number("amount"),
        *_text("state", "node", "tenant", "user", "project", "job", "flavor", "devices"),
        sa.Column("grace", sa.Boolean, nullable=False), *_text("corrects", "digest"),
        sa.UniqueConstraint("source", "cluster", "start_ms", "uid", "attempt", "resource", "corrects",
                            name=f"{name}_key"),
        sa.CheckConstraint("end_ms >= start_ms", name="forward"),
    )  # fmt: skip
    op.create_index(f"{name}_end", name, ["end_ms"])


def _doubts() -> None:
    op.create_table(
        "quarantine",
        _seq(), *_text("source", "cluster"), *_number("at_ms"), *_text("reason", "content", "digest"),
        sa.UniqueConstraint("content", name="quarantine_once"),
    )  # fmt: skip
    op.create_table(
        "rulings",
        _seq(),
        sa.Column("quarantined", sa.Integer, sa.ForeignKey("quarantine.seq"), nullable=False, unique=True),
        *_number("at_ms"), sa.Column("accepted", sa.Boolean, nullable=False), *_text("who", "why", "digest"),
    )  # fmt: skip
    op.create_table(
        "skews",
        _seq(), *_number("at_ms"), *_number("end_ms"), *_text("content", "digest"),
        sa.UniqueConstraint("content", name="skews_once"),
    )  # fmt: skip


def _facts() -> None:
    op.create_table(
        "capacity",
        _seq(), *_number("at_ms"), *_text("node", "content", "digest"),
        sa.UniqueConstraint("at_ms", "node", "content", name="capacity_once"),
    )  # fmt: skip
    op.create_table("policies", _seq(), *_number("at_ms"), *_text("version", "content", "digest"))


def _money() -> None:
    op.create_table(
        "bookings",
        _seq(),
        *_text("month"), *_number("until_ms"), *_number("last_slice"), *_number("last_state"),
        sa.Column("policy", sa.Integer, sa.ForeignKey("policies.seq"), nullable=False),
        *_text("digest"),
    )  # fmt: skip
    op.create_index("bookings_month", "bookings", ["month"])
    op.create_table(
        "charges",
        _seq(),
        sa.Column("booking", sa.Integer, sa.ForeignKey("bookings.seq"), nullable=False),
        *_text("month", "tenant", "project", "rule", "resource", "price_version", "quantity"),
        *_number("price_micro", MICRO), *_number("micro", MICRO), sa.Column("gone", sa.Boolean, nullable=False),
        *_text("digest"),
    )  # fmt: skip
    op.create_index("charges_month", "charges", ["month", "tenant"])


def _moving() -> None:
    op.create_table(
        "cursors",
        sa.Column("source", sa.Text, primary_key=True), sa.Column("cluster", sa.Text, primary_key=True),
        *_number("watermark_ms"),
    )  # fmt: skip
    keys = [sa.Column(name, sa.Text, primary_key=True) for name in ("kind", "who", "resource")]
    op.create_table("totals", *keys, *_text("total"))
    op.create_table("heads", sa.Column("name", sa.Text, primary_key=True), *_number("rows"), *_text("digest"))


def _control() -> None:
    op.create_table(
        "tokens",
        sa.Column("id", sa.Text, primary_key=True), *_text("hash", "last4", "tenant", "user", "role"),
        *_number("created_ms"), sa.Column("revoked_ms", sa.BigInteger, nullable=True),
    )  # fmt: skip
    op.create_table(
        "pauses", sa.Column("tenant", sa.Text, primary_key=True), *_number("since_ms"), *_text("who")
    )
    op.create_table(
        "audit", _seq(), *_number("at_ms"), *_text("who", "action", "subject", "detail", "digest")
    )
