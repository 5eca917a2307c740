"""The words of the command line in English and Korean: headers, states and amounts."""

from __future__ import annotations

import os
from datetime import datetime
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
