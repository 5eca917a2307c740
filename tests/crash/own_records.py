"""What the shims themselves wrote down, against what the ledger holds."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

from dure.ledger import open_ledger
from dure.model.instants import Interval

Life = tuple[str, int]
"""(JOB.TASK, attempt)."""


def _tasks(data: Path) -> Iterator[tuple[Life, Path]]:
    for started in data.glob("local/*/jobs/*/*/*/started"):
        folder = started.parent
        yield (f"{folder.parent.parent.name}.{folder.name}", int(folder.parent.name)), folder


def lives(data: Path) -> dict[Life, tuple[int, int]]:
    """Start and end in ms of every task that a shim ran, from its own two files."""
    told = {}
    for life, folder in _tasks(data):
        started = json.loads((folder / "started").read_text(encoding="utf-8"))
        if started["owner"] == "shim" and (folder / "exit").exists():
            told[life] = (started["at"], json.loads((folder / "exit").read_text(encoding="utf-8"))["end"])
    return {life: (start, end) for life, (start, end) in told.items() if end > start}


def unfinished(data: Path) -> list[str]:
    """Tasks that a shim began and never ended."""
    return [
        str(folder)
        for _, folder in _tasks(data)
        if json.loads((folder / "started").read_text(encoding="utf-8"))["owner"] == "shim"
        and not (folder / "exit").exists()
    ]


def metered(data: Path) -> dict[Life, tuple[int, int]]:
    """Start and end in ms of every task by the ledger's cpu slices, which must abut."""
    ledger = open_ledger(data / "ledger.db", read_only=True)
    try:
        slices = [s for s in ledger.slices(Interval(0, 2**52)) if s.source == "local" and s.resource == "cpu"]
    finally:
        ledger.close()
    parts: dict[Life, list[tuple[int, int]]] = defaultdict(list)
    for part in slices:
        parts[part.uid, part.attempt].append((part.start, part.end))
    return {life: _joined(life, sorted(spans)) for life, spans in parts.items()}


def _joined(life: Life, spans: list[tuple[int, int]]) -> tuple[int, int]:
    for (_, end), (start, _) in pairwise(spans):
        assert end == start, f"{life} is metered with a gap or twice: {spans}"
    return spans[0][0], spans[-1][1]


def why_stopped(data: Path, job: str, attempt: int) -> list[str]:
    """Why an attempt was told to end, or why tasks of it never began, in the words on disk."""
    folders = data.glob(f"local/*/jobs/{job}/{attempt}")
    files = [path for folder in folders for path in (folder / "end.json", *folder.glob("*/started"))]
    told: list[dict[str, Any]] = [
        json.loads(path.read_text(encoding="utf-8")) for path in files if path.exists()
    ]
    return [one["reason"] for one in told if one.get("reason")]
