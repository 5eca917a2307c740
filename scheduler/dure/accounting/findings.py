"""What a check found: which rows, what is wrong with them, what would be right."""

from __future__ import annotations

from dataclasses import dataclass

from dure.model.use import CapacityFact, Slice


@dataclass(frozen=True, slots=True, order=True)
class Row:
    """A row of the ledger: its table and its key.

    `slice` (Slice.key), `correction` (Slice.key and the key that it corrects), `capacity` (node, instant),
    `watermark` (cluster), `total` (use | states | corrections, tenant or state, resource), `charge` (Charge.key).
    """

    table: str
    key: tuple[object, ...]

    def __str__(self) -> str:
        return f"{self.table} {'/'.join(str(part) for part in self.key)}"


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that does not hold. Where several rows could be the wrong one, all are named, likeliest first."""

    rows: tuple[Row, ...]
    what: str
    expected: str

    def __str__(self) -> str:
        return f"{'; '.join(str(row) for row in self.rows)}: {self.what}; expected {self.expected}"


def row_of(item: Slice) -> Row:
    """The row that a slice is."""
    if item.corrects is None:
        return Row("slice", item.key)
    return Row("correction", (*item.key, *item.corrects))


def row_of_fact(fact: CapacityFact) -> Row:
    """The row that a fact of capacity is."""
    return Row("capacity", (fact.node_id, fact.at))
