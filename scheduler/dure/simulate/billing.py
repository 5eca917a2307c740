"""What replayed use would have cost: the bill of every month of the replay, at the prices of its rules."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from dure.accounting.bill import Bill, bill
from dure.accounting.months import month_interval, months_of
from dure.accounting.usage import month_use
from dure.model.instants import Interval
from dure.model.job import TenantId
from dure.model.rules import Rules
from dure.model.use import Slice, State
from dure.simulate.played import Played, Stint


@dataclass(frozen=True, slots=True)
class Billed:
    """Won before VAT over all months: of each tenant, and what the operator bears."""

    supply: dict[TenantId, int]
    absorbed: int


def billed(played: Played) -> Billed | None:
    """The months' bills added up; None where the rules have no prices."""
    if not played.rules.prices:
        return None
    supply: dict[TenantId, int] = {}
    absorbed = 0
    for month in bills(played):
        absorbed += month.absorbed.supply
        for statement in month.statements:
            supply[statement.tenant] = supply.get(statement.tenant, 0) + statement.supply
    return Billed(supply, absorbed)


def bills(played: Played) -> Iterator[Bill]:
    """A bill for each month of the room's time zone that the replay meets, metered to the replay's last end.

    The log may be older than the prices: the first version then holds from its beginning.
    """
    whole = played.interval
    rules = _priced(played.rules, whole)
    for month in months_of(whole, rules.timezone):
        inside = month_interval(month, rules.timezone)
        use = month_use(_slices(played, inside), month, rules, whole.end, whole.start)
        yield bill(use, rules)


def _priced(rules: Rules, whole: Interval) -> Rules:
    first, *later = rules.prices
    return replace(rules, prices=(replace(first, start=min(first.start, whole.start)), *later))


def _slices(played: Played, month: Interval) -> Iterator[Slice]:
    for stint in played.stints:
        if stint.started < month.end and stint.ended > month.start:
            yield from _metered(stint)


def _metered(stint: Stint) -> Iterator[Slice]:
    work = stint.work
    for resource, amount in stint.held.items():
        yield Slice(
            "replay", "replay", work.id, 1, resource, stint.started, stint.ended, amount, State.TENANT, "replay",
            work.tenant, work.user, work.project, work.id,
        )  # fmt: skip
