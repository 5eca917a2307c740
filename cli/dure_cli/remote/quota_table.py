"""Quotas as a table: what is in force now, with a note where it is not what policy states at other times."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dure_cli.remote import words
from dure_cli.remote.output import Column, printable, table
from dure_cli.remote.paragraphs import wrapped

QUOTA = ("tenant", "resource", "guarantee", "limit", "held", "pending", "share", "score")
STATED = ("stated_guarantee", "stated_limit", "until", "on_top", "on_top_until")
"""What csv has besides."""

_TEXT = {"tenant", "resource"}
_SPARE = {"pending", "share"}


def quota_lines(rows: Sequence[dict[str, Any]], spoken: str, within: int | None = None) -> list[str]:
    """The table, and below it what holds for now only."""
    columns = [Column(key, right=key not in _TEXT, spare=key in _SPARE) for key in QUOTA]
    lines = table([_row(row) for row in rows], columns, spoken, within)
    notes = [f"* {row['tenant']}, {note}" for row in rows for note in row["notes"][spoken]]
    below = [line for note in notes for line in wrapped(printable(note), within, rest="  ")]
    return [*lines, "", *below] if below else lines


def _row(row: dict[str, Any]) -> dict[str, Any]:
    """Amounts as people read them; what is for now only, or more on top, has a star."""
    resource = row["resource"]
    amounts = {key: words.amount(resource, row[key]) for key in ("guarantee", "limit", "held", "pending")}
    for key in ("guarantee", "limit"):
        if row[key] != row[f"stated_{key}"] or (key == "guarantee" and row["on_top"]):
            amounts[key] += "*"
    ratios = {key: "" if row[key] is None else f"{row[key]:.4f}" for key in ("share", "score")}
    return row | amounts | ratios
