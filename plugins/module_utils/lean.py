# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Frozen, slotted dataclasses that cost little to define.

``dataclasses`` writes and compiles the methods of each class when it is defined, at half a millisecond a class, which for this collection
is longer than asking the cluster takes. Here a class gets its ``__init__`` when the first object of it is made, and shares all other
methods. In everything else they are what ``@dataclasses.dataclass(frozen=True, slots=True)`` makes, also to ``fields`` and ``replace``.
"""

from __future__ import annotations

import dataclasses
from functools import cache
from typing import TYPE_CHECKING, Any

__all__ = ["dataclass"]

if TYPE_CHECKING:
    from dataclasses import dataclass
else:

    def dataclass(*, frozen: bool, slots: bool) -> Any:
        """As ``dataclasses.dataclass``, of which no more is known here than what is used. TypeError for anything else."""
        if not (frozen and slots):
            raise TypeError("A class that is not frozen, or has no slots, is made by dataclasses.dataclass.")
        return _defined


_LEFT_OUT: Any = object()
"""An argument that was not given, and has a factory."""


def _defined(cls: type) -> type:
    if hasattr(cls, "__post_init__"):
        raise TypeError(f"{cls.__qualname__} has a __post_init__, and is made by dataclasses.dataclass.")
    # An empty one would be made from the signature, which takes as long as all the rest.
    cls.__doc__ = cls.__doc__ or cls.__name__
    made: Any = dataclasses.dataclass(init=False, repr=False, eq=False, slots=True)(cls)

    def first(self: Any, *args: Any, **kwargs: Any) -> None:
        made.__init__ = _initialiser(made)
        made.__init__(self, *args, **kwargs)

    made.__init__ = first
    for name, method in _METHODS:
        if name not in cls.__dict__ or cls.__dict__[name] is None:
            setattr(made, name, method)
    return made  # type: ignore[no-any-return]


def _initialiser(cls: Any) -> Any:
    """``__init__`` of ``cls``: one parameter for each field, which sets its slot."""
    names: dict[str, Any] = {"left_out": _LEFT_OUT}
    parameters, lines = ["self"], []
    for number, field in enumerate(dataclasses.fields(cls)):
        if not field.init or field.kw_only:
            raise TypeError(f"{cls.__qualname__}.{field.name} is a field of a kind that is made by dataclasses.dataclass.")
        names[f"set_{number}"] = getattr(cls, field.name).__set__
        value = field.name
        if field.default_factory is not dataclasses.MISSING:
            names[f"make_{number}"] = field.default_factory
            parameters.append(f"{field.name}=left_out")
            value = f"make_{number}() if {field.name} is left_out else {field.name}"
        elif field.default is not dataclasses.MISSING:
            names[f"default_{number}"] = field.default
            parameters.append(f"{field.name}=default_{number}")
        else:
            parameters.append(field.name)
        lines.append(f"    set_{number}(self, {value})")
    exec(f"def __init__({', '.join(parameters)}):\n" + "\n".join(lines or ["    pass"]), names)
    made = names["__init__"]
    made.__qualname__ = f"{cls.__qualname__}.__init__"
    made.__module__ = cls.__module__
    return made


@cache
def _compared(cls: Any) -> tuple[str, ...]:
    return tuple(field.name for field in dataclasses.fields(cls) if field.compare)


@cache
def _shown(cls: Any) -> tuple[str, ...]:
    return tuple(field.name for field in dataclasses.fields(cls) if field.repr)


@cache
def _kept(cls: Any) -> tuple[str, ...]:
    return tuple(field.name for field in dataclasses.fields(cls))


def _values(self: Any) -> tuple[Any, ...]:
    return tuple([getattr(self, name) for name in _compared(self.__class__)])


def _equal(self: Any, other: Any) -> Any:
    if self is other:
        return True
    return _values(self) == _values(other) if other.__class__ is self.__class__ else NotImplemented


def _hash(self: Any) -> int:
    return hash(_values(self))


def _repr(self: Any) -> str:
    return f"{self.__class__.__qualname__}({', '.join(f'{name}={getattr(self, name)!r}' for name in _shown(self.__class__))})"


def _refuse_to_set(self: Any, name: str, value: Any) -> None:
    raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")


def _refuse_to_delete(self: Any, name: str) -> None:
    raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")


def _state(self: Any) -> list[Any]:
    return [getattr(self, name) for name in _kept(self.__class__)]


def _set_state(self: Any, state: list[Any]) -> None:
    for name, value in zip(_kept(self.__class__), state, strict=True):
        object.__setattr__(self, name, value)


_METHODS = (
    ("__eq__", _equal),
    ("__hash__", _hash),
    ("__repr__", _repr),
    ("__setattr__", _refuse_to_set),
    ("__delattr__", _refuse_to_delete),
    ("__getstate__", _state),
    ("__setstate__", _set_state),
)
