# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Typed data to plain JSON data and back.

Every document of this collection (module results, the incident record) is one of the frozen dataclasses of this
room. ``to_result`` is the one place where they leave as plain data and ``from_result`` the one where they come back.
Times are ISO 8601 in UTC with ``Z``, enums are their values, tuples are lists.
"""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from enum import Enum
from functools import cache
from typing import Any, TypeVar, Union

from ..errors import IncidentResponseError

T = TypeVar("T")


class DocumentError(IncidentResponseError):
    """A document does not have the shape it should have. The message names the field by its path."""


def format_time(at: datetime) -> str:
    """``at`` in UTC as ``2025-10-21T14:23:15Z``; with milliseconds only where there are any."""
    utc = at.astimezone(UTC)
    return utc.isoformat(timespec="milliseconds" if utc.microsecond else "seconds").replace("+00:00", "Z")


def parse_time(text: str) -> datetime:
    """An ISO 8601 / RFC 3339 time (any offset, up to nanoseconds) as an aware UTC datetime. ValueError when it is none."""
    parsed = datetime.fromisoformat(text)
    return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)


def to_result(value: Any) -> Any:
    """Plain JSON data (dict, list, str, int, float, bool, None) for a dataclass, or for a container of them."""
    if isinstance(value, Enum):
        return value.value
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: to_result(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, datetime):
        return format_time(value)
    if isinstance(value, Mapping):
        return {str(key): to_result(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [to_result(item) for item in value]
    return value


def from_result(cls: type[T], data: Any) -> T:
    """The ``cls`` that ``data`` (as ``to_result`` gives it) describes.

    Unknown keys are ignored, so that a newer record can be read; a missing key takes the field's default.
    Raises DocumentError, naming the path, for anything that does not fit.
    """
    return typing.cast(T, _read(cls, data, "$", {}))


@cache
def _hints(cls: type) -> dict[str, Any]:
    return typing.get_type_hints(cls)


def _read(hint: Any, data: Any, path: str, variables: Mapping[Any, Any]) -> Any:
    hint = variables.get(hint, hint) if isinstance(hint, TypeVar) else hint
    origin = typing.get_origin(hint)
    arguments = typing.get_args(hint)
    if hint is Any:
        return data
    if origin in (Union, types.UnionType):
        return _read_union(arguments, data, path, variables)
    if origin in (tuple, list, Sequence):
        return _read_sequence(arguments, data, path, variables)
    if origin in (dict, Mapping):
        if not isinstance(data, Mapping):
            raise DocumentError(f"{path}: expected a mapping, found {type(data).__name__}.")
        return {str(key): _read(arguments[1], item, f"{path}.{key}", variables) for key, item in data.items()}
    if origin is not None and dataclasses.is_dataclass(origin):
        parameters = getattr(origin, "__parameters__", ())
        return _read_dataclass(typing.cast(type, origin), data, path, dict(zip(parameters, arguments, strict=True)))
    if dataclasses.is_dataclass(hint):
        return _read_dataclass(typing.cast(type, hint), data, path, {})
    return _read_scalar(hint, data, path)


def _read_union(arguments: Sequence[Any], data: Any, path: str, variables: Mapping[Any, Any]) -> Any:
    if data is None and types.NoneType in arguments:
        return None
    choices = [argument for argument in arguments if argument is not types.NoneType]
    if len(choices) == 1:
        return _read(choices[0], data, path, variables)
    for choice in choices:
        try:
            return _read(choice, data, path, variables)
        except DocumentError:
            continue
    raise DocumentError(f"{path}: {type(data).__name__} fits none of the accepted forms.")


def _read_sequence(arguments: Sequence[Any], data: Any, path: str, variables: Mapping[Any, Any]) -> Any:
    if isinstance(data, (str, bytes, Mapping)) or not isinstance(data, Sequence):
        raise DocumentError(f"{path}: expected a list, found {type(data).__name__}.")
    if (len(arguments) == 2 and arguments[1] is not Ellipsis) or len(arguments) > 2:
        if len(data) != len(arguments):
            raise DocumentError(f"{path}: expected {len(arguments)} entries, found {len(data)}.")
        return tuple(
            _read(kind, item, f"{path}[{index}]", variables) for index, (kind, item) in enumerate(zip(arguments, data, strict=True))
        )
    return tuple(_read(arguments[0], item, f"{path}[{index}]", variables) for index, item in enumerate(data))


def _read_dataclass(cls: type, data: Any, path: str, variables: Mapping[Any, Any]) -> Any:
    if isinstance(data, cls):
        return data
    if not isinstance(data, Mapping):
        raise DocumentError(f"{path}: expected a mapping ({cls.__name__}), found {type(data).__name__}.")
    hints = _hints(cls)
    given = {}
    for field in dataclasses.fields(cls):
        if field.name in data:
            given[field.name] = _read(hints[field.name], data[field.name], f"{path}.{field.name}", variables)
        elif field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING:
            raise DocumentError(f"{path}.{field.name}: is missing.")
    return cls(**given)


def _read_scalar(hint: Any, data: Any, path: str) -> Any:
    if hint is datetime:
        if isinstance(data, datetime):
            return data
        try:
            return parse_time(data)
        except (TypeError, ValueError):
            raise DocumentError(f"{path}: {data!r} is not an ISO 8601 time.") from None
    if isinstance(hint, type) and issubclass(hint, Enum):
        try:
            return hint(data)
        except ValueError:
            accepted = ", ".join(str(member.value) for member in hint)
            raise DocumentError(f"{path}: {data!r} is not one of {accepted}.") from None
    if hint is float and isinstance(data, (int, float)) and not isinstance(data, bool):
        return float(data)
    if hint is int and isinstance(data, int) and not isinstance(data, bool):
        return data
    if hint is str and isinstance(data, str):
        return str(data)
    if hint is bool and isinstance(data, bool):
        return data
    raise DocumentError(f"{path}: expected {getattr(hint, '__name__', hint)}, found {type(data).__name__}.")
