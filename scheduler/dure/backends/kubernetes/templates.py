"""Changes every pod template of an object, wherever its kind has them, as one merge patch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from dure.backends.kubernetes.kinds import TRAIN_JOB, Kind, Path
from dure.backends.kubernetes.names import Json

Change: TypeAlias = Callable[[Json], Json]


def with_templates(spec: Json, kind: Kind, change: Change) -> Json:
    """The merge patch of an object with this spec by which each template becomes what `change` makes of it.

    What lies in a list is given whole: a merge patch replaces lists.
    """
    if kind is TRAIN_JOB:
        return {"spec": {"podTemplateOverrides": _overrides(spec, change)}}
    obj: Json = {"spec": spec}
    for sort in kind.templates:
        obj = _changed(obj, sort.at, change)
    touched = {sort.at[1] for sort in kind.templates}
    return {"spec": {name: obj["spec"][name] for name in sorted(touched) if name in obj["spec"]}}


def _changed(value: Any, path: Path, change: Change) -> Any:
    """The value with what lies at the path changed; nothing is changed in place."""
    if value is None:
        return None
    if not path:
        return change(value)
    if path[0] != "*":
        return {**value, path[0]: _changed(value[path[0]], path[1:], change)} if path[0] in value else value
    if isinstance(value, dict):
        return {name: _changed(inner, path[1:], change) for name, inner in value.items()}
    return [_changed(inner, path[1:], change) for inner in value]


def _overrides(spec: Json, change: Change) -> list[Json]:
    """A TrainJob's own way to say what its pods shall be: an override for its nodes, after the user's."""
    own = [
        each
        for each in spec.get("podTemplateOverrides") or ()
        if each.get("targetJobs") != [{"name": "node"}]
    ]
    changed = change({})
    metadata = {"annotations": changed["metadata"]["annotations"]}
    return [*own, {"targetJobs": [{"name": "node"}], "metadata": metadata, "spec": changed["spec"]}]
