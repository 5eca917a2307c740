"""The append-only record of use and money, in SQLite or PostgreSQL."""
