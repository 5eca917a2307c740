"""Replays for people and programs: totals and tenants, under one policy or several side by side."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, TypeAlias

import click

from dure_cli.remote.output import Column, emit, table, write_csv
from dure_cli.remote.words import language

Figures: TypeAlias = dict[str, Any]
Named: TypeAlias = Sequence[tuple[str, Figures]]
"""(name of the policy, its replay's figures)."""

ALL = "*"
"""Stands for all tenants together in rows."""

_TOTALS = (
    "jobs", "unstarted", "unusable", "mean_wait_s", "p95_wait_s", "mean_bounded_slowdown", "utilization",
    "utilization_while_jobs_came", "makespan_s", "evictions", "lost_hours", "fairness_error", "bill_won",
    "absorbed_won", "decides",
)  # fmt: skip
_BY_TENANT = (
    "jobs", "mean_wait_s", "p95_wait_s", "mean_bounded_slowdown", "share", "entitled_share", "evictions",
    "lost_hours", "bill_won",
)  # fmt: skip
_KO = {
    "trace": "로그", "policy": "정책", "tenant": "기업", "jobs": "작업", "unstarted": "시작 못 함",
    "unusable": "제외한 행", "mean_wait_s": "평균 대기(초)", "p95_wait_s": "대기 p95(초)",
    "mean_bounded_slowdown": "평균 지연율", "utilization": "이용률",
    "utilization_while_jobs_came": "이용률(제출 기간)", "makespan_s": "전체 기간(초)", "evictions": "퇴거",
    "lost_hours": "손실(시간)", "fairness_error": "공정성 오차", "bill_won": "청구(원)",
    "absorbed_won": "운영자 부담(원)", "decides": "판단 횟수", "share": "몫", "entitled_share": "받을 몫",
    "total": "합계",
}  # fmt: skip


def show_replays(replays: Named, output: str) -> None:
    """Write the replays in the form that `-o` names."""
    if output == "json":
        emit(as_json(replays), "json")
    elif output == "csv":
        write_csv(list(_rows(replays)), ["policy", "tenant", *_BY_TENANT])
    else:
        for line in lines(replays, language(click.get_current_context().find_root().obj or {})):
            click.echo(line)


def as_json(replays: Named) -> Figures:
    """One replay's own figures, or those of each policy by its name."""
    if len(replays) == 1:
        return replays[0][1]
    return {"policies": dict(replays)}


def lines(replays: Named, lang: str) -> Iterator[str]:
    """Totals, a column a policy; then a row for each tenant under each policy."""
    title = _Titles(lang)
    columns = [Column("what", title=title("total"))]
    columns += [Column(str(i), _shown, right=True, title=name) for i, (name, _) in enumerate(replays)]
    yield from table(list(_totals(replays, title)), columns, lang)
    yield ""
    several = [Column("policy", title=title("policy"))] if len(replays) > 1 else []
    measures = [Column(key, _shown, right=True, title=title(key)) for key in _BY_TENANT]
    yield from table(
        list(_rows(replays, totals=False)),
        [Column("tenant", title=title("tenant")), *several, *measures],
        lang,
    )


class _Titles:
    """What a figure is called in a language."""

    def __init__(self, lang: str) -> None:
        self._words = _KO if lang == "ko" else {}

    def __call__(self, key: str) -> str:
        return self._words.get(key, key)


def _totals(replays: Named, title: _Titles) -> Iterator[Figures]:
    for key in _TOTALS:
        values = [figures[key] for _, figures in replays]
        if key == "fairness_error":
            for window in dict.fromkeys(window for errors in values for window in errors):
                yield _row(f"{title(key)} {window}", [errors.get(window) for errors in values])
        else:
            yield _row(title(key), values)


def _row(what: str, values: Sequence[Any]) -> Figures:
    return {"what": what, **{str(i): value for i, value in enumerate(values)}}


def _rows(replays: Named, totals: bool = True) -> Iterator[Figures]:
    """All tenants together under each policy, where asked for; then tenant by tenant."""
    if totals:
        for name, figures in replays:
            yield {"policy": name, "tenant": ALL, **{key: figures.get(key) for key in _BY_TENANT}}
    tenants = sorted({tenant for _, figures in replays for tenant in figures["tenants"]})
    for tenant in tenants:
        for name, figures in replays:
            if own := figures["tenants"].get(tenant):
                yield {"policy": name, "tenant": tenant, **own}


def _shown(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:.4f}"
    return f"{value:,}" if isinstance(value, int) else str(value)
