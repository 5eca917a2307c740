"""An explanation as a person reads it: what decides, the numbers, what would start the job, when it may start."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from dure_cli.remote import words
from dure_cli.remote.output import Column, printable, table
from dure_cli.remote.paragraphs import bullets, titled, wrapped

_Told = dict[str, Any]

_OWN_PLACE = {"ahead", "holds", "would-start", "evicted"}
"""Reasons that have a part of their own; the others are sentences."""

_TRIED = {
    "no-place", "reserved", "behind", "over-limit", "not-preemptible", "kept-back", "calendar", "maintenance",
    "too-many-jobs", "ahead",
}  # fmt: skip
"""Where one of these decides, changes of the job were tried."""


def explained(told: _Told, spoken: str, within: int | None = None) -> list[str]:
    """The lines of an explanation, none wider than `within` cells where tables allow it."""
    reasons = told["reasons"]
    decides = reasons[:1]
    rest = [reason for reason in reasons[1:] if reason["code"] not in _OWN_PLACE]
    parts = [
        [_head(told, spoken)],
        *([["", *_flow(decides, spoken, within)]] if decides else []),
        titled(words.title("also", spoken), bullets(_texts(rest, spoken), within)),
        titled(words.title("job", spoken), _facts(told, spoken, within)),
        titled(words.title("ahead", spoken), _ahead(told, spoken, within)),
        titled(words.title("holds", spoken), _holds(told, spoken, within)),
        titled(words.title("would-start", spoken), _changes(told, spoken, within)),
        titled(words.title("forecast", spoken), bullets(_forecast(told, spoken), within)),
        titled(words.title("evictions", spoken), _evictions(told, spoken, within)),
    ]
    return [line for part in parts for line in part]


def _head(told: _Told, spoken: str) -> str:
    about = told["about"]
    name = f" ({about['name']})" if about["name"] else ""
    return printable(f"{told['job']}: {words.standing(about, spoken)}{name}")


def _texts(reasons: Iterable[_Told], spoken: str) -> list[str]:
    return [printable(reason[spoken]) for reason in reasons]


def _flow(reasons: Iterable[_Told], spoken: str, within: int | None) -> list[str]:
    return [line for text in _texts(reasons, spoken) for line in wrapped(text, within)]


def _facts(told: _Told, spoken: str, within: int | None) -> list[str]:
    """What the job asks for, its limits, where it runs; and the planner's notes."""
    about = told["about"]
    asks = f"{words.tasks(about['tasks'], spoken)}: {words.resources(about['resources'])}"
    facts = [asks, words.limits(about, spoken), *told["notes"][spoken]]
    if about["nodes"]:
        facts.append(words.nodes(about["nodes"], spoken))
    if about["checkpoint"]:
        facts.append(words.checkpoint(words.local(about["checkpoint"], told["timezone"]), spoken))
    return bullets([printable(fact) for fact in facts if fact], within)


def _ahead(told: _Told, spoken: str, within: int | None) -> list[str]:
    found = [reason for reason in told["reasons"] if reason["code"] == "ahead"]
    rows = [_ahead_row(reason["subject"], reason["numbers"], spoken) for reason in found]
    own = next((reason["numbers"]["own_score"] for reason in found if "own_score" in reason["numbers"]), None)
    if own is not None:
        mine = {"tenant": words.own(told["about"]["tenant"], spoken), "score": words.millionths(own)}
        rows.append(mine | {"rank": told["rank"], "jobs": None})
    columns = [
        Column("rank", right=True),
        Column("tenant"),
        Column("score", right=True),
        Column("jobs", right=True, title="jobs_ahead"),
    ]
    return _indented(table(rows, columns, spoken, _inner(within))) if rows else []


def _ahead_row(subject: str, numbers: dict[str, int], spoken: str) -> _Told:
    """A line without a rank: the number of that name is the job's own place, and stands in its own line."""
    low, high = numbers.get("score"), numbers.get("score_to", numbers.get("score"))
    ends = [words.millionths(end) for end in (low, high) if end is not None]
    return {
        "rank": None,
        "tenant": words.whose(subject, numbers.get("tenants", 1), spoken),
        "score": "-".join(dict.fromkeys(ends)),
        "jobs": numbers.get("jobs"),
    }


def _holds(told: _Told, spoken: str, within: int | None) -> list[str]:
    rows = [
        {
            "job": words.whose(reason["subject"], 1, spoken),
            "holds": words.resources(_amounts(reason["numbers"])),
            "until": words.moment(reason["numbers"].get("until"), told["timezone"]),
        }
        for reason in told["reasons"]
        if reason["code"] == "holds"
    ]
    columns = [Column("job"), Column("holds"), Column("until", title="until_latest")]
    kept = [words.stays(reason["numbers"], spoken) for reason in told["reasons"] if reason["code"] == "holds"]
    stays = bullets([text for text in kept if text], within)
    return [*_indented(table(rows, columns, spoken, _inner(within))), *stays] if rows else []


def _changes(told: _Told, spoken: str, within: int | None) -> list[str]:
    """What would start it, or that nothing which was tried does."""
    found = _texts((r for r in told["reasons"] if r["code"] == "would-start"), spoken)
    tried = any(reason["code"] in _TRIED for reason in told["reasons"][:1])
    return bullets(found or ([words.NO_CHANGE[spoken]] if tried else []), within)


def _forecast(told: _Told, spoken: str) -> list[str]:
    return [printable(text) for text in told["expected"][spoken]]


def _evictions(told: _Told, spoken: str, within: int | None) -> list[str]:
    """The last one as the room tells it, the others in a line each."""
    last = _texts((reason for reason in told["reasons"] if reason["code"] == "evicted"), spoken)
    others = told["evictions"][: len(told["evictions"]) - len(last)]
    lines = [words.eviction(one, told["timezone"], spoken) for one in reversed(others)]
    return bullets([*last, *(printable(line) for line in lines)], within)


def _amounts(numbers: dict[str, int]) -> dict[str, int]:
    return {n: v for n, v in numbers.items() if n in {"cpu", "memory"} or n.startswith("gpu:")}


_INDENT = "  "


def _inner(within: int | None) -> int | None:
    return None if within is None else within - len(_INDENT)


def _indented(lines: Iterable[str]) -> list[str]:
    return [_INDENT + line for line in lines]
