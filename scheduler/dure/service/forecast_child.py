"""The child process that forecasts: at the lowest priority, from what the server tells it of past and present.

One such child forecasts the queue. It keeps what it has learnt and the first estimate that it gave of each waiting
job, to learn from it once the job has started. Another, by what the first has learnt, forecasts single jobs, for
which people wait.
"""

from __future__ import annotations

import os
import pickle
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final, TypeVar

from dure.forecast.estimate import Budget, Estimate, Learnt, estimate_all, estimate_one
from dure.model.job import JobId
from dure.model.snapshot import Pending, Snapshot
from dure.service import frames
from dure.service.child import run

_Found = TypeVar("_Found")

_NICEST: Final = 19
_ALL_S: Final = 20.0
_ONE_S: Final = 8.0
"""Seconds that a forecast may take about: nobody waits for that of the queue, and a person for that of one job."""


class Pace:
    """How much may be played out in so many seconds, by what it took before: on a busy machine, less.

    The budget of an estimate is work, so that the same input gives the same answer; only its size is measured.
    """

    _SLOWEST: Final = 10.0
    _FUTURES: Final = 15

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self.rate = 100.0
        """Starts and ends in a second."""

    def budget(self, seconds: float) -> Budget:
        """Work that takes about so long."""
        return Budget(futures=self._FUTURES, events=max(1, round(self.rate * seconds)))

    def timed(self, budget: Budget, snapshot: Snapshot, work: Callable[[], _Found]) -> _Found:
        """Do the work, and learn from how long it takes; it grows by no more than four times at once."""
        begun = self._clock()
        found = work()
        took = max(self._clock() - begun, 1e-3)
        events = 2 * len(snapshot.pending) + len(snapshot.running)
        done = min(budget.events, self._FUTURES * events)
        self.rate = max(self._SLOWEST, min(done / took, 4 * self.rate))
        return found


class Oracle:
    """Answers requests; everything it knows came through them."""

    def __init__(self) -> None:
        self._pace = Pace()
        self._learnt = Learnt()
        self._given: dict[JobId, Estimate] = {}

    def answer(self, request: object) -> object:
        """What the request asks for, or Failed."""
        try:
            return self._answer(request)
        except Exception as error:  # noqa: BLE001 - the server logs it and starts this child anew
            return frames.Failed(f"{type(error).__name__}: {error}")

    def _answer(self, request: object) -> object:
        match request:
            case frames.Learn():
                self._learn(request)
            case frames.ForecastAll():
                return self._all(request)
            case frames.Learned():
                return pickle.dumps((self._learnt, self._pace.rate), protocol=pickle.HIGHEST_PROTOCOL)
            case frames.ForecastOne():
                return self._one(request)
        return None

    def _learn(self, told: frames.Learn) -> None:
        for job, length in told.ended:
            self._learnt.ended(job, length)
        for name, at in told.started:
            if (given := self._given.pop(name, None)) is not None:
                self._learnt.started(given, at)

    def _all(self, asked: frames.ForecastAll) -> Mapping[JobId, Estimate]:
        snapshot, budget = _snapshot(asked.packed), self._pace.budget(_ALL_S)
        found = self._pace.timed(
            budget,
            snapshot,
            lambda: estimate_all(snapshot, asked.rules, self._learnt, asked.now, budget),
        )
        self._given = {job: self._given.get(job, estimate) for job, estimate in found.items()}
        return dict(found)

    def _one(self, asked: frames.ForecastOne) -> Estimate:
        snapshot = _snapshot(asked.packed)
        learnt, self._pace.rate = pickle.loads(asked.knowledge)  # noqa: S301 - another child's answer, handed on
        others = [one for one in snapshot.pending if one.job.id != asked.job.id]
        mine = Pending(asked.job, waiting_for=asked.waiting_for)
        pending = sorted([*others, mine], key=lambda one: one.job.id)
        snapshot = replace(snapshot, pending=tuple(pending))
        budget = self._pace.budget(_ONE_S)
        return estimate_one(snapshot, asked.rules, learnt, asked.now, asked.job, budget)


def _snapshot(packed: bytes) -> Snapshot:
    snapshot = pickle.loads(packed)  # noqa: S301 - the Room child pickled it, and the server handed it on
    assert isinstance(snapshot, Snapshot)  # noqa: S101 - narrows for mypy
    return snapshot


if __name__ == "__main__":
    os.nice(_NICEST)
    run(Oracle().answer, int(sys.argv[1]))
