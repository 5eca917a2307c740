"""The append-only record of use and money, in SQLite, and the control tables beside it.

Opened by `open_ledger`: a `SqlLedger` (a `dure.ports.Ledger`), whose `control` is the `Control` of that file.
"""

from dure.ledger.booking import Booking, NothingToBill
from dure.ledger.checking import Checked
from dure.ledger.control import Act, Control, Pauses
from dure.ledger.database import LedgerUnusable
from dure.ledger.doubts import Aside, CannotAccept
from dure.ledger.promises import Promises
from dure.ledger.sql_ledger import SqlLedger, open_ledger
from dure.ledger.tokens import Token

__all__ = [
    "Act", "Aside", "Booking", "CannotAccept", "Checked", "Control", "LedgerUnusable", "NothingToBill", "Pauses",
    "Promises", "SqlLedger", "Token", "open_ledger",
]  # fmt: skip
