"""Small traces for tests: rows of SWF as text, rooms of a few processors, jobs played through them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from dure.model.rules import Order, Planning, Rules
from dure.simulate.lines import TraceError
from dure.simulate.replay import Played, Settings, play
from dure.simulate.swf import read_swf
from dure.simulate.trace import Trace

EASY = Rules(room="easy", planning=Planning(order=Order.FIFO, depth=1, memory=0.0))


def swf_row(
    job: object, submit: int, run: int, procs: int, limit: int = -1, user: int = 1, wait: int = -1
) -> str:  # fmt: skip
    """One line of SWF; what is not named is unknown (-1)."""
    return f"{job} {submit} {wait} {run} {procs} -1 -1 {procs} {limit} -1 1 {user} -1 -1 -1 -1 -1 -1"


def swf_text(rows: Iterable[str], processors: int | None = 4) -> str:
    """A file of these rows under a header that names the machine's size."""
    header = [] if processors is None else [f"; MaxProcs: {processors}"]
    return "\n".join([*header, *rows]) + "\n"


def write_swf(folder: Path, rows: Iterable[str], processors: int | None = 4) -> Path:
    path = folder / "small.swf"
    path.write_text(swf_text(rows, processors), encoding="utf-8")
    return path


def play_swf(
    folder: Path, rows: Iterable[str], settings: Settings | None = None, processors: int = 4
) -> Played:  # fmt: skip
    """These rows under EASY, on one node of `processors` cpus."""
    return play(read_swf(write_swf(folder, rows, processors)), EASY, settings or Settings())


def refusal(read: Callable[[Path], Trace], path: Path) -> str:
    """Why the reader refuses the file, "" where it does not."""
    try:
        read(path)
    except TraceError as refused:
        return str(refused)
    return ""
