"""`dure quota` while a demo day is open: what holds now, and below it what policy states."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from dure_cli.remote.output import width
from dure_cli.remote.quota_table import quota_lines
from tests.rig.desk import Desk, desk_of
from tests.rig.room import ServedRoom, write_bundle

_CALENDAR = """\
calendar:
  Demo day:
    start: {start}
    end: {end}
    tenants: [bee, cat]
    resources: {{gpus: {{a100: 3}}}}
    yields: [ant]
"""
_PLAIN: dict[str, Any] = {
    "tenant": "bee", "resource": "cpu", "guarantee": None, "limit": 4_000, "held": 0, "pending": 0,
    "share": None, "score": None, "stated_guarantee": None, "stated_limit": 4_000, "on_top": 0,
    "notes": {"en": [], "ko": []},
}  # fmt: skip


@pytest.fixture(scope="module")
def demo_day(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedRoom]:
    folder = tmp_path_factory.mktemp("room")
    policy, today = write_bundle(folder / "policy"), datetime.now(UTC).date()
    days = {"start": today - timedelta(days=1), "end": today + timedelta(days=2)}
    (policy / "calendar.yaml").write_text(_CALENDAR.format(**days), encoding="utf-8")
    served = ServedRoom(folder / "data", policy)
    try:
        served.start()
        yield served
    finally:
        served.close()


def _a100(desk: Desk) -> dict[str, Any]:
    rows: list[dict[str, Any]] = json.loads(desk.type("quota", "-o", "json").stdout)
    return next(row for row in rows if row["resource"] == "gpu:a100")


@pytest.mark.slow
def test_a_demo_day_takes_from_one_and_gives_to_others(demo_day: ServedRoom) -> None:
    """Of four devices two are ant's and three the day's: one is left to ant meanwhile, as both are told."""
    ant, bee = desk_of(demo_day, "ant"), desk_of(demo_day, "bee")
    row = _a100(ant)
    assert (row["guarantee"], row["stated_guarantee"], row["on_top"]) == (1, 2, 0)
    assert row["until"] is not None
    given = _a100(bee)
    assert (given["guarantee"], given["on_top"], given["on_top_until"]) == (None, 3, row["until"])
    told = ant.type("quota").stdout
    assert "1 a100*" in told
    assert "guarantee 1 a100 GPU (stated: 2 a100 GPUs)" in told
    assert "3 a100 GPUs on top by the calendar (Demo day, to share with others)" in bee.type("quota").stdout
    assert "일정으로 a100 GPU 3개 추가" in bee.type("quota", "-o", "wide", DURE_LANG="ko").stdout
    assert ",2,,".join(["gpu:a100,1,,0,0,0.0,0.0", row["until"]]) in ant.type("quota", "-o", "csv").stdout


@pytest.mark.parametrize("spoken", ["en", "ko"])
@pytest.mark.parametrize("within", [60, 100])
def test_no_line_is_wider_than_the_terminal(spoken: str, within: int) -> None:
    """Where something holds for now only the table stays as it is and notes wrap below; else there are none."""
    notes = {
        "en": ["until 2026-11-22 18:00:00 KST: limit 6 cores (stated: 4 cores), and some more words to wrap"],
        "ko": [
            "2026-11-22 18:00:00 KST까지 한도 6코어(정책상 4코어), 그리고 줄을 바꿀 만큼 더 긴 설명입니다"
        ],
    }
    rows = [_PLAIN, _PLAIN | {"tenant": "maru-voice", "limit": 6_000, "notes": notes}]
    lines = quota_lines(rows, spoken, within)
    assert max(width(line) for line in lines) <= within
    assert [line.split()[2] for line in lines[1:3]] == ["-", "-"]
    assert ["6 cpu*" in lines[2], "4 cpu " in lines[1]] == [True, True]
    assert lines[4].startswith("* maru-voice, ")
    assert len(quota_lines([_PLAIN], spoken, within)) == 2
