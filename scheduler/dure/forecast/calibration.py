"""What past forecasts teach about the next: by how much waits were longer or shorter than the futures said.

The futures know nothing of jobs still to come, of users who cancel, or of run times that go together. What that
does to waits is learnt from forecasts whose outcome is known: r = (waited + C) / (said + C). A new forecast is
multiplied by the median of r, its p90 by that quantile of r (against the p90 said) which holds 90 % of the
time, over the past forecasts of a similar length, recent ones weighing more. That quantile follows what came of it:
where p90s held more often than nine times in ten it goes down, else up.

Source: split conformal prediction with weights (Papadopoulos et al., "Inductive Confidence Machines for
Regression", ECML 2002; Romano, Patterson, Candès, "Conformalized Quantile Regression", NeurIPS 2019; weights by
nearness and recency: Guan, "Localized Conformal Prediction", Biometrika 110, 2023; Barber et al., "Conformal
Prediction beyond Exchangeability", Annals of Statistics 51, 2023; the quantile that moves: Gibbs, Candès, "Adaptive
Conformal Inference under Distribution Shift", NeurIPS 2021).
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from math import exp, log
from typing import Final

from dure.model.instants import MINUTE, Millis

_KEPT: Final = 400
"""Past forecasts kept."""
_FADE: Final = 150.0
"""Forecasts after which one weighs 1/e of the latest."""
_NEAR: Final = 2.0
"""Two forecasts whose lengths differ by this in log weigh 1/e for each other."""
_LEAST: Final = 2 * MINUTE
"""C: below this lengths do not count as different."""
_PRIOR: Final = 1.0
"""Weight of what is supposed of the next forecast: that its median is right, and that its p90 falls short..."""
_SHORT: Final = 0.4
"""...by this in log (a half): the mass that conformal prediction sets on what has not been seen yet."""
_HOLDS: Final = 0.9
_STEP: Final = 0.02
"""How far a p90 that holds moves the quantile, times 0.1, and one that does not, times 0.9."""
_QUANTILES: Final = (0.6, 0.98)
"""The quantile moves between these."""


@dataclass(frozen=True, slots=True)
class Wait:
    """How long until a start, in ms: half of the futures by `median`, nine in ten by `p90`."""

    median: Millis
    p90: Millis


@dataclass(frozen=True, slots=True)
class _Outcome:
    said: float
    median: float
    p90: float


class Calibration:
    """Past forecasts and what came of them. `learn` in the order in which outcomes became known."""

    __slots__ = ("_outcomes", "_quantile")

    def __init__(self) -> None:
        self._outcomes: deque[_Outcome] = deque(maxlen=_KEPT)
        self._quantile = _HOLDS

    def learn(self, said: Wait, waited: Millis) -> None:
        """A job waited so long of which the futures, uncorrected, had said this."""
        moved = self._quantile + _STEP * (_HOLDS - (waited <= self.correct(said).p90))
        self._quantile = min(max(moved, _QUANTILES[0]), _QUANTILES[1])
        actual = _log(waited)
        self._outcomes.append(
            _Outcome(_log(said.median), actual - _log(said.median), actual - _log(said.p90))
        )

    def correct(self, said: Wait) -> Wait:
        """What the futures say, as past forecasts correct it; the p90 is never below the median."""
        near = self._near(_log(said.median))
        median = _scaled(said.median, _within([(o.median, weight) for o, weight in near], 0.5, 0.0))
        p90 = _scaled(said.p90, _within([(o.p90, weight) for o, weight in near], self._quantile, _SHORT))
        return Wait(median, max(median, p90))

    def _near(self, said: float) -> list[tuple[_Outcome, float]]:
        latest = len(self._outcomes) - 1
        return [
            (outcome, exp((index - latest) / _FADE - abs(outcome.said - said) / _NEAR))
            for index, outcome in enumerate(self._outcomes)
        ]


def _log(wait: Millis) -> float:
    return log(max(wait, 0) + _LEAST)


def _scaled(wait: Millis, by: float) -> Millis:
    return max(0, round((wait + _LEAST) * exp(by)) - _LEAST)


def _within(weighed: list[tuple[float, float]], part: float, supposed: float) -> float:
    """The value below which a part of the weight lies, that of what is supposed included."""
    ordered = sorted([*weighed, (supposed, _PRIOR)])
    wanted = part * sum(weight for _, weight in ordered)
    for value, weight in ordered:
        wanted -= weight
        if wanted <= 0:
            return value
    return ordered[-1][0]
