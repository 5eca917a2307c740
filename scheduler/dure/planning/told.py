"""What plans say of every class: one mapping kept from plan to plan, and copied only while someone holds it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from weakref import ref

from dure.model.job import JobClass
from dure.model.plan import Verdict


class Told(Mapping[JobClass, Verdict]):
    """The verdicts of one plan; never changes. Pickles as a dict.

    `moved` are the classes whose verdict is another than in the plan before, or of which nobody waits any more.
    """

    __slots__ = ("__weakref__", "_standing", "moved")

    def __init__(self, standing: dict[JobClass, Verdict], moved: tuple[JobClass, ...] = ()) -> None:
        self._standing = standing
        self.moved = moved

    def __getitem__(self, key: JobClass) -> Verdict:
        return self._standing[key]

    def __iter__(self) -> Iterator[JobClass]:
        return iter(self._standing)

    def __len__(self) -> int:
        return len(self._standing)

    def __repr__(self) -> str:
        return repr(dict(self))

    def __reduce__(self) -> tuple[type[dict[JobClass, Verdict]], tuple[dict[JobClass, Verdict]]]:
        return dict, (dict(self),)


class Verdicts:
    """The standing verdicts."""

    __slots__ = ("_last", "_moved", "_standing")

    def __init__(self) -> None:
        self._standing: dict[JobClass, Verdict] = {}
        self._moved: dict[JobClass, None] = {}
        self._last: ref[Told] | None = None

    def say(self, key: JobClass, verdict: Verdict) -> None:
        """The class's verdict from now on."""
        if self._standing.get(key) != verdict:
            self._mine()[key] = verdict
            self._moved[key] = None

    def drop(self, key: JobClass) -> None:
        """Nobody of this class waits any more."""
        if key in self._standing:
            del self._mine()[key]
            self._moved[key] = None

    def told(self) -> Told:
        """The verdicts as they stand, for one plan."""
        told = Told(self._standing, tuple(self._moved))
        self._moved.clear()
        self._last = ref(told)
        return told

    def _mine(self) -> dict[JobClass, Verdict]:
        """What may be changed: not what a plan that is still held would show."""
        if self._last is not None and self._last() is not None:
            self._standing = dict(self._standing)
        self._last = None
        return self._standing
