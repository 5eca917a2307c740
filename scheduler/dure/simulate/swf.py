"""Standard Workload Format: one job a line, 18 columns, -1 for what is unknown.

Format: Feitelson, "The Standard Workload Format", Parallel Workloads Archive. The wait column (3) is never read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from dure.model.job import TaskGroup
from dure.simulate.lines import numbered_lines, refuse
from dure.simulate.trace import LARGEST, MOST_PROCESSORS, Trace, TraceJob

_COLUMNS: Final = 18
_ROW = re.compile(rb"\s*[!-:<-~][!-~]*(?:\s+-?[0-9]+(?:\.[0-9]*)?){17}\s*")
_HEADER = re.compile(rb"\s*;\s*(MaxProcs|MaxNodes)\s*:\s*([0-9]{1,12})\b")
_SUBMIT, _RUN, _USED_PROCS, _USED_MEMORY, _PROCS, _LIMIT, _MEMORY, _USER = 1, 3, 4, 6, 7, 8, 9, 11


def read_swf(path: Path) -> Trace:
    """The jobs of an SWF file, plain or gzip, and MaxProcs of its header (MaxNodes where that is missing).

    A row without a submit time, a run time or a number of processors (requested, else used) is counted as
    unusable. Raises TraceError at the first row that is no SWF.
    """
    return _Reader(path).trace()


class _Reader:
    """One pass over a file. Groups of tasks and users are kept once: rows repeat them."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._sizes: dict[bytes, int] = {}
        self._groups: dict[tuple[int, int], TaskGroup] = {}
        self._users: dict[int, str] = {}
        self._unusable = 0

    def trace(self) -> Trace:
        jobs = tuple(self._jobs())
        processors = self._sizes.get(b"MaxProcs") or self._sizes.get(b"MaxNodes")
        return Trace(self._path.name, jobs, self._unusable, processors)

    def _jobs(self) -> Iterator[TraceJob]:
        seen: set[str] = set()
        for number, line in numbered_lines(self._path):
            if _ROW.fullmatch(line) is None:
                self._header(number, line)
            elif (job := self._job(number, line.split())) is None:
                self._unusable += 1
            elif job.id in seen:
                refuse(
                    self._path.name, number, f"job {job.id[:40]} came before; give every job its own number"
                )
            else:
                seen.add(job.id)
                yield job

    def _header(self, number: int, line: bytes) -> None:
        if header := _HEADER.match(line):
            self._sizes[header[1]] = int(header[2])
        elif (text := line.strip()) and not text.startswith(b";"):
            refuse(self._path.name, number, _wrong(text))

    def _job(self, number: int, row: Sequence[bytes]) -> TraceJob | None:
        submit, run, limit = (self._number(number, row, column) for column in (_SUBMIT, _RUN, _LIMIT))
        tasks = self._known(number, row, _PROCS, _USED_PROCS, MOST_PROCESSORS)
        if submit < 0 or run < 0 or tasks == 0:
            return None
        memory = self._known(number, row, _MEMORY, _USED_MEMORY)
        user = self._user(self._number(number, row, _USER))
        group = self._group(tasks, memory)
        return TraceJob(row[0].decode("ascii"), user, user, submit, run, limit if limit > 0 else None, group)

    def _known(self, number: int, row: Sequence[bytes], first: int, second: int, most: int = LARGEST) -> int:
        """The first of two columns that is above zero, 0 where neither is."""
        value = self._number(number, row, first, most)
        return value if value > 0 else max(self._number(number, row, second, most), 0)

    def _number(self, number: int, row: Sequence[bytes], column: int, most: int = LARGEST) -> int:
        """Column `column` (from 0), cut to a whole number: the format has fractions in averages only."""
        digits = row[column].partition(b".")[0]
        value = int(digits) if len(digits) <= 16 else most + 1
        if value > most:
            refuse(self._path.name, number, f"column {column + 1} is too large; at most {most}")
        return value

    def _user(self, number: int) -> str:
        return self._users.setdefault(number, str(number) if number >= 0 else "unknown")

    def _group(self, tasks: int, kibibytes: int) -> TaskGroup:
        """One task of one cpu per processor; memory is in KiB per processor in the file, MiB here."""
        group = self._groups.get((tasks, kibibytes))
        if group is None:
            group = TaskGroup(count=tasks, cpu=1000, memory=-(-kibibytes // 1024))
            self._groups[tasks, kibibytes] = group
        return group


def _wrong(text: bytes) -> str:
    columns = text.split()
    if len(columns) != _COLUMNS:
        return f"{len(columns)} columns; a row of an SWF has {_COLUMNS}, numbers, -1 for what is unknown"
    odd = [n for n, column in enumerate(columns[1:], 2) if not re.fullmatch(rb"-?[0-9]+(\.[0-9]*)?", column)]
    where = f"column {odd[0]}" if odd else "column 1"
    return f"{where} is not a number; a row of an SWF has {_COLUMNS} numbers, -1 for what is unknown"
