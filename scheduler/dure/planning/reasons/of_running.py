"""Reasons of a running job: why it is here, what had to leave for it, and whether it has to leave itself."""

from __future__ import annotations

from collections.abc import Iterator

from dure.model.instants import Instant
from dure.model.plan import Code, Explanation, Reason, Rule
from dure.planning.preemptible import borrowed
from dure.planning.running import Active
from dure.planning.shape import FOREVER
from dure.planning.standing import Standing
from dure.planning.state import State


def of_running(state: State, standing: Standing, active: Active, now: Instant) -> Explanation:
    """All there is to say of a job that holds places."""
    return Explanation(
        job=active.job.id,
        at=now,
        reasons=(*(_vacating(state, active) or _running(active)), *_displaced(state, active)),
        guaranteed=active.vacating is None and all(other is not active for other in borrowed(state)),
        score=standing.score(state.quotas.account(active.job.tenant)),
        placements=active.placements,
    )


def _running(active: Active) -> list[Reason]:
    started = () if active.started is None else (("started", active.started),)
    end = () if active.end == FOREVER else (("until", active.end),)
    return [Reason(Code.RUNNING, active.under, (("since", active.since), *started, *end))]


def _vacating(state: State, active: Active) -> list[Reason]:
    eviction, since = active.vacating, active.vacating_since
    if eviction is None or since is None:
        return []
    told = (("since", since), ("grace", state.rules.planning.grace), ("lost", eviction.lost))
    return [Reason(Code.VACATING, eviction.rule.value, told)]


def _displaced(state: State, active: Active) -> Iterator[Reason]:
    """What still leaves, and was told to for this job; what is gone is in the record of those jobs."""
    yield from displaced(state, active.job.id, active.job.tenant)


def displaced(state: State, job: str, tenant: str) -> Iterator[Reason]:
    """What vacates for a job: its own tenant's by name, all others in one sum."""
    leaving = [a for a in state.active.vacating.values() if a.vacating is not None and a.vacating.by == job]
    leaving.sort(key=lambda active: active.job.id)
    others = [active for active in leaving if active.job.tenant != tenant]
    for active in leaving:
        if active.job.tenant == tenant and active.vacating is not None:
            assert active.vacating.rule is not Rule.CALENDAR  # noqa: S101 - entries have names of their own
            yield Reason(Code.DISPLACED, active.job.id, (("lost", active.vacating.lost), ("jobs", 1)))
    if others:
        lost = sum(active.vacating.lost for active in others if active.vacating is not None)
        yield Reason(Code.DISPLACED, "", (("lost", lost), ("jobs", len(others))))
