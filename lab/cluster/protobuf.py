# SPDX-License-Identifier: GPL-3.0-or-later
"""Decodes the few kinds that kubectl sends as protobuf only: reviews, evictions and delete options.

https://kubernetes.io/docs/reference/using-api/api-concepts/#protobuf-encoding
The field numbers are those of the `generated.proto` files of k8s.io/api.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from .errors import bad_request, unsupported_media_type

PROTOBUF = "application/vnd.kubernetes.protobuf"

_MAGIC = b"k8s\x00"


@dataclass(frozen=True, slots=True)
class _Field:
    name: str
    type: Literal["text", "texts", "integer", "boolean"] | dict[int, Any] = "text"


_ATTRIBUTES = {
    n: _Field(name) for n, name in enumerate(("namespace", "verb", "group", "version", "resource", "subresource", "name"), start=1)
}
_META = {1: _Field("name"), 2: _Field("generateName"), 3: _Field("namespace")}
_DELETE_OPTIONS = {
    1: _Field("gracePeriodSeconds", "integer"),
    2: _Field("preconditions", {1: _Field("uid"), 2: _Field("resourceVersion")}),
    3: _Field("orphanDependents", "boolean"),
    4: _Field("propagationPolicy"),
    5: _Field("dryRun", "texts"),
}
_ACCESS = {1: _Field("resourceAttributes", _ATTRIBUTES), 2: _Field("nonResourceAttributes", {1: _Field("path"), 2: _Field("verb")})}
_MESSAGES: dict[str, dict[int, _Field]] = {
    "DeleteOptions": _DELETE_OPTIONS,
    "Eviction": {1: _Field("metadata", _META), 2: _Field("deleteOptions", _DELETE_OPTIONS)},
    "SelfSubjectAccessReview": {1: _Field("metadata", _META), 2: _Field("spec", _ACCESS)},
    "SelfSubjectReview": {1: _Field("metadata", _META)},
    "SelfSubjectRulesReview": {1: _Field("metadata", _META), 2: _Field("spec", {1: _Field("namespace")})},
}
_ENVELOPE = {1: _Field("typeMeta", {1: _Field("apiVersion"), 2: _Field("kind")})}


def decode(body: bytes) -> dict[str, Any]:
    """The object as JSON data. Raises ApiErrors: 400 for what is not in the envelope of Kubernetes, 415 for other kinds."""
    if not body.startswith(_MAGIC):
        raise bad_request("provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]")
    try:
        envelope = dict(_fields(body[len(_MAGIC) :]))
        meta = _message(envelope.get(1, b""), _ENVELOPE[1].type)
        if meta.get("kind") not in _MESSAGES:
            raise unsupported_media_type(PROTOBUF, ("application/json", "application/yaml"))
        return meta | _message(envelope.get(2, b""), _MESSAGES[meta["kind"]])
    except (IndexError, UnicodeDecodeError, TypeError) as error:
        raise bad_request(f"the protobuf message is malformed: {error}") from None


def _varint(data: bytes, position: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[position]
        position += 1
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return value, position


def _fields(data: bytes) -> Iterator[tuple[int, Any]]:
    """(field number, integer or bytes) of every field of a message."""
    position = 0
    while position < len(data):
        tag, position = _varint(data, position)
        number, wire_type = tag >> 3, tag & 7
        if wire_type == 0:
            value, position = _varint(data, position)
            yield number, value
        elif wire_type == 2:
            length, position = _varint(data, position)
            if position + length > len(data):
                raise IndexError("a field is longer than the message")
            yield number, data[position : position + length]
            position += length
        else:
            raise TypeError(f"wire type {wire_type} is not used by these messages")


def _message(data: bytes, layout: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for number, value in _fields(data):
        field = layout.get(number)
        if field is None:
            continue
        if isinstance(field.type, dict):
            found[field.name] = _message(value, field.type)
        elif field.type == "texts":
            found.setdefault(field.name, []).append(value.decode())
        elif field.type == "text" and value:
            found[field.name] = value.decode()
        elif field.type == "integer":
            found[field.name] = value
        elif field.type == "boolean":
            found[field.name] = bool(value)
    return found
