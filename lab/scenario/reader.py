# SPDX-License-Identifier: GPL-3.0-or-later
"""YAML into the dataclasses of a scenario, with the line of everything that is wrong."""

from __future__ import annotations

import dataclasses
import difflib
import re
import types
import typing
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Literal, TypeVar, Union

import yaml

from lab import quantities
from lab.scenario import model
from lab.scenario.errors import ScenarioError
from lab.scenario.ranges import drawn, fraction

T = TypeVar("T")

_AMOUNTS: Mapping[Any, Callable[[str], float]] = {
    model.Seconds: quantities.duration,
    model.Moment: quantities.moment,
    model.Share: quantities.share,
    model.Quantity: quantities.quantity,
    model.Number: quantities.number,
}


_NAMED = re.compile(r"([a-z_]+)([+-].*)?")
"""``deployed`` or ``deployed+40s``: relative to a moment that the scenario names."""


class Reader:
    """Reads one file. ``lines`` remembers where each field stands, by its path, for checks that come later.

    ``seed`` says which amount is drawn from every range.
    """

    def __init__(self, file: str, seed: int = 0) -> None:
        self.file = file
        self.seed = seed
        self.lines: dict[str, int] = {}
        self._moments: dict[str, float] = {}

    def read(self, cls: type[T], text: str) -> T:
        """The ``cls`` that the YAML document ``text`` describes. Raises ScenarioError."""
        try:
            node = yaml.compose(text, Loader=yaml.SafeLoader)
        except yaml.MarkedYAMLError as error:
            line = error.problem_mark.line + 1 if error.problem_mark else None
            raise ScenarioError(self.file, line, "", f"is not YAML: {error.problem}") from None
        except yaml.YAMLError as error:
            raise ScenarioError(self.file, None, "", f"is not YAML: {error}") from None
        if node is None:
            raise ScenarioError(self.file, 1, "", "is empty")
        self._name_moments(node)
        return typing.cast(T, self._value(cls, node, ""))

    def _name_moments(self, document: yaml.Node) -> None:
        """Read the scenario's named moments first: everything else may refer to them, and they to those before them."""
        for name, moments in self._pairs(document, ""):
            for key, value in self._pairs(moments, name) if name == "moments" else ():
                if key == "now" or not _NAMED.fullmatch(key):
                    raise self._fail(value, f"moments.{key}", "is no name for a moment: lower-case letters and underscores, and not now")
                self._moments[key] = self._amount(model.Moment, value, f"moments.{key}")

    def error(self, path: str, problem: str) -> ScenarioError:
        """An error at the place of a field, or of the nearest thing around it that is in the file."""
        known = path
        while known and known not in self.lines:
            known = known.rpartition(".")[0]
        return ScenarioError(self.file, self.lines.get(known), path, problem)

    def _fail(self, node: yaml.Node, path: str, problem: str) -> ScenarioError:
        return ScenarioError(self.file, node.start_mark.line + 1, path, problem)

    def _value(self, hint: Any, node: yaml.Node, path: str) -> Any:
        self.lines[path] = node.start_mark.line + 1
        origin, arguments = typing.get_origin(hint), typing.get_args(hint)
        if hint in _AMOUNTS or hint is model.Text:
            return self._amount(hint, node, path)
        if origin in (Union, types.UnionType):
            return self._optional(arguments, node, path)
        if origin is Literal:
            return self._choice(arguments, node, path)
        if origin is tuple:
            if not isinstance(node, yaml.SequenceNode):
                raise self._fail(node, path, "must be a list")
            return tuple(self._value(arguments[0], item, f"{path}[{index}]") for index, item in enumerate(node.value))
        if isinstance(origin, type) and issubclass(origin, Mapping):
            return {name: self._value(arguments[1], value, _under(path, name)) for name, value in self._pairs(node, path)}
        if dataclasses.is_dataclass(hint):
            return self._dataclass(typing.cast(type, hint), node, path)
        if hint is Any:
            return yaml.SafeLoader("").construct_document(node)
        return self._scalar(hint, node, path)

    def _dataclass(self, cls: type, node: yaml.Node, path: str) -> Any:
        if cls is model.Effect and isinstance(node, yaml.ScalarNode):
            return model.Effect(to=self._amount(model.Text, node, path))
        hints, fields = _hints(cls), {field.name: field for field in dataclasses.fields(cls)}
        given: dict[str, Any] = {}
        for name, value in self._pairs(node, path):
            if name not in fields:
                raise self._fail(value, _under(path, name), f"is no field here; there {_are(sorted(fields), name)}")
            given[name] = self._value(hints[name], value, _under(path, name))
        for name, field in fields.items():
            required = field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
            if required and name not in given:
                raise self._fail(node, _under(path, name), "is missing")
        return cls(**given)

    def _pairs(self, node: yaml.Node, path: str) -> list[tuple[str, yaml.Node]]:
        if not isinstance(node, yaml.MappingNode):
            raise self._fail(node, path, "must be a mapping of names to values")
        pairs: dict[str, yaml.Node] = {}
        for key, value in node.value:
            if key.value in pairs:
                raise self._fail(key, _under(path, key.value), "is given twice")
            pairs[key.value] = value
        return list(pairs.items())

    def _optional(self, arguments: tuple[Any, ...], node: yaml.Node, path: str) -> Any:
        choices = [argument for argument in arguments if argument is not type(None)]
        if len(choices) < len(arguments) and node.tag == "tag:yaml.org,2002:null":
            return None
        return self._value(choices[0] if len(choices) == 1 else Any, node, path)

    def _choice(self, accepted: tuple[str, ...], node: yaml.Node, path: str) -> str:
        if not isinstance(node, yaml.ScalarNode) or node.value not in accepted:
            raise self._fail(node, path, f"must be one of {', '.join(accepted)}")
        return node.value

    def _amount(self, hint: Any, node: yaml.Node, path: str) -> Any:
        if not isinstance(node, yaml.ScalarNode):
            raise self._fail(node, path, "must be a single value")
        try:
            if hint is model.Moment:
                return self._moment(node.value, path)
            text = self._drawn(node.value, path)
            return text if hint is model.Text else _AMOUNTS[hint](text)
        except ValueError as error:
            raise self._fail(node, path, str(error)) from None

    def _moment(self, text: str, path: str) -> float:
        named = _NAMED.fullmatch(text)
        if named is None or text == "now":
            return quantities.moment(self._drawn(text, path))
        if named[1] not in self._moments:
            raise ValueError(f"there is no moment {named[1]!r}; named before this: {', '.join(self._moments) or 'none'}")
        offset = quantities.moment(self._drawn(named[2], path)) if named[2] else 0.0
        return self._moments[named[1]] + offset

    def _drawn(self, text: str, path: str, *, whole: bool = False) -> str:
        return drawn(text, fraction(self.seed, f"{Path(self.file).name}/{path}"), whole=whole)

    def _scalar(self, hint: Any, node: yaml.Node, path: str) -> Any:
        if not isinstance(node, yaml.ScalarNode):
            raise self._fail(node, path, f"must be a single value ({hint.__name__})")
        if hint is str:
            return node.value
        if hint is int and ".." in node.value:
            return self._drawn_whole(node, path)
        value = yaml.SafeLoader("").construct_document(node)
        if isinstance(value, hint) and not (hint is int and isinstance(value, bool)):
            return value
        wanted = {int: "a whole number", bool: "true or false"}[hint]
        raise self._fail(node, path, f"must be {wanted}, not {node.value!r}")

    def _drawn_whole(self, node: yaml.ScalarNode, path: str) -> int:
        try:
            return int(self._drawn(node.value, path, whole=True))
        except ValueError as error:
            raise self._fail(node, path, str(error)) from None


@cache
def _hints(cls: type) -> dict[str, Any]:
    return typing.get_type_hints(cls)


def _under(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _are(known: list[str], name: str) -> str:
    """``are a, b and c``, with the likely one first where the name looks like a slip."""
    near = difflib.get_close_matches(name, known, n=1)
    listing = f"are {', '.join(known)}"
    return f"is {near[0]!r} ({listing.removeprefix('are ')})" if near else listing
