"""Values of `dure.model` as JSON text and back, with nothing lost: `load(type(v), dump(v)) == v`.

Frozen dataclasses become objects, tuples and frozensets arrays, enumerations their values. Fields left out of
old text take their defaults, so a value may gain fields; text with a field that the value lacks is refused.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import cache
from types import NoneType, UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

T = TypeVar("T")


def dump(value: object) -> str:
    """Canonical text: keys sorted, no blanks, ASCII; equal values give equal text.

    Raises TypeError for what is no value of the model, ValueError for a float that is not a number.
    """
    return json.dumps(_plain(value), sort_keys=True, separators=(",", ":"), allow_nan=False)


def load(kind: type[T], text: str) -> T:
    """The value that `dump` wrote. Raises ValueError saying what in the text is no `kind`."""
    try:
        value: T = _build(kind, json.loads(text))
    except (TypeError, KeyError, AttributeError) as error:
        raise ValueError(f"not a {kind.__name__}: {error}") from error
    return value


def _plain(value: object) -> object:
    if isinstance(value, Enum):
        return value.value
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if isinstance(value, frozenset):
        return sorted(_plain(item) for item in value)  # type: ignore[type-var]  # sets here hold one kind of id
    if value is None or isinstance(value, str | int | float):
        return value
    raise TypeError(f"{type(value).__name__} is no value of the model")


def _build(kind: Any, data: Any) -> Any:
    origin = get_origin(kind)
    if origin in (Union, UnionType):
        return _build_optional(get_args(kind), data)
    if origin is tuple:
        return _build_tuple(get_args(kind), data)
    if origin is frozenset:
        return frozenset(_build(get_args(kind)[0], item) for item in data)
    if is_dataclass(kind):
        return _build_record(kind, data)
    if issubclass(kind, Enum):
        return kind(data)
    return _checked(kind, data)


def _build_optional(kinds: tuple[Any, ...], data: Any) -> Any:
    if data is None and NoneType in kinds:
        return None
    (kind,) = (kind for kind in kinds if kind is not NoneType)
    return _build(kind, data)


def _build_tuple(kinds: tuple[Any, ...], data: Any) -> Any:
    if not isinstance(data, list):
        raise TypeError(f"{data!r:.60} is no list")
    if kinds[-1:] == (Ellipsis,):
        return tuple(_build(kinds[0], item) for item in data)
    return tuple(_build(kind, item) for kind, item in zip(kinds, data, strict=True))


def _build_record(kind: Any, data: Mapping[str, Any]) -> Any:
    hints = _hints(kind)
    unknown = [name for name in data if name not in hints]
    if unknown:
        raise TypeError(f"{kind.__name__} has no {', '.join(unknown)}")
    return kind(**{name: _build(hints[name], item) for name, item in data.items()})


def _checked(kind: type, data: Any) -> Any:
    fits = isinstance(data, (int, float) if kind is float else kind)
    if not fits or (isinstance(data, bool) and kind is not bool):
        raise TypeError(f"{data!r:.60} is no {kind.__name__}")
    return data


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)
