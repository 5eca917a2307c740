"""How Alembic runs: on the connection, and within the transaction, that `dure.ledger.database` gives it."""

from alembic import context

from dure.ledger.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
