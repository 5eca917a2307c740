"""The ledger as the service uses it: one thread that writes, one that reads for answers (DESIGN 2)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from dure.ledger import Control, SqlLedger, open_ledger

_T = TypeVar("_T")


class Books:
    """The writer's thread holds the only ledger that writes; answers come from a reader, in a thread of its own."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._writing = ThreadPoolExecutor(1, thread_name_prefix="ledger-writer")
        self._reading = ThreadPoolExecutor(1, thread_name_prefix="ledger-reader")
        self._writer: SqlLedger | None = None
        self._reader: SqlLedger | None = None

    async def open(self) -> None:
        """Open the ledger, made if it is not there. Raises LedgerUnusable."""
        loop = asyncio.get_running_loop()
        self._writer = await loop.run_in_executor(self._writing, open_ledger, self._path)
        self._reader = await loop.run_in_executor(self._reading, lambda: open_ledger(self._path, True))

    @property
    def reader(self) -> SqlLedger:
        """The ledger opened to be read, for the metrics' own thread. Raises RuntimeError before `open`."""
        return _opened(self._reader)

    async def write(self, work: Callable[[SqlLedger], _T]) -> _T:
        """Do this with the writing ledger, after whatever was asked before."""
        ledger = _opened(self._writer)
        return await asyncio.get_running_loop().run_in_executor(self._writing, work, ledger)

    async def read(self, work: Callable[[SqlLedger], _T]) -> _T:
        """Do this with the reading ledger; it sees what is committed."""
        ledger = _opened(self._reader)
        return await asyncio.get_running_loop().run_in_executor(self._reading, work, ledger)

    async def control(self, work: Callable[[Control], _T]) -> _T:
        """Do this with the control tables, in the writer's thread."""
        return await self.write(lambda ledger: work(ledger.control))

    async def look_up(self, work: Callable[[Control], _T]) -> _T:
        """Read the control tables, in the reader's thread."""
        return await self.read(lambda ledger: work(ledger.control))

    async def close(self) -> None:
        """Finish what was asked and let go of the file."""
        for pool, ledger in ((self._reading, self._reader), (self._writing, self._writer)):
            if ledger is not None:
                await asyncio.get_running_loop().run_in_executor(pool, ledger.close)
            pool.shutdown()


def _opened(ledger: SqlLedger | None) -> SqlLedger:
    if ledger is None:
        raise RuntimeError("the ledger is not open")
    return ledger
