"""How the tables came to be, step by step; run by `dure.ledger.database` when a ledger is opened."""
