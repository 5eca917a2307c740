"""The words of the command line in English and Korean: headers, states and amounts."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_KO = {
    "id": "작업",
    "job": "작업",
    "tenant": "기업",
    "user": "사용자",
    "name": "이름",
    "state": "상태",
    "tasks": "태스크",
    "resources": "자원",
    "age": "경과",
    "reason": "사유",
    "project": "과제",
    "priority": "우선순위",
    "submitted": "제출",
    "started": "시작",
    "ended": "종료",
    "nodes": "노드",
    "exit_code": "종료코드",
    "resource": "자원",
    "guarantee": "보장",
    "limit": "한도",
    "held": "사용중",
    "pending": "대기",
    "amount": "사용량",
    "unit": "단위",
    "server": "서버",
    "current": "현재",
    "role": "역할",
    "created": "생성",
    "revoked": "폐지",
    "last4": "끝자리",
    "description": "내역",
    "quantity": "수량",
    "unit_price_won": "단가(원)",
    "amount_won": "금액(원)",
    "supply_won": "공급가액",
    "vat_won": "세액",
    "total_won": "합계",
    "capacity": "용량",
    "free": "여유",
    "flavor": "종류",
    "score": "점수",
    "share": "점유율",
    "month": "월",
    "attempt": "시도",
    "node": "노드",
    "pool": "풀",
    "quota": "쿼터",
    "value": "값",
    "rank": "순서",
    "jobs": "작업 수",
    "jobs_ahead": "앞선 작업",
    "holds": "쓰는 자원",
    "until_latest": "늦어도",
    "at": "시각",
    "expected_start": "예상 시작",
    "time_limit": "시간 제한",
    "evictions": "중단",
}

_STATES_KO = {
    "pending": "대기",
    "starting": "시작 중",
    "running": "실행 중",
    "ending": "종료 중",
    "succeeded": "성공",
    "failed": "실패",
    "cancelled": "취소",
    "lost": "유실",
}

_TITLES = {
    "also": ("Also", "그 밖의 사유"),
    "job": ("The job", "작업"),
    "ahead": (
        "Who comes before it (guarantees first, then low scores)",
        "앞선 순서 (보장량 안이 먼저, 다음은 낮은 점수)",
    ),
    "holds": ("Who holds what it lacks", "모자란 자원을 쓰는 곳"),
    "would-start": (
        "What would start it now (cancel it and submit it so)",
        "지금 시작하려면 (취소하고 이렇게 다시 제출)",
    ),
    "forecast": ("When it may start", "예상 시작"),
    "evictions": ("Evictions", "중단 기록"),
}

_LANGUAGES = ("en", "ko")
_OTHERS = "(others)"

NO_FORECAST = {
    "en": "There is no forecast of its start yet; ask again in a moment.",
    "ko": "아직 예측이 없습니다. 잠시 뒤 다시 물어보세요.",
}
NO_CHANGE = {
    "en": "Nothing that was tried: fewer tasks, another flavor, a shorter limit, being preemptible."
    " It waits its turn.",
    "ko": "태스크 수, GPU 종류, 시간 제한, 선점 여부를 바꾸어도 지금은 시작할 수 없습니다. 차례를 기다립니다.",
}
COST = {
    "en": "Likely cost by rate card: {} won.",
    "ko": "예상 비용(단가표): {}원.",
}

_UNITS_KO = {
    "core-hours": "코어시간",
    "GiB-hours": "GiB시간",
    "device-hours": "장치시간",
    "value-hours": "가치시간",
}


def language(options: dict[str, Any]) -> str:
    """`en` or `ko`: the option, DURE_LANG, or the locale."""
    wanted = options.get("lang") or os.environ.get("DURE_LANG")
    if not wanted:
        wanted = os.environ.get("LC_ALL") or os.environ.get("LC_MESSAGES") or os.environ.get("LANG") or "en"
    return "ko" if wanted.lower().startswith("ko") else "en"


def header(key: str, lang: str) -> str:
    """A column's title."""
    return _KO.get(key, key) if lang == "ko" else key.replace("_", " ").upper()


def state(name: str, lang: str) -> str:
    """A job state as people read it."""
    return _STATES_KO.get(name, name) if lang == "ko" else name


def standing(job: dict[str, Any], lang: str) -> str:
    """A job's state, or that it is leaving its place."""
    if job.get("vacating"):
        return "자리를 비우는 중" if lang == "ko" else "vacating"
    return state(job["state"], lang)


def title(part: str, lang: str) -> str:
    """The title of a part of an explanation."""
    return _TITLES[part][_LANGUAGES.index(lang)]


def tasks(count: int, lang: str) -> str:
    """`4 tasks`."""
    if lang == "ko":
        return f"태스크 {count}개"
    return f"{count} task" if count == 1 else f"{count} tasks"


def limits(job: dict[str, Any], lang: str) -> str:
    """The time limit, and those under some flavors; "" where there is none."""
    told = limit(job)
    if not told:
        return ""
    return f"시간 제한 {told}" if lang == "ko" else f"time limit {told}"


def limit(job: dict[str, Any]) -> str:
    """`2h00m (h100 1h00m)`, "" for a job without a limit."""
    plain = job.get("time_limit_ms")
    others = [f"{flavor} {length(ms / 1000)}" for flavor, ms in (job.get("time_limits_ms") or {}).items()]
    parts = [length(plain / 1000)] if plain is not None else []
    return " ".join([*parts, *([f"({', '.join(others)})"] if others else [])])


def nodes(names: list[str], lang: str) -> str:
    """Where it runs."""
    return f"노드 {', '.join(names)}" if lang == "ko" else f"on {', '.join(names)}"


def checkpoint(at: str, lang: str) -> str:
    """When it saved its state last."""
    return f"마지막 체크포인트 {at}" if lang == "ko" else f"last checkpoint {at}"


def eviction(told: dict[str, Any], timezone: str, lang: str) -> str:
    """`attempt 2, 2026-11-22 13:00:00 KST: ...; 26m00s lost`."""
    at = local(told["at"], timezone) if told["at"] else "?"
    lost = length(told["lost_ms"] / 1000)
    if lang == "ko":
        return f"{told['attempt']}번째 시도, {at}: {told['ko']}, 손실 {lost}"
    return f"attempt {told['attempt']}, {at}: {told['en']}; {lost} lost"


def whose(subject: str, count: int, lang: str) -> str:
    """A tenant or a job by name, or others of whom nothing more is told."""
    if subject not in {"", _OTHERS}:
        return subject
    many = f" x {count}" if count > 1 else ""
    return ("(다른 테넌트)" if lang == "ko" else _OTHERS) + many


def own(tenant: str, lang: str) -> str:
    """The job's own tenant among others."""
    return f"{tenant} (이 작업)" if lang == "ko" else f"{tenant} (this job)"


def millionths(value: int) -> str:
    """A score, which comes in millionths."""
    return f"{value / 1_000_000:.4f}"


def moment(millis: int | None, timezone: str) -> str:
    """An instant in ms as the room's clocks show it, "" where there is none."""
    if millis is None:
        return ""
    return local(datetime.fromtimestamp(millis / 1000, UTC).isoformat(), timezone)


def forecast(told: dict[str, Any] | None, lang: str, now: datetime | None = None) -> str:
    """`12m03s / 1h05m (8s ago)`: until the start in half of all cases, in nine of ten, and the forecast's age."""
    if not told:
        return ""
    now = now or datetime.now(UTC)
    half, most = (_left(told[key], now) for key in ("median", "p90"))
    age = length((now - datetime.fromisoformat(told["as_of"])).total_seconds())
    return f"{half} / {most} ({age} 전)" if lang == "ko" else f"{half} / {most} ({age} ago)"


def _left(instant: str | None, now: datetime) -> str:
    return "?" if instant is None else length((datetime.fromisoformat(instant) - now).total_seconds())


def unit(name: str, lang: str) -> str:
    """A unit of use as people read it."""
    return _UNITS_KO.get(name, name) if lang == "ko" else name


def _decimal(amount: int, per: int) -> str:
    return f"{amount / per:.3f}".rstrip("0").rstrip(".")


def amount(resource: str, value: int | None) -> str:
    """An amount of one resource with its unit: cores, GiB or devices."""
    if value is None:
        return "-"
    if resource == "cpu":
        return f"{_decimal(value, 1000)} cpu"
    if resource == "memory":
        return f"{_decimal(value, 1024)} GiB" if value >= 1024 else f"{value} MiB"
    return f"{value} {resource.removeprefix('gpu:')}"


def resources(held: dict[str, int] | None) -> str:
    """Everything a job holds, in one line."""
    return ", ".join(amount(name, value) for name, value in (held or {}).items()) or "-"


def stays(numbers: dict[str, int], lang: str) -> str:
    """What of the held no rule takes back for the job: it may not be preempted, or is guaranteed to others."""
    firm, due = (
        resources({n.removeprefix(kind): v for n, v in numbers.items() if n.startswith(kind)})
        for kind in ("firm:", "due:")
    )
    said = [
        (firm, "not preemptible", "선점 불가"),
        (due, "within others' guarantees", "다른 테넌트의 보장량"),
    ]
    parts = [f"{what}: {ko if lang == 'ko' else en}" for what, en, ko in said if what != "-"]
    return ("그중 " if lang == "ko" else "of that ") + "; ".join(parts) if parts else ""


def length(seconds: float) -> str:
    """A length of time in its two largest units: 45s, 12m03s, 3h20m, 2d4h."""
    whole = max(0, int(seconds))
    if whole < 60:
        return f"{whole}s"
    if whole < 3600:
        return f"{whole // 60}m{whole % 60:02}s"
    if whole < 86400:
        return f"{whole // 3600}h{whole % 3600 // 60:02}m"
    return f"{whole // 86400}d{whole % 86400 // 3600}h"


def won(amount_won: int) -> str:
    """Whole won with separators."""
    return f"{amount_won:,}"


def local(instant: str, timezone: str) -> str:
    """An ISO instant to the second in a time zone, named; as it is where this machine does not know the zone."""
    try:
        return datetime.fromisoformat(instant).astimezone(ZoneInfo(timezone)).strftime("%Y-%m-%d %H:%M:%S %Z")
    except ZoneInfoNotFoundError:
        return instant
