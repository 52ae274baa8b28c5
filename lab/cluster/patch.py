# SPDX-License-Identifier: GPL-3.0-or-later
"""JSON patch (RFC 6902) and JSON merge patch (RFC 7396), and the choice of a patch by its media type."""

from __future__ import annotations

import json
from typing import Any

from .errors import ApiError, bad_request, unsupported_media_type
from .store import copied
from .strategic_merge import strategic_merge

JSON_PATCH = "application/json-patch+json"
MERGE_PATCH = "application/merge-patch+json"
STRATEGIC_MERGE_PATCH = "application/strategic-merge-patch+json"
APPLY_PATCH = "application/apply-patch+yaml"
ACCEPTED = (JSON_PATCH, MERGE_PATCH, STRATEGIC_MERGE_PATCH, APPLY_PATCH)


def merge_patch(target: Any, patch: Any) -> Any:
    if not isinstance(patch, dict):
        return patch
    merged = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = merge_patch(merged.get(key), value)
    return merged


def _failed() -> ApiError:
    """The server does not say which operation failed."""
    return ApiError(422, "Invalid", "the server rejected our request due to an error in our request", {})


def _steps(pointer: str) -> list[str]:
    if pointer and not pointer.startswith("/"):
        raise _failed()
    return [step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:]]


def _index(step: str, items: list[Any], *, adding: bool) -> int:
    if step == "-" and adding:
        return len(items)
    if not step.isdigit() or int(step) >= len(items) + adding:
        raise _failed()
    return int(step)


def _parent(document: Any, steps: list[str]) -> Any:
    node = document
    for step in steps[:-1]:
        if isinstance(node, list):
            node = node[_index(step, node, adding=False)]
        elif isinstance(node, dict) and step in node:
            node = node[step]
        else:
            raise _failed()
    return node


def _read(document: Any, pointer: str) -> Any:
    steps = _steps(pointer)
    if not steps:
        return document
    parent = _parent(document, steps)
    if isinstance(parent, list):
        return parent[_index(steps[-1], parent, adding=False)]
    if not isinstance(parent, dict) or steps[-1] not in parent:
        raise _failed()
    return parent[steps[-1]]


def _write(document: Any, pointer: str, value: Any, *, replace: bool) -> Any:
    steps = _steps(pointer)
    if not steps:
        return value
    if replace:
        _read(document, pointer)
    parent = _parent(document, steps)
    if isinstance(parent, list):
        position = _index(steps[-1], parent, adding=not replace)
        parent[position : position + replace] = [value]
    elif isinstance(parent, dict):
        parent[steps[-1]] = value
    else:
        raise _failed()
    return document


def _remove(document: Any, pointer: str) -> Any:
    _read(document, pointer)
    steps = _steps(pointer)
    parent = _parent(document, steps)
    del parent[_index(steps[-1], parent, adding=False) if isinstance(parent, list) else steps[-1]]
    return document


def json_patch(document: Any, operations: Any) -> Any:
    """Raises ApiErrors: 400 for what is no patch, 422 for an operation that does not fit the document or a failing `test`."""
    if not isinstance(operations, list) or not all(isinstance(operation, dict) for operation in operations):
        raise bad_request("error decoding patch: json: cannot unmarshal object into Go value of type jsonpatch.Patch")
    document = copied(document)
    for operation in operations:
        name, pointer = operation.get("op"), operation.get("path")
        if not isinstance(pointer, str):
            raise _failed()
        if name == "add":
            document = _write(document, pointer, copied(operation.get("value")), replace=False)
        elif name == "replace":
            document = _write(document, pointer, copied(operation.get("value")), replace=True)
        elif name == "remove":
            document = _remove(document, pointer)
        elif name in ("copy", "move"):
            value = copied(_read(document, operation.get("from", "")))
            document = _remove(document, operation["from"]) if name == "move" else document
            document = _write(document, pointer, value, replace=False)
        elif name == "test":
            if _read(document, pointer) != operation.get("value"):
                raise _failed()
        else:
            raise bad_request(f"error decoding patch: unexpected kind: {name}")
    return document


def patched(content_type: str, document: dict[str, Any], body: bytes) -> dict[str, Any]:
    """The document after a JSON, merge or strategic merge patch. Raises ApiErrors (400, 415, 422)."""
    if content_type not in ACCEPTED:
        raise unsupported_media_type(content_type, ACCEPTED)
    try:
        patch = json.loads(body)
    except ValueError as error:
        raise bad_request(f"error decoding patch: {error}") from None
    if content_type == JSON_PATCH:
        result = json_patch(document, patch)
    elif not isinstance(patch, dict):
        raise bad_request("error decoding patch: json: cannot unmarshal array into Go value of type map[string]interface {}")
    elif content_type == MERGE_PATCH:
        result = merge_patch(copied(document), patch)
    else:
        result = strategic_merge(copied(document), patch)
    if not isinstance(result, dict) or not isinstance(result.get("metadata"), dict):
        raise bad_request("the patch leaves no object behind")
    return result
