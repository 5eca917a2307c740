"""When a replay decides though nothing happened: time alone may open a window, or end a claim."""

from __future__ import annotations

from typing import Final

from dure.model.instants import DAY, Instant
from dure.model.plan import Plan
from dure.model.rules import Rules

_PATIENCE: Final = 8 * DAY
"""Windows come back every week: who was not served in a week of nothing else never will be."""


class Waking:
    """The instant at which to decide next though nothing happens, if any.

    Under rules that do not speak of time only a claim is worth waking for: a replay decides at events.
    """

    def __init__(self, rules: Rules, begin: Instant | None) -> None:
        terms = [tenant.term for tenant in rules.tenants if tenant.term]
        fixed = [entry.interval for entry in rules.calendar] + [work.interval for work in rules.maintenance]
        self._last_edge = max((begin or 0, *(interval.end for interval in (*terms, *fixed))))
        self._weekly = bool(rules.windows)
        self._timed = bool(terms or fixed or rules.windows)
        self._at = begin
        self._last_event: Instant = begin or 0

    def before(self, event: Instant | None) -> Instant | None:
        """The next instant to stop at: the event, or before it the one to wake at; None where there is none."""
        if event is not None:
            self._last_event = event
            return event if self._at is None else min(event, self._at)
        patience = self._last_event + _PATIENCE if self._weekly else self._last_edge
        return self._at if self._at is not None and self._at <= patience else None

    def due(self, now: Instant) -> bool:
        """Whether to decide at `now` though nothing is pending."""
        return self._timed or (self._at is not None and self._at <= now)

    def decided(self, plan: Plan) -> None:
        """A plan was made: it says when time alone may change it."""
        self._at = plan.wake_at if self._timed or plan.claims else None
