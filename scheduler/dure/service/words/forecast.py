"""When a job is expected to start, and what it may cost."""

from __future__ import annotations

from dure.model.instants import Instant, Millis
from dure.service.instants import in_room
from dure.service.words.phrases import Text, length


def expected(median: Instant, p90: Instant, now: Instant, as_of: Instant, timezone: str) -> Text:
    """When a waiting job starts: in half of all cases, and in nine of ten, with the forecast's age."""
    left, late, age = length(_round(median - now)), length(_round(p90 - now)), length(_round(now - as_of))
    if p90 <= now:
        return Text(
            f"Expected to start any moment; worked out {age.en} ago.",
            f"곧 시작할 것으로 예상합니다({age.ko} 전 예측).",
        )
    return Text(
        f"Expected to start at {in_room(median, timezone)} (in {left.en}), in nine cases of ten by"
        f" {in_room(p90, timezone)} (in {late.en}); worked out {age.en} ago.",
        f"예상 시작: {in_room(median, timezone)}({left.ko} 뒤), 열에 아홉은 {in_room(p90, timezone)}"
        f"({late.ko} 뒤) 이전({age.ko} 전 예측).",
    )


def _round(millis: Millis) -> Millis:
    """Whole seconds, none below zero: a forecast is no finer."""
    return max(0, millis) // 1_000 * 1_000
