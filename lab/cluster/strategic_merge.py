# SPDX-License-Identifier: GPL-3.0-or-later
"""Strategic merge patch: lists merged by key, and its directives.

https://github.com/kubernetes/community/blob/master/contributors/devel/sig-api-machinery/strategic-merge-patch.md
"""

from __future__ import annotations

from typing import Any

from .errors import bad_request
from .merge_keys import is_set, list_keys

Object = dict[str, Any]

_ORDER = "$setElementOrder/"
_DELETE = "$deleteFromPrimitiveList/"
_RETAIN = "$retainKeys"


def strategic_merge(target: Object, patch: Object) -> Object:
    """The merged map, which shares parts with both arguments. Raises a 400 ApiError for a list item without its merge key."""
    directive = patch.get("$patch")
    if directive == "replace":
        return {key: value for key, value in patch.items() if key != "$patch"}
    if directive == "delete":
        return {}
    merged = dict(target)
    if _RETAIN in patch:
        merged = {key: value for key, value in merged.items() if key in patch[_RETAIN]}
    for key, value in patch.items():
        if key in ("$patch", _RETAIN) or key.startswith(_ORDER):
            continue
        if key.startswith(_DELETE):
            field = key.removeprefix(_DELETE)
            merged[field] = [item for item in merged.get(field) or [] if item not in value]
        elif value is None:
            merged.pop(key, None)
        elif isinstance(value, dict):
            current = merged.get(key)
            merged[key] = strategic_merge(current if isinstance(current, dict) else {}, value)
        elif isinstance(value, list):
            merged[key] = _merge_list(key, merged.get(key) or [], value, patch.get(_ORDER + key))
        else:
            merged[key] = value
    for key, order in patch.items():
        field = key.removeprefix(_ORDER)
        if key.startswith(_ORDER) and field not in patch and isinstance(merged.get(field), list):
            merged[field] = _ordered(field, merged[field], order)
    return merged


def _merge_list(field: str, current: list[Any], patch: list[Any], order: list[Any] | None) -> list[Any]:
    if is_set(field):
        return _ordered(field, current + [item for item in patch if item not in current], order)
    plain = [item for item in patch if not (isinstance(item, dict) and set(item) == {"$patch"})]
    if len(plain) < len(patch):  # {"$patch": "replace"} as an item of its own
        return plain
    keys = list_keys(field, [*current, *patch])
    if keys is None:
        return [strategic_merge({}, item) if isinstance(item, dict) else item for item in patch]
    key = keys[0]
    merged = list(current)
    for item in patch:
        if key not in item:
            raise bad_request(f"map: {item} does not contain declared merge key: {key}")
        position = next((i for i, existing in enumerate(merged) if existing.get(key) == item[key]), None)
        if item.get("$patch") == "delete":
            merged = [existing for existing in merged if existing.get(key) != item[key]]
        elif position is None:
            merged.append(strategic_merge({}, item))
        else:
            merged[position] = strategic_merge(merged[position], item)
    return _ordered(field, merged, order)


def _ordered(field: str, items: list[Any], order: list[Any] | None) -> list[Any]:
    """Items that the order names come in that order; the others keep their place behind the item they followed."""
    if not order:
        return items
    keys = list_keys(field, [item for item in items if isinstance(item, dict)]) if items and isinstance(items[0], dict) else None

    def rank(item: Any) -> int | None:
        if keys is None:
            return order.index(item) if item in order else None
        return next((i for i, wanted in enumerate(order) if wanted.get(keys[0]) == item.get(keys[0])), None)

    placed: list[tuple[int, int, Any]] = []
    last = -1
    for position, item in enumerate(items):
        place = rank(item)
        last = last if place is None else place
        placed.append((last, position, item))
    return [item for _rank, _position, item in sorted(placed, key=lambda entry: entry[:2])]
