"""Codes and numbers into sentences for people, English and Korean: the one place where texts are made."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from dure.model.plan import Code, Reason
from dure.service.words import ahead, kept, preemption, waiting
from dure.service.words.endings import cancelled_by, ending
from dure.service.words.forecast import expected
from dure.service.words.phrases import OTHERS, Said, Text, amount, amounts, length, said_of
from dure.service.words.preemption import evicted_by
from dure.service.words.quotas import quota_now, quota_on_top

__all__ = [
    "OTHERS", "Text", "amount", "amounts", "cancelled_by", "ending", "evicted_by", "expected", "length",
    "quota_now", "quota_on_top", "reason",
]  # fmt: skip


def reason(of: Reason, timezone: str) -> Text:
    """Why a job is where it is, as a sentence or two: what is so, then what can be done."""
    return _SENTENCES[of.code](said_of(of, timezone))


_SENTENCES: Mapping[Code, Callable[[Said], Text]] = {
    Code.HELD: waiting.held,
    Code.PAUSED: waiting.paused,
    Code.WAITING: waiting.waiting,
    Code.DEPENDENCY_FAILED: waiting.dependency_failed,
    Code.TERM: waiting.term,
    Code.OVER_LIMIT: waiting.over_limit,
    Code.NEVER_FITS: waiting.never_fits,
    Code.NO_PLACE: waiting.no_place,
    Code.RESERVED: waiting.reserved,
    Code.NOT_PREEMPTIBLE: waiting.not_preemptible,
    Code.BEHIND: waiting.behind,
    Code.RUNNING: waiting.running,
    Code.STARTS: waiting.starts,
    Code.CLAIMED: preemption.claimed,
    Code.VACATING: preemption.vacating,
    Code.EVICTED: preemption.evicted,
    Code.DISPLACED: preemption.displaced,
    Code.KEPT_BACK: kept.kept_back,
    Code.CALENDAR: kept.calendar,
    Code.MAINTENANCE: kept.maintenance,
    Code.BUDGET: kept.budget,
    Code.TOO_MANY_JOBS: kept.too_many_jobs,
    Code.AHEAD: ahead.ahead,
    Code.HOLDS: ahead.holds,
    Code.WOULD_START: ahead.would_start,
}
