"""What was promised to jobs (claims and reservations) and which nodes are drained; both outlive the server."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

AMOUNT = 2**53


def upgrade() -> None:
    """Make both tables. Nothing that stands is touched."""
    for name, key, columns in (
        ("promises", "cluster", ("at_ms", "content")),
        ("drains", "node", ("since_ms", "who")),
    ):
        instant, text = columns
        op.create_table(
            name,
            sa.Column(key, sa.Text, primary_key=True),
            sa.Column(instant, sa.BigInteger, nullable=False),
            sa.Column(text, sa.Text, nullable=False),
            sa.CheckConstraint(f"{instant} BETWEEN -{AMOUNT} AND {AMOUNT}", name=f"{instant}_bounded"),
        )
