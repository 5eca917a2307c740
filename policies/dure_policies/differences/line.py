"""One difference, and the ways to find it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, TypeVar

T = TypeVar("T")


class Effect(StrEnum):
    """What a difference is to whom it concerns; `changes` where it is neither gain nor loss in itself."""

    GAINS = "gains"
    LOSES = "loses"
    CHANGES = "changes"


@dataclass(frozen=True, slots=True)
class Difference:
    """`old` and `new` are as a bundle writes them, "" where there is nothing.

    `kind` is tenant, planning, flavor, node, pool, price, calendar, maintenance or window; `subject` the id of
    what differs. Where others gain or lose by it than whom it is stated of, they are the subject, in words:
    planning "waiting borrowers", borrowers "from ada".
    """

    kind: str
    subject: str
    what: str
    old: str
    new: str
    effect: Effect

    @property
    def line(self) -> str:
        """The difference as one line of text."""
        return f"{self.kind} {self.subject} {self.effect}: {self.what} {self.old or 'none'} -> {self.new or 'none'}"


@dataclass(frozen=True, slots=True)
class Aspect:
    """One comparable thing: how to take and write it, and whether more of it is a gain (1) or a loss (-1).

    `absent` is what None counts as when it is compared.
    """

    what: str
    of: Callable[[Any], Any]
    written: Callable[[Any], str] = str
    more: int = 0
    absent: Any = 0

    def between(self, kind: str, subject: str, old: object, new: object) -> Iterator[Difference]:
        """The difference in this aspect, if there is one; None stands for what is not there at all."""
        before, after = (None if side is None else self.of(side) for side in (old, new))
        if before != after:
            was, is_ = ("" if value is None else self.written(value) for value in (before, after))
            yield Difference(kind, subject, self.what, was, is_, self._effect(before, after))

    def _effect(self, before: Any, after: Any) -> Effect:
        if not self.more:
            return Effect.CHANGES
        first, then = (self.absent if value is None else value for value in (before, after))
        if first == then:
            return Effect.CHANGES
        return Effect.GAINS if (then > first) == (self.more > 0) else Effect.LOSES


def compare(
    kind: str, subject: str, old: object, new: object, aspects: Iterable[Aspect], being: int = 0
) -> Iterator[Difference]:
    """Differences in all aspects between two things; None is one that is not there.

    What comes or goes as a whole has one effect: `being` 1 where its being there is a gain, -1 where it is a
    loss, 0 where neither.
    """
    came = (old is None) != (new is None)
    effect = Effect.CHANGES if not being else Effect.GAINS if (old is None) == (being > 0) else Effect.LOSES
    for aspect in aspects:
        for difference in aspect.between(kind, subject, old, new):
            yield replace(difference, effect=effect) if came else difference


def paired(old: dict[str, T], new: dict[str, T]) -> Iterator[tuple[str, T | None, T | None]]:
    """(name, before, after) of everything on either side: the new ones in order, then those that are gone."""
    for name in [*new, *(name for name in old if name not in new)]:
        yield name, old.get(name), new.get(name)
