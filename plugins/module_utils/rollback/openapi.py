# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What callers of one version of an API can't do with another, by the OpenAPI documents of both (2.0 and 3.x).

The rules are the certain ones of https://github.com/oasdiff/oasdiff: an operation that is gone, a parameter or a field that must be
given and did not have to be, a body that must be, a field that was always answered and is no longer. What a document does not say is no
difference.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

_METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
_DEEPEST = 8
"""Levels of nested schemas that are compared; documents may refer to themselves."""

Document = Mapping[str, Any]


def is_openapi(document: object) -> bool:
    return isinstance(document, Mapping) and isinstance(document.get("paths"), Mapping) and ("openapi" in document or "swagger" in document)


def breaking_changes(now: Document, then: Document) -> tuple[str, ...]:
    """What breaks for callers of ``now`` when ``then`` takes its place, one line each, in the order of ``now``."""
    found: list[str] = []
    there = {_shape(path): (path, _mapping(item)) for path, item in _mapping(then.get("paths")).items()}
    for path, item in _mapping(now.get("paths")).items():
        for method in _METHODS:
            operation = _mapping(_mapping(item).get(method))
            if not operation:
                continue
            what = f"{method.upper()} {path}"
            _path, other = there.get(_shape(path), ("", {}))
            if not _mapping(other.get(method)):
                found.append(f"{what} does not exist")
                continue
            before, after = _Operation(now, _mapping(item), operation), _Operation(then, other, _mapping(other.get(method)))
            found += [f"{what} {difference}" for difference in _differences(before, after)]
    return tuple(found)


class _Operation:
    def __init__(self, document: Document, item: Document, operation: Document) -> None:
        self.document = document
        self._item = item
        self._operation = operation

    def parameters(self) -> dict[tuple[str, str], Document]:
        """By place and name; those of the path as well, which the operation's own replace."""
        listed = [*_list(self._item.get("parameters")), *_list(self._operation.get("parameters"))]
        resolved = [_resolved(self.document, parameter) for parameter in listed]
        return {(str(entry.get("in")), str(entry.get("name"))): entry for entry in resolved}

    def body(self) -> Document:
        return _resolved(self.document, self._operation.get("requestBody"))

    def body_schema(self) -> Document:
        declared = next((entry for (place, _name), entry in self.parameters().items() if place == "body"), {})
        return _resolved(self.document, declared.get("schema")) or _content(self.document, self.body())

    def answers(self) -> dict[str, Document]:
        """Schemas of the successful answers by status."""
        found = {}
        for status, answer in _mapping(self._operation.get("responses")).items():
            if str(status).startswith("2"):
                resolved = _resolved(self.document, answer)
                found[str(status)] = _resolved(self.document, resolved.get("schema")) or _content(self.document, resolved)
        return found


def _differences(before: _Operation, after: _Operation) -> Iterator[str]:
    known = before.parameters()
    for (place, name), parameter in after.parameters().items():
        if parameter.get("required") and place not in ("path", "body") and not known.get((place, name), {}).get("required"):
            yield f"wants the {place} parameter '{name}'"
    if after.body().get("required") and not before.body().get("required"):
        yield "wants a body"
    had = set(_required(before.document, before.body_schema()))
    for field in _required(after.document, after.body_schema()):
        if field not in had:
            yield f"wants the field '{field}' in its body"
    answers = after.answers()
    for status, schema in before.answers().items():
        if status not in answers or not answers[status]:
            continue
        offered = set(_fields(after.document, answers[status]))
        for field in _required(before.document, schema):
            if field not in offered:
                yield f"does not answer the field '{field}' ({status})"


def _required(document: Document, schema: Document, prefix: str = "", depth: int = 0) -> Iterator[str]:
    """Paths of the fields that are always there: ``customer.name``, ``lines[].amount``."""
    for wanted, name, part in _parts(document, schema):
        if wanted or name == "[]":
            here = f"{prefix}{name}" if name == "[]" or not prefix else f"{prefix}.{name}"
            if name != "[]":
                yield here
            if depth < _DEEPEST:
                yield from _required(document, part, here, depth + 1)


def _fields(document: Document, schema: Document, prefix: str = "", depth: int = 0) -> Iterator[str]:
    """Paths of all fields that may be there."""
    for _wanted, name, part in _parts(document, schema):
        here = f"{prefix}{name}" if name == "[]" or not prefix else f"{prefix}.{name}"
        if name != "[]":
            yield here
        if depth < _DEEPEST:
            yield from _fields(document, part, here, depth + 1)


def _parts(document: Document, schema: Document) -> Iterator[tuple[bool, str, Document]]:
    """Whether it must be there, name and schema of each field; ``[]`` for the entries of a list. All of ``allOf`` count."""
    for layer in (schema, *(_resolved(document, part) for part in _list(schema.get("allOf")))):
        required = _list(layer.get("required"))
        for name, part in _mapping(layer.get("properties")).items():
            yield name in required, str(name), _resolved(document, part)
        if layer.get("items"):
            yield False, "[]", _resolved(document, layer["items"])


def _content(document: Document, holder: Document) -> Document:
    """The schema of a body or an answer: that of JSON, else of whatever comes first."""
    content = _mapping(holder.get("content"))
    chosen: Any = next((entry for media, entry in content.items() if "json" in str(media)), next(iter(content.values()), {}))
    return _resolved(document, _mapping(chosen).get("schema"))


def _resolved(document: Document, value: Any) -> Document:
    """``value``, or what its ``$ref`` within the document stands for; a reference to elsewhere is unknown, and so empty."""
    for _unused in range(_DEEPEST):
        found = _mapping(value)
        reference = found.get("$ref")
        if not isinstance(reference, str):
            return found
        value = document if reference.startswith("#/") else None
        for step in reference[2:].split("/"):
            value = _mapping(value).get(step.replace("~1", "/").replace("~0", "~"))
    return {}


def _shape(path: str) -> str:
    """Names of path parameters are no part of the address."""
    return re.sub(r"\{[^}]*\}", "{}", path).rstrip("/") or "/"


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _list(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else ()
