"""The reference of every key, as Markdown tables, from the table of keys."""

from __future__ import annotations

from collections.abc import Iterator

from dure_policies.keys import FILES, JOB
from dure_policies.kinds import Fields, Key, Kind, Listed, Named, Word

BEGIN = "<!-- from the table of keys: python -m dure_policies writes it -->"
END = "<!-- end -->"


def reference() -> str:
    """A section for each file, a table for each mapping in it."""
    parts = [part for name, table in FILES.items() for part in _section(f"## {name}", table)]
    return "\n".join([*parts, *_section("## A job file", JOB)])


def into(page: str) -> str:
    """The page with what stands between its two marks replaced. Raises ValueError where it has no marks."""
    before, _, rest = page.partition(BEGIN)
    _, mark, after = rest.partition(END)
    if not mark:
        raise ValueError("the page lacks the marks between which the reference stands")
    return f"{before}{BEGIN}\n{reference()}\n{END}{after}"


def _section(heading: str, table: Fields) -> Iterator[str]:
    yield f"{heading}\n\n{_table(table)}"
    for path, nested in _nested("", table):
        yield f"### `{path}`\n\n{_table(nested)}"


def _nested(path: str, kind: Kind) -> Iterator[tuple[str, Fields]]:
    if isinstance(kind, Named):
        yield from _nested(f"{path}.NAME", kind.value)
    elif isinstance(kind, Listed):
        yield from _nested(f"{path}[]", kind.item)
    elif isinstance(kind, Fields):
        if path:
            yield path, kind
        for name, key in kind.keys.items():
            yield from _nested(f"{path}.{name}" if path else name, key.kind)


def _table(table: Fields) -> str:
    rows = [
        f"| `{name}` | {_value(key.kind)} | {_need(key)} | {key.doc} |" for name, key in table.keys.items()
    ]
    return "\n".join(["| key | value | left out | meaning |", "|---|---|---|---|", *rows, ""])


def _need(key: Key) -> str:
    return "an error" if key.required else key.default or "none"


def _value(kind: Kind) -> str:
    if isinstance(kind, Word):
        plain = kind.what == "text" or kind.what.startswith(("one of", "true or", "a whole number"))
        return kind.what if plain else f"{kind.what}, such as {kind.example}"
    if isinstance(kind, Listed):
        return f"list of: {_value(kind.item)}"
    if isinstance(kind, Named):
        return f"NAME: {_value(kind.value)}"
    return "mapping, see below"
