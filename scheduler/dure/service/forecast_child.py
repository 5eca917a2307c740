"""The child process that forecasts: at the lowest priority, from what the server tells it of past and present.

It keeps what it has learnt and the first estimate that it gave of each waiting job, to learn from it once the job
has started.
"""

from __future__ import annotations

import os
import pickle
import sys
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from dure.forecast.estimate import Budget, Estimate, Learnt, estimate_all, estimate_one
from dure.model.job import JobId
from dure.model.snapshot import Pending, Snapshot
from dure.service import frames
from dure.service.child import run

_NICEST: Final = 19
_ALL: Final = Budget(futures=15, events=12_000)
_ONE: Final = Budget(futures=15, events=6_000)
"""Smaller than where nobody waits for it: the queue is forecast again and again, and one job by a person."""


class Oracle:
    """Answers requests; everything it knows came through them."""

    def __init__(self) -> None:
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
        found = estimate_all(_snapshot(asked.packed), asked.rules, self._learnt, asked.now, _ALL)
        self._given = {job: self._given.get(job, estimate) for job, estimate in found.items()}
        return dict(found)

    def _one(self, asked: frames.ForecastOne) -> Estimate:
        snapshot = _snapshot(asked.packed)
        others = [one for one in snapshot.pending if one.job.id != asked.job.id]
        mine = Pending(asked.job, waiting_for=asked.waiting_for)
        pending = sorted([*others, mine], key=lambda one: one.job.id)
        snapshot = replace(snapshot, pending=tuple(pending))
        return estimate_one(snapshot, asked.rules, self._learnt, asked.now, asked.job, _ONE)


def _snapshot(packed: bytes) -> Snapshot:
    snapshot = pickle.loads(packed)  # noqa: S301 - the Room child pickled it, and the server handed it on
    assert isinstance(snapshot, Snapshot)  # noqa: S101 - narrows for mypy
    return snapshot


if __name__ == "__main__":
    os.nice(_NICEST)
    run(Oracle().answer, int(sys.argv[1]))
