"""The ledger over a database: one writer, any number of readers, each seeing one committed moment."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from sqlalchemy import Table, select

from dure.accounting.bill import Bill
from dure.accounting.bill import bill as make_bill
from dure.accounting.charges import Charge
from dure.accounting.usage import MonthUse
from dure.crash import crash_point
from dure.ledger import accounts, booking, doubts, facts, running, tables
from dure.ledger.booking import Booking
from dure.ledger.checking import Checked, check_ledger
from dure.ledger.control import Control
from dure.ledger.database import Database, open_database
from dure.ledger.doubts import Aside
from dure.ledger.ingest import Batch, write_batch
from dure.model.instants import Instant, Interval
from dure.model.rules import Rules
from dure.model.use import CapacityFact, Slice
from dure.ports import Ingested, Ledger, Totals


class SqlLedger(Ledger):
    """The port over a database. Used by one thread; other threads and processes open their own, `read_only`."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.control = Control(database)

    def ingest(
        self, source: str, cluster: str, watermark: Instant, slices: Iterable[Slice],
        planner: Iterable[Slice] = (), capacity: Iterable[CapacityFact] = (),
    ) -> Ingested:  # fmt: skip
        """Write a batch, in one transaction: slices, running totals, facts of capacity and the cursor.

        A slice that stands already changes nothing; a doubtful one goes to quarantine. The cursor never goes
        back.
        """
        batch = Batch(source, cluster, watermark, tuple(slices), tuple(planner), tuple(capacity))
        with self.database.write() as connection:
            done = write_batch(connection, batch)
            crash_point("before-commit")
        crash_point("after-commit")
        return done

    def watermark(self, source: str, cluster: str) -> Instant | None:
        """Up to where this backend's use is recorded, None where nothing ever was."""
        cursors = tables.cursors
        where = (cursors.c.source == source, cursors.c.cluster == cluster)
        with self.database.read() as connection:
            return connection.scalar(select(cursors.c.watermark_ms).where(*where))

    def slices(self, interval: Interval) -> Iterator[Slice]:
        """What backends metered (corrections included) that meets the interval, by start."""
        return self._meeting(tables.slices, interval)

    def states(self, interval: Interval) -> Iterator[Slice]:
        """What the planner's account says of the interval: idle, down and unobserved time, by start."""
        return self._meeting(tables.states, interval)

    def capacity(self) -> tuple[CapacityFact, ...]:
        """Every recorded fact of capacity, by instant."""
        with self.database.read() as connection:
            return facts.read_capacity(connection)

    def record_policy(self, at: Instant, version: str, rules: Rules) -> None:
        """Record that these rules are in force from `at` on; the version already in force changes nothing.

        An `at` before the last version's counts as that one's: the past is not written again.
        """
        with self.database.write() as connection:
            facts.write_policy(connection, at, version, rules)

    def policies(self) -> tuple[tuple[Instant, Rules], ...]:
        """Every recorded policy version with its instant, oldest first."""
        with self.database.read() as connection:
            return facts.read_policies(connection)

    def totals(self) -> Totals:
        """The running totals as last committed."""
        with self.database.read() as connection:
            return running.read(connection)

    def quarantined(self) -> tuple[Aside, ...]:
        """Everything that was ever put in quarantine, oldest first, with its ruling where there is one."""
        with self.database.read() as connection:
            return tuple(doubts.listed(connection))

    def rule(self, number: int, accepted: bool, at: Instant, who: str, why: str) -> None:
        """Accept a quarantined slice into the tenants' account as it is, or dismiss it; once and for all.

        Raises KeyError for an unknown number or one that was ruled on, CannotAccept.
        """
        with self.database.write() as connection:
            doubts.rule(connection, number, accepted, at, who, why)

    def book(self, until: Instant | None = None) -> tuple[Booking, ...]:
        """Write what charges have changed by since they were last booked, as of `until`; the bookings made.

        By default, and at most, as of where everything is metered. Raises NothingToBill without a policy.
        """
        with self.database.write() as connection:
            return booking.book(connection, until)

    def booked(self, month: str) -> tuple[Charge, ...]:
        """What the booked entries of a month (`2026-11`) add up to, by key."""
        with self.database.read() as connection:
            return booking.booked(connection, month)

    def month_use(self, month: str) -> MonthUse:
        """A month's use as far as everything is metered. Raises ValueError, NothingToBill without a policy."""
        with self.database.read() as connection:
            return booking.month_so_far(connection, month)[0]

    def bill(self, month: str) -> Bill:
        """A month's bill as it stands: booked or not, under the policy in force then.

        `dure.accounting.bill_form` gives its plain form. Raises ValueError for what is no month, NothingToBill
        without a policy.
        """
        with self.database.read() as connection:
            return make_bill(*booking.month_so_far(connection, month))

    def check(self) -> Checked:
        """Whether the two accounts, the totals, the money and every row hold together; findings name rows."""
        with self.database.read() as connection:
            return check_ledger(connection)

    def backup(self, target: Path) -> None:
        """Copy the ledger as it stands to a new file, while it is in use. Raises FileExistsError."""
        self.database.backup(target)

    def close(self) -> None:
        """Let go of the file."""
        self.database.close()

    def _meeting(self, table: Table, interval: Interval) -> Iterator[Slice]:
        with self.database.read() as connection:
            yield from accounts.meeting(connection, table, interval)


def open_ledger(url: str | Path, read_only: bool = False) -> SqlLedger:
    """The ledger at a path or `sqlite:///PATH`, made or brought to the newest form if need be.

    Read-only opening changes nothing and works while a server writes. Raises LedgerUnusable.
    """
    return SqlLedger(open_database(url, read_only))
