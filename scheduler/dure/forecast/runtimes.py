"""How long jobs run, learnt from jobs that ended: each user's own history corrects the limits.

What is learnt of a job is its run time over its limit (of one without a limit, the run time itself), kept
for ever wider circles around it: jobs of the same user of the same size and limit, the user's, the tenant's,
everyone's. Of each circle only the latest are kept, and later ones weigh more (the next job of a user is most
often like the last two: Tsafrir, Etsion, Feitelson, "Backfilling Using System-Generated Predictions Rather than
User Runtime Estimates", IEEE TPDS 18(6), 2007).

The distribution for a job is the one seen in the narrowest circle, mixed with the next wider one as if that had
been seen `TRUST` times, and so on: the predictive distribution of a hierarchy of Dirichlet processes (Ferguson,
"A Bayesian Analysis of Some Nonparametric Problems", Annals of Statistics 1(2), 1973; Teh, Jordan, Beal, Blei,
"Hierarchical Dirichlet Processes", JASA 101, 2006). Conditional on having run so long already, what is shorter
falls away from all circles alike.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Final, TypeAlias

from dure.model.instants import HOUR, Millis
from dure.model.job import TaskGroup, TenantId, UserId

TRUST: Final = 2.0
"""How many jobs of a circle the next wider one is worth."""

_KEPT: Final = (48, 96, 192, 384)
"""Jobs kept of a circle, from the narrowest to everyone's."""
_FADE: Final = (6.0, 16.0, 48.0, 192.0)
"""Jobs after which one weighs 1/e of the latest, by circle."""
_MOST_CIRCLES: Final = 50_000
"""Circles kept; beyond that the one that was longest without an end is forgotten."""
_OVERRUN: Final = 2.0
"""An hour beyond a limit of one minute says nothing of a limit of a day: no larger ratio is carried over."""
_LONGEST: Final = 4
"""What outruns its limit, or all that was learnt, is over by so many times its age."""

Circle: TypeAlias = tuple[object, ...]
"""Jobs that are like each other, by what they have in common."""


@dataclass(frozen=True, slots=True)
class Kind:
    """What a job's run time is learnt by."""

    tenant: TenantId
    user: UserId
    groups: tuple[TaskGroup, ...]
    limit: Millis | None

    def circles(self) -> tuple[Circle, ...]:
        """From the narrowest to everyone's; those with a limit learn apart from those without."""
        limited = self.limit is not None
        return (
            (limited, self.tenant, self.user, self.groups, self.limit),
            (limited, self.tenant, self.user),
            (limited, self.tenant),
            (limited,),
        )


class Runtimes:
    """What is known of run times. `learn` in the order of ends: later ones weigh more.

    Circles of different users do not depend on the order among those users.
    """

    __slots__ = ("_seen", "_tables")

    def __init__(self) -> None:
        self._seen: dict[Circle, deque[float]] = {}
        self._tables: dict[Kind, Table] = {}

    def learn(self, kind: Kind, run: Millis) -> None:
        """A job of this kind ended, not by an eviction, after `run` ms."""
        value = max(run, 1) / (kind.limit or 1)
        for number, (circle, kept) in enumerate(zip(kind.circles(), _KEPT, strict=True)):
            if number and kind.limit is not None:
                value = min(value, _OVERRUN)
            seen = self._seen.pop(circle, None)
            self._seen[circle] = seen = deque(maxlen=kept) if seen is None else seen
            seen.append(value)
        while len(self._seen) > _MOST_CIRCLES:
            del self._seen[next(iter(self._seen))]
        self._tables.clear()

    def table(self, kind: Kind) -> Table:
        """The distribution of run times of such a job."""
        if (table := self._tables.get(kind)) is None:
            table = self._tables[kind] = Table.of(self._weighed(kind), kind.limit)
        return table

    def seen(self, circle: Circle) -> tuple[float, ...]:
        """Run times over limits kept of a circle, oldest first."""
        return tuple(self._seen.get(circle, ()))

    def _weighed(self, kind: Kind) -> Iterator[tuple[float, float]]:
        """(value, weight), weights adding up to at most 1: what no circle has seen is left out."""
        left = 1.0
        for circle, fade in zip(kind.circles(), _FADE, strict=True):
            if seen := self._seen.get(circle):
                weights = [2.718281828459045 ** (-age / fade) for age in range(len(seen))]
                total = sum(weights)
                part = left * total / (total + TRUST)
                for value, weight in zip(reversed(seen), weights, strict=True):
                    yield value, part * weight / total
                left -= part


@dataclass(frozen=True, slots=True)
class Table:
    """Run times in ms in order, and the sums of their weights up to and with each."""

    runs: tuple[Millis, ...]
    sums: tuple[float, ...]
    limit: Millis | None = None

    @classmethod
    def of(cls, weighed: Iterable[tuple[float, float]], limit: Millis | None) -> Table:
        """From (run over limit, weight); where nothing was learnt a job runs to its limit, or for an hour."""
        found = sorted((max(1, round(value * (limit or 1))), weight) for value, weight in weighed)
        found = found or [(limit or HOUR, 1.0)]
        runs, sums = tuple(run for run, _ in found), tuple(accumulate(weight for _, weight in found))
        return cls(runs, sums, limit)

    def run(self, part: float, beyond: Millis = 0) -> Millis:
        """The run time below which a part of [0, 1) of the jobs ends, of those that run longer than `beyond`."""
        first = bisect_right(self.runs, beyond) if beyond else 0
        if first == len(self.runs) or (self.limit is not None and 0 < self.limit <= beyond):
            return _onward(beyond, part)
        below = self.sums[first - 1] if first else 0.0
        return self.runs[_at(self.sums, below + part * (self.sums[-1] - below), first)]


def _at(sums: Sequence[float], wanted: float, first: int) -> int:
    return min(bisect_right(sums, wanted, first), len(sums) - 1)


def _onward(beyond: Millis, part: float) -> Millis:
    """A law without scale, P(run > t) = beyond / t, cut at `_LONGEST` times the age; its median is twice that."""
    return max(beyond + 1, round(beyond / (1 - min(part, 1 - 1 / _LONGEST))))
