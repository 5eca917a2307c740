"""The server's side of the forecasting child."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from dure.forecast.estimate import Estimate
from dure.model.instants import Instant
from dure.model.job import JobId
from dure.model.rules import Rules
from dure.service import frames
from dure.service.pipe import Pipe


class ForecastClient:
    """One forecasting child. Every request raises PipeClosed where the child ends or fails."""

    def __init__(self, pipe: Pipe) -> None:
        self._pipe = pipe

    @classmethod
    async def spawn(cls, inherited: Iterable[int], ended: Callable[[], None]) -> ForecastClient:
        """Start a child that keeps the descriptors `inherited` open; `ended` is called when it is gone."""
        return cls(await Pipe.spawn("dure.service.forecast_child", inherited, ended))

    @property
    def alive(self) -> bool:
        """Whether it still answers."""
        return self._pipe.alive

    async def learn(self, told: frames.Learn) -> None:
        """Tell it what came of jobs."""
        await self._pipe.ask(told)

    async def every(self, packed: bytes, rules: Rules, now: Instant) -> Mapping[JobId, Estimate]:
        """An estimate for each waiting job of this pickled Snapshot that neither is held nor comes after others."""
        answer = await self._pipe.ask(frames.ForecastAll(packed, rules, now))
        assert isinstance(answer, dict)  # noqa: S101 - narrows for mypy; the child answers in kind
        return answer

    async def learned(self) -> bytes:
        """All that it has learnt, for another child."""
        answer = await self._pipe.ask(frames.Learned())
        assert isinstance(answer, bytes)  # noqa: S101 - narrows for mypy; the child answers in kind
        return answer

    async def one(self, asked: frames.ForecastOne) -> Estimate:
        """The estimate of a job, were it submitted now."""
        answer = await self._pipe.ask(asked)
        assert isinstance(answer, Estimate)  # noqa: S101 - narrows for mypy; the child answers in kind
        return answer

    async def close(self) -> None:
        """Close the pipe; a child that is busy is ended at once, for nobody waits for it any more."""
        await self._pipe.close(patience_s=0.2)
