"""Demand and holdings of a replay, step by step: what fairness is measured over."""

from __future__ import annotations

from collections.abc import Iterator

from dure.model.resources import Resources
from dure.simulate.fairness import Step
from dure.simulate.played import Played

_NOTHING = Resources()


def steps(played: Played) -> Iterator[Step]:
    """Every change of what a tenant's jobs ask for and hold, by instant.

    A job asks from its submit to its end, for what it holds while it runs, else for the flavors that it likes best.
    One that never ran could not: it asks for nothing. Jobs without GPUs do not count.
    """
    found = [*_demand(played), *_holdings(played)]
    found.sort(key=lambda step: step.at)
    return iter(found)


def _demand(played: Played) -> Iterator[Step]:
    ran = {stint.work.id for stint in played.stints}
    for work in played.works:
        if work.wanted.gpus and work.id in ran:
            yield Step(work.submitted, work.tenant, work.wanted, _NOTHING)


def _holdings(played: Played) -> Iterator[Step]:
    gives = _Differences()
    for stint in played.stints:
        work, held = stint.work, stint.held
        if not work.wanted.gpus:
            continue
        yield Step(stint.started, work.tenant, gives.less(held, work.wanted), held)
        left = gives.less(work.wanted if stint.gave_way else _NOTHING, held)
        yield Step(stint.ended, work.tenant, left, gives.less(_NOTHING, held))


class _Differences:
    """Amounts less others, each pair worked out once."""

    def __init__(self) -> None:
        self._known: dict[tuple[int, int], tuple[Resources, Resources, Resources]] = {}

    def less(self, one: Resources, other: Resources) -> Resources:
        if one is other:
            return _NOTHING
        known = self._known.get((id(one), id(other)))
        if known is None:
            known = self._known[id(one), id(other)] = (one - other, one, other)  # keeps both ids taken
        return known[0]
