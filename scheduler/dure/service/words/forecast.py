"""When a job is expected to start."""

from __future__ import annotations

from dure.model.instants import Instant, Millis
from dure.service.instants import in_room
from dure.service.words.phrases import Text, length


def expected(
    median: Instant | None, p90: Instant | None, now: Instant, as_of: Instant, timezone: str
) -> Text:
    """When a waiting job starts: in half of all cases, and in nine of ten, with the forecast's age."""
    age = length(_round(now - as_of))
    aged, aged_ko = f"forecast {age.en} ago", f"{age.ko} 전 예측"
    if median is None:
        return Text(
            f"No start is in sight as far as the forecast looks ({aged}).",
            f"예측 기간 안에는 시작하지 못할 것으로 보입니다({aged_ko}).",
        )
    if p90 is not None and p90 <= now:
        return Text(f"Expected to start any moment ({aged}).", f"곧 시작할 것으로 예상합니다({aged_ko}).")
    half, half_ko = _instant(median, now, timezone)
    if p90 is None:
        late, late_ko = "beyond what the forecast sees", "예측 기간 뒤"
    else:
        late, late_ko = _instant(p90, now, timezone)
    return Text(
        f"Expected start: {half}; nine times out of ten by: {late} ({aged}).",
        f"예상 시작: {half_ko}, 열에 아홉은 늦어도: {late_ko} ({aged_ko}).",
    )


def _instant(at: Instant, now: Instant, timezone: str) -> tuple[str, str]:
    if at <= now:
        return "now", "지금"
    left = length(_round(at - now))
    clock = in_room(_round(at), timezone)
    return f"{clock} (in {left.en})", f"{clock}({left.ko} 뒤)"


def _round(millis: Millis) -> Millis:
    """Whole seconds, none below zero: a forecast is no finer."""
    return max(0, millis) // 1_000 * 1_000
