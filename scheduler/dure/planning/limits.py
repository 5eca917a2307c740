"""Time: what is past its limit, what waits for a job that failed, and when time alone changes a plan."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from dure.model.instants import Instant
from dure.model.plan import End, EndCause
from dure.model.rules import BetweenBorrowers
from dure.planning.calendar import edges
from dure.planning.claims import ends_at
from dure.planning.shape import FOREVER
from dure.planning.state import State
from dure.planning.windows import Timetable


def ends(state: State, now: Instant) -> tuple[End, ...]:
    """Running jobs past their time limit and pending ones that can never start, each by id."""
    past, failed = state.active.past(now), state.queue.failed
    return (*past, *(End(job, EndCause.DEPENDENCY_FAILED) for job in sorted(failed))) if failed else past


def wake_at(state: State, times: Timetable, now: Instant, reservations: Iterable[Instant]) -> Instant | None:
    """The first instant after now at which a limit ends, a reservation begins, or other quotas come into force."""
    claims = (ends_at(state, claim) for claim in state.claims.values())
    coming = (
        state.active.next_end(now), *_edges(state, times, now), *edges(times.rules, now), *reservations, *claims,
        *_due(state),
    )  # fmt: skip
    return min((at for at in coming if at is not None and at > now), default=None)


def _due(state: State) -> Iterator[Instant]:
    """When a running job comes to count otherwise: its end is near enough, or it has run for long enough."""
    planning = state.rules.planning
    if planning.reclaim_within and state.queue.firm:
        limited = (active.end for active in state.active.jobs.values() if active.end < FOREVER)
        yield from (end - planning.reclaim_within for end in limited)
    if planning.between_borrowers is BetweenBorrowers.FAIR and planning.min_runtime and state.queue.entries:
        yield from (active.began + planning.min_runtime for active in state.active.jobs.values())


def _edges(state: State, times: Timetable, now: Instant) -> Iterator[Instant | None]:
    """Quotas matter to whoever waits."""
    if state.queue.entries or state.claimed:
        yield times.next_edge(now)
