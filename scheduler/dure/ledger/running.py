"""Running totals: sums of amount x ms that move in the transaction that brings the slices.

They are kept as decimal text and added in Python: a product of two bounded numbers may have 106 bits, and SQL
would turn it into a float without a word (decision 0046).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, TypeAlias

from sqlalchemy import Connection, Row, delete, func, insert, select, tuple_

from dure.accounting.usage import RunningTotals
from dure.ledger.tables import cursors, quarantine, rulings, totals
from dure.model.resources import ResourceName
from dure.model.use import Slice, State
from dure.ports import Totals

Line: TypeAlias = tuple[str, str, str]
"""(kind, who, resource): kind `use` or `correction` with a tenant, or `state` with a state."""

KINDS = ("use", "state", "correction")


def lines_of(slices: Iterable[Slice]) -> dict[Line, int]:
    """What these slices add to each line."""
    added = RunningTotals()
    for slice_ in slices:
        added.add(slice_)
    kinds: tuple[tuple[str, Mapping[tuple[str, str], int]], ...] = (
        ("use", added.use), ("state", _named(added.states)), ("correction", added.corrections),
    )  # fmt: skip
    return {(kind, *key): n for kind, lines in kinds for key, n in lines.items()}


def _named(states: Mapping[tuple[State, ResourceName], int]) -> dict[tuple[str, str], int]:
    return {(state.value, resource): n for (state, resource), n in states.items()}


def move(connection: Connection, slices: Iterable[Slice]) -> None:
    """Add newly written slices to the running totals, within the caller's transaction."""
    added = {line: amount for line, amount in lines_of(slices).items() if amount}
    if not added:
        return
    stored = stored_lines(connection)
    key = tuple_(totals.c.kind, totals.c.who, totals.c.resource)
    connection.execute(delete(totals).where(key.in_([line for line in added if line in stored])))
    connection.execute(
        insert(totals),
        [
            {
                "kind": kind,
                "who": who,
                "resource": resource,
                "total": str(stored.get((kind, who, resource), 0) + n),
            }
            for (kind, who, resource), n in sorted(added.items())
        ],
    )


def stored_lines(connection: Connection) -> dict[Line, int]:
    """Every running total. Raises ValueError where one was altered into no number."""
    return dict(map(line_of, connection.execute(select(totals))))


def line_of(row: Row[Any]) -> tuple[Line, int]:
    """One running total. Raises ValueError where it was altered into none."""
    if row.kind not in KINDS or (row.kind == "state" and row.who not in set(State)):
        raise ValueError(f"{row.kind} {row.who} is no line")
    return (row.kind, row.who, row.resource), int(row.total)


def read(connection: Connection) -> Totals:
    """The totals, cursors and the open quarantine as one moment shows them."""
    marks = {(row.source, row.cluster): row.watermark_ms for row in connection.execute(select(cursors))}
    lines = totals_of(stored_lines(connection))
    return replace(lines, watermarks=marks, quarantined=open_quarantine(connection))


def totals_of(lines: Mapping[Line, int]) -> Totals:
    """Lines as `Totals`, without watermarks and quarantine."""
    kinds = {
        wanted: {(who, resource): n for (kind, who, resource), n in lines.items() if kind == wanted}
        for wanted in KINDS
    }
    states = {(State(who), resource): n for (who, resource), n in kinds["state"].items()}
    return Totals(kinds["use"], states, kinds["correction"], {}, 0)


def open_quarantine(connection: Connection) -> int:
    """How many slices wait for a ruling."""
    put = connection.scalar(select(func.count()).select_from(quarantine))
    ruled = connection.scalar(select(func.count()).select_from(rulings))
    return (put or 0) - (ruled or 0)
