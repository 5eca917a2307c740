"""Verdicts of those whom neither place nor their own quota keeps waiting, but what is kept for others.

The calendar is named where it would keep a class out even of a room in which nothing runs; lending limits where
enough is free, but others keep it back.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

from dure.model.instants import Interval
from dure.model.plan import Code, Rule, Verdict
from dure.planning.allowance import kept_back
from dure.planning.axes import Vector, within
from dure.planning.calendar import Block
from dure.planning.nodes import Row
from dure.planning.placement import View, place
from dure.planning.queue import Kind
from dure.planning.quota import Account
from dure.planning.shape import Demand, Shape
from dure.planning.state import State
from dure.planning.trial import Trial
from dure.planning.verdicts import calendar_verdict, kept_back_verdict

Kept: TypeAlias = tuple[tuple[str, Rule, bool, tuple[tuple[str, tuple[int, ...]], ...]], ...]
"""What the calendar keeps where, comparable from one decision to the next."""


class KeptOut:
    """The judgement of one decision, each shape judged once."""

    __slots__ = ("_known", "_trial", "_whole")

    def __init__(self, trial: Trial) -> None:
        self._trial = trial
        self._known: dict[Shape, Verdict | None] = {}
        self._whole: dict[Row, Vector] | None = None

    def verdict(self, kind: Kind) -> Verdict | None:
        """Why the class is kept out, None where it is not."""
        return self._of_calendar(kind.shape) or self._of_lending(kind)

    def _of_calendar(self, shape: Shape) -> Verdict | None:
        if not self._trial.promises.blocked(shape):
            return None
        if shape not in self._known:
            self._known[shape] = self._judge(shape)
        return self._known[shape]

    def _judge(self, shape: Shape) -> Verdict | None:
        there = [demand for demand in shape.demands if self._fits(demand, self._empty)]
        if not there or any(self._fits(demand, self._beside(demand)) for demand in there):
            return None
        blocks = {block: None for demand in there for block in self._bound(demand)}
        first = min(blocks, key=lambda block: (block.at, block.name))
        code = Code.CALENDAR if first.rule is Rule.CALENDAR else Code.MAINTENANCE
        return calendar_verdict(code, Interval(first.at, first.until))

    @property
    def _empty(self) -> dict[Row, Vector]:
        if self._whole is None:
            self._whole = {row: row.capacity for row in self._trial.state.nodes.rows.values()}
        return self._whole

    def _bound(self, demand: Demand) -> Iterator[Block]:
        return (one for one in self._trial.promises.blocks if one.binds(demand, self._trial.now))

    def _beside(self, demand: Demand) -> View:
        view: dict[Row, list[int]] = dict(self._empty)
        for block in self._bound(demand):
            for row, kept in block.kept.items():
                view[row] = [there - some for there, some in zip(view[row], kept, strict=True)]
        return view

    def _fits(self, demand: Demand, view: View) -> bool:
        return bool(place(demand, self._trial.state.nodes, view, self._trial.state.values))

    def _of_lending(self, kind: Kind) -> Verdict | None:
        state, allowance = self._trial.state, self._trial.allowance
        if state.quotas.lending is None:
            return None
        demands = [demand for demand in kind.shape.demands if not allowance.within(kind, demand)]
        free = [demand for demand in demands if within(demand.total, state.nodes.spare)]
        if not free or len(demands) < len(kind.shape.demands):
            return None
        kept = all(kept_back(state, kind.account, demand.total) for demand in free)
        return kept_back_verdict(state, kind) if kept else None


def kept(trial: Trial) -> Kept:
    """What the calendar keeps, to tell whether that changed since the last decision."""
    return tuple(
        (block.name, block.rule, block.closed, tuple(sorted((row.id, tuple(v)) for row, v in block.kept.items())))
        for block in trial.promises.blocks
    )  # fmt: skip


def lent_less(state: State) -> set[Account]:
    """Tenants from whom somebody keeps something back just now."""
    lending = state.quotas.lending
    if lending is None:
        return set()
    axes = range(len(state.axes.names))
    accounts = state.quotas.accounts.values()
    return {one for one in accounts if any(lending.withheld(one.branch, axis) for axis in axes)}
