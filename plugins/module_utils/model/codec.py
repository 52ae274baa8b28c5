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
import sys
import types
import typing
from collections.abc import Callable, Mapping, Sequence
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
    if value is None or type(value) in _PLAIN:
        return value
    if isinstance(value, Enum):
        return value.value
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {name: to_result(getattr(value, name)) for name in _names(type(value))}
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
    try:
        return typing.cast(T, _dataclass_reader(typing.cast(Any, cls), ())(data))
    except _MisfitError as misfit:
        raise DocumentError(f"${''.join(reversed(misfit.steps))}{misfit.problem}") from None


_PLAIN = frozenset({str, int, float, bool})

_Reader = Callable[[Any], Any]
"""Makes what a field holds of plain data. _MisfitError where it does not fit."""
_Variables = tuple[tuple[Any, Any], ...]
"""What the type variables of a generic dataclass stand for."""


class _MisfitError(Exception):
    """What does not fit, and the steps to where it is, the innermost first."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem
        self.steps: list[str] = []

    def within(self, step: str) -> _MisfitError:
        self.steps.append(step)
        return self


@cache
def _names(cls: type) -> tuple[str, ...]:
    return tuple(field.name for field in dataclasses.fields(typing.cast(Any, cls)))


_OFTEN: Mapping[str, Any] = {
    **{kind.__name__: kind for kind in (str, int, float, bool, datetime)},
    **{f"{kind.__name__} | None": kind | None for kind in (str, int, float, bool, datetime)},
    **{f"tuple[{kind.__name__}, ...]": tuple[kind, ...] for kind in (str, int, float)},  # type: ignore[valid-type]
}
"""Annotations that most fields have: reading them as Python costs more than reading the data."""


def _hints(cls: type) -> dict[str, Any]:
    """The type of each field, as typing.get_type_hints tells it in three times the time."""
    fields = dataclasses.fields(typing.cast(Any, cls))
    if not all(isinstance(field.type, str) for field in fields):
        return typing.get_type_hints(cls)
    module = vars(sys.modules[cls.__module__])
    return {field.name: _OFTEN.get(str(field.type)) or eval(str(field.type), module) for field in fields}


def _reader(hint: Any, variables: _Variables) -> _Reader:
    hint = dict(variables).get(hint, hint) if isinstance(hint, TypeVar) else hint
    origin = typing.get_origin(hint)
    arguments = typing.get_args(hint)
    if hint is Any:
        return lambda data: data
    if origin in (Union, types.UnionType):
        return _union_reader(arguments, variables)
    if origin in (tuple, list, Sequence):
        return _sequence_reader(arguments, variables)
    if origin in (dict, Mapping):
        return _mapping_reader(_reader(arguments[1], variables))
    if origin is not None and dataclasses.is_dataclass(origin):
        parameters = getattr(origin, "__parameters__", ())
        return _dataclass_reader(typing.cast(type, origin), tuple(zip(parameters, arguments, strict=True)))
    if dataclasses.is_dataclass(hint):
        return _dataclass_reader(typing.cast(type, hint), ())
    return _scalar_reader(hint)


def _union_reader(arguments: Sequence[Any], variables: _Variables) -> _Reader:
    optional = types.NoneType in arguments
    choices = [_reader(argument, variables) for argument in arguments if argument is not types.NoneType]
    only = choices[0] if len(choices) == 1 else None

    def read(data: Any) -> Any:
        if data is None and optional:
            return None
        if only is not None:
            return only(data)
        for choice in choices:
            try:
                return choice(data)
            except _MisfitError:
                continue
        raise _MisfitError(f": {type(data).__name__} fits none of the accepted forms.")

    return read


def _sequence_reader(arguments: Sequence[Any], variables: _Variables) -> _Reader:
    fixed = (len(arguments) == 2 and arguments[1] is not Ellipsis) or len(arguments) > 2
    readers = [_reader(kind, variables) for kind in arguments] if fixed else []
    each = _reader(arguments[0], variables)

    def read(data: Any) -> Any:
        if isinstance(data, (str, bytes, Mapping)) or not isinstance(data, Sequence):
            raise _MisfitError(f": expected a list, found {type(data).__name__}.")
        if fixed and len(data) != len(readers):
            raise _MisfitError(f": expected {len(readers)} entries, found {len(data)}.")
        index = -1
        found = []
        try:
            for index, item in enumerate(data):
                found.append(readers[index](item) if fixed else each(item))
        except _MisfitError as misfit:
            raise misfit.within(f"[{index}]") from None
        return tuple(found)

    return read


def _mapping_reader(of_items: _Reader) -> _Reader:
    def read(data: Any) -> Any:
        if not isinstance(data, Mapping):
            raise _MisfitError(f": expected a mapping, found {type(data).__name__}.")
        key: Any = None
        found = {}
        try:
            for key, item in data.items():
                found[str(key)] = of_items(item)
        except _MisfitError as misfit:
            raise misfit.within(f".{key}") from None
        return found

    return read


@cache
def _dataclass_reader(cls: type, variables: _Variables) -> _Reader:
    """Its fields are looked at when the first one is read: a dataclass may hold others of its own kind."""
    plan: list[tuple[str, Any, _Reader, Any, Any]] = []

    def prepare() -> None:
        hints = _hints(cls)
        found = [
            (field.name, getattr(cls, field.name).__set__, _reader(hints[field.name], variables), field.default, field.default_factory)
            for field in dataclasses.fields(typing.cast(Any, cls))
        ]
        plan[:] = found  # at once: another thread may be reading too

    def read(data: Any) -> Any:
        if isinstance(data, cls):
            return data
        if not isinstance(data, Mapping):
            raise _MisfitError(f": expected a mapping ({cls.__name__}), found {type(data).__name__}.")
        if not plan:
            prepare()
        # Without __init__, which would do the same once more.
        made: Any = object.__new__(cls)
        for name, put, reader, default, factory in plan:
            if name in data:
                try:
                    put(made, reader(data[name]))
                except _MisfitError as misfit:
                    raise misfit.within(f".{name}") from None
            elif default is not dataclasses.MISSING:
                put(made, default)
            elif factory is not dataclasses.MISSING:
                put(made, factory())
            else:
                raise _MisfitError(": is missing.").within(f".{name}")
        return made

    return read


def _scalar_reader(hint: Any) -> _Reader:
    if hint is datetime:
        return _time
    if isinstance(hint, type) and issubclass(hint, Enum):
        return lambda data: _member(hint, data)
    if hint in _SCALARS:
        return _SCALARS[hint]
    return lambda data: _refuse(hint, data)


def _time(data: Any) -> datetime:
    if isinstance(data, datetime):
        return data
    try:
        return parse_time(data)
    except (TypeError, ValueError):
        raise _MisfitError(f": {data!r} is not an ISO 8601 time.") from None


def _member(kind: type[Enum], data: Any) -> Any:
    try:
        return kind(data)
    except ValueError:
        accepted = ", ".join(str(member.value) for member in kind)
        raise _MisfitError(f": {data!r} is not one of {accepted}.") from None


def _refuse(hint: Any, data: Any) -> typing.NoReturn:
    raise _MisfitError(f": expected {getattr(hint, '__name__', hint)}, found {type(data).__name__}.")


def _number(data: Any) -> float:
    return float(data) if isinstance(data, (int, float)) and not isinstance(data, bool) else _refuse(float, data)


def _whole(data: Any) -> int:
    return data if isinstance(data, int) and not isinstance(data, bool) else _refuse(int, data)


def _text(data: Any) -> str:
    return str(data) if isinstance(data, str) else _refuse(str, data)


def _truth(data: Any) -> bool:
    return data if isinstance(data, bool) else _refuse(bool, data)


_SCALARS: Mapping[Any, _Reader] = {float: _number, int: _whole, str: _text, bool: _truth}
