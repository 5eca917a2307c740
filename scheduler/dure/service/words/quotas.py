"""What is said of a quota that holds for now only."""

from __future__ import annotations

from collections.abc import Sequence

from dure.model.instants import Instant
from dure.model.resources import ResourceName
from dure.service.instants import in_room
from dure.service.words.phrases import Text, amount


def quota_now(
    name: ResourceName,
    guarantees: tuple[int | None, int | None],
    limits: tuple[int | None, int | None],
    until: Instant | None,
    outside: bool,
    timezone: str,
) -> Text:
    """Guarantee and limit as (now, stated), of which one differs; `outside`: the tenant is, of its tenancy."""
    named = ("guarantee", "보장", guarantees), ("limit", "한도", limits)
    parts = [
        (f"{en} {_most(name, now).en} (stated: {_most(name, stated).en})",
         f"{ko} {_most(name, now).ko}(정책상 {_most(name, stated).ko})")
        for en, ko, (now, stated) in named
        if now != stated
    ]  # fmt: skip
    at = "" if until is None else in_room(until, timezone)
    when, when_ko = (f"until {at}", f"{at}까지") if at else ("now", "현재")
    why, why_ko = (", outside its tenancy", " 입주 기간이 아니므로") if outside else ("", "")
    return Text(
        f"{when}{why}: {', '.join(en for en, _ in parts)}",
        f"{when_ko}{why_ko} {', '.join(ko for _, ko in parts)}",
    )


def quota_on_top(
    name: ResourceName, kept: int, entries: Sequence[str], until: Instant, others: bool, timezone: str
) -> Text:
    """What the calendar promises besides, and to whom."""
    what, at, named = amount(name, kept), in_room(until, timezone), ", ".join(entries)
    shared, shared_ko = (", to share with others", ", 다른 테넌트와 함께") if others else ("", "")
    return Text(
        f"until {at}: {what.en} on top by the calendar ({named}{shared})",
        f"{at}까지 일정으로 {what.ko} 추가({named}{shared_ko})",
    )


def _most(name: ResourceName, value: int | None) -> Text:
    return Text("none", "없음") if value is None else amount(name, value)
