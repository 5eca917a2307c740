"""JSON Schemas (draft 7, which editors know) of a bundle's files and of a job file, from the table of keys."""

from __future__ import annotations

import json
from pathlib import Path

from dure_policies.keys import FILES, JOB
from dure_policies.kinds import Fields, Key, Kind, Listed, Named, Schema, Word

FOLDER = Path(__file__).resolve().parent / "schema"


def schemas() -> dict[str, str]:
    """The text of every schema file, by its name."""
    tables = {name.removesuffix(".yaml"): table for name, table in FILES.items()} | {"job": JOB}
    return {f"{name}.schema.json": _text(table) for name, table in tables.items()}


def _text(table: Fields) -> str:
    head: Schema = {"$schema": "http://json-schema.org/draft-07/schema#", "title": table.title}
    return json.dumps(head | of_kind(table), indent=2, ensure_ascii=False) + "\n"


def of_kind(kind: Kind) -> Schema:
    """The schema of one kind of value."""
    if isinstance(kind, Word):
        return dict(kind.schema)
    if isinstance(kind, Listed):
        return {"type": "array", "maxItems": kind.most, "items": of_kind(kind.item)}
    if isinstance(kind, Named):
        names = dict(kind.name.schema)
        return {"type": "object", "propertyNames": names, "additionalProperties": of_kind(kind.value)}
    return _of_fields(kind)


def _of_fields(kind: Fields) -> Schema:
    required = [name for name, key in kind.keys.items() if key.required]
    properties = {
        name: of_kind(key.kind) | {"description": _described(key)} for name, key in kind.keys.items()
    }
    found: Schema = {"type": "object", "additionalProperties": False, "properties": properties}
    return found | ({"required": required} if required else {})


def _described(key: Key) -> str:
    return f"{key.doc} (default: {key.default})" if key.default else key.doc
