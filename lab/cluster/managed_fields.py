# SPDX-License-Identifier: GPL-3.0-or-later
"""Who set which field (`metadata.managedFields`), and server-side apply on top of it.

https://kubernetes.io/docs/reference/using-api/server-side-apply/
"""

from __future__ import annotations

import json
from typing import Any

from .errors import apply_conflict
from .merge_keys import is_set, list_keys
from .store import copied

Object = dict[str, Any]
Path = tuple[str, ...]

_UNMANAGED_META = {
    "creationTimestamp",
    "deletionGracePeriodSeconds",
    "deletionTimestamp",
    "generation",
    "managedFields",
    "name",
    "namespace",
    "resourceVersion",
    "selfLink",
    "uid",
}


def leaves(obj: Object) -> dict[Path, Any]:
    """Every field of an object that a manager can own, with its value: `("f:spec", "f:replicas")`, `('k:{"name":"app"}', …)`."""
    found: dict[Path, Any] = {}
    for key, value in obj.items():
        if key == "metadata":
            _collect({k: v for k, v in value.items() if k not in _UNMANAGED_META}, ("f:metadata",), found)
        elif key not in ("apiVersion", "kind"):
            _collect_field(key, value, ("f:" + key,), found)
    return found


def _collect(node: Object, path: Path, found: dict[Path, Any]) -> None:
    for key, value in node.items():
        _collect_field(key, value, (*path, "f:" + key), found)


def _collect_field(field: str, value: Any, path: Path, found: dict[Path, Any]) -> None:
    if isinstance(value, dict) and value:
        _collect(value, path, found)
        return
    if isinstance(value, list):
        if is_set(field):
            found |= {(*path, "v:" + json.dumps(item)): item for item in value}
            return
        keys = list_keys(field, value)
        if keys is not None and value:
            for item in value:
                item_path = (*path, _item_step(item, keys))
                found[item_path] = None
                _collect(item, item_path, found)
            return
    found[path] = value


def _item_step(item: Object, keys: tuple[str, ...]) -> str:
    identity = {key: item[key] for key in keys if key in item}
    if "protocol" in keys:
        identity.setdefault("protocol", "TCP")
    return "k:" + json.dumps(identity, separators=(",", ":"), sort_keys=True)


def _to_fields(paths: set[Path]) -> Object:
    tree: Object = {}
    for path in sorted(paths):
        node = tree
        for step in path:
            node = node.setdefault(step, {})
        if path[-1].startswith("k:"):
            node["."] = {}
    return tree


def _from_fields(tree: Object, prefix: Path = ()) -> set[Path]:
    paths: set[Path] = set()
    for step, below in tree.items():
        if step == ".":
            paths.add(prefix)
        elif below:
            paths |= _from_fields(below, (*prefix, step))
        else:
            paths.add((*prefix, step))
    return paths


def track_update(old: Object | None, new: Object, manager: str, at: str, subresource: str = "") -> None:
    """Notes in `new` that `manager` set what differs from `old`."""
    before, after = leaves(old) if old else {}, leaves(new)
    changed = {path for path, value in after.items() if path not in before or before[path] != value}
    if not changed and before.keys() == after.keys():
        return
    _record(new, manager, "Update", at, subresource, lambda owned: owned | changed, taken=changed, existing=after.keys())


def _record(obj: Object, manager: str, operation: str, at: str, subresource: str, change: Any, taken: set[Path], existing: Any) -> None:
    entries, mine = [], set()
    for entry in obj["metadata"].get("managedFields") or ():
        paths = _from_fields(entry.get("fieldsV1") or {}) & set(existing)
        if (entry["manager"], entry["operation"], entry.get("subresource", "")) == (manager, operation, subresource):
            mine = paths
        elif paths - taken:
            entries.append(entry | {"fieldsV1": _to_fields(paths - taken)})
    owned = change(mine) & set(existing)
    if owned:
        entry = {"manager": manager, "operation": operation, "apiVersion": obj["apiVersion"], "time": at}
        entry |= {"fieldsType": "FieldsV1", "fieldsV1": _to_fields(owned)}
        entries.append(entry | ({"subresource": subresource} if subresource else {}))
    obj["metadata"]["managedFields"] = entries


def apply(current: Object, config: Object, manager: str, at: str, *, force: bool) -> Object:
    """`current` with the configuration of `manager` applied. Raises a 409 ApiError when others own what it would change, unless forced."""
    wanted, live = leaves(config), leaves(current)
    others: set[Path] = set()
    mine: set[Path] = set()
    conflicts: list[tuple[str, str]] = []
    for entry in current["metadata"].get("managedFields") or ():
        paths = _from_fields(entry.get("fieldsV1") or {})
        if entry["manager"] == manager and entry["operation"] == "Apply":
            mine = paths
            continue
        others |= paths
        label = f'"{entry["manager"]}"' + ("" if entry["operation"] == "Apply" else f" using {entry['apiVersion']}")
        conflicts += [(label, _dotted(p)) for p in sorted(paths & wanted.keys()) if p in live and live[p] != wanted[p]]
    if conflicts and not force:
        raise apply_conflict(conflicts)
    merged: Object = copied(current)
    for path in sorted(mine - wanted.keys() - others, key=len, reverse=True):
        _remove(merged, path)
    merged = _merge(merged, copied({k: v for k, v in config.items() if k != "metadata"}))
    meta = {k: v for k, v in config["metadata"].items() if k not in _UNMANAGED_META}
    merged["metadata"] = _merge(merged["metadata"], copied(meta))
    taken = {path for path in wanted if path in live and live[path] != wanted[path]}
    _record(merged, manager, "Apply", at, "", lambda _owned: set(wanted), taken=taken, existing=leaves(merged).keys())
    return merged


def _merge(target: Any, config: Any, field: str = "") -> Any:
    if isinstance(config, dict) and isinstance(target, dict):
        return target | {key: _merge(target.get(key), value, key) for key, value in config.items()}
    if isinstance(config, list) and isinstance(target, list):
        if is_set(field):
            return target + [item for item in config if item not in target]
        keys = list_keys(field, [*target, *config])
        if keys is not None:
            by_step = {_item_step(item, keys): item for item in target}
            for item in config:
                step = _item_step(item, keys)
                by_step[step] = _merge(by_step.get(step), item)
            return list(by_step.values())
    return config


def _remove(node: Any, path: Path) -> None:
    step, rest = path[0], path[1:]
    if step.startswith("f:"):
        key = step.removeprefix("f:")
        if not isinstance(node, dict) or key not in node:
            return
        if rest:
            _remove(node[key], rest)
        else:
            del node[key]
    elif isinstance(node, list):
        wanted = json.loads(step[2:])
        for item in list(node):
            if isinstance(item, dict) and all(item.get(k, "TCP") == v for k, v in wanted.items()):
                if rest:
                    _remove(item, rest)
                else:
                    node.remove(item)


def _dotted(path: Path) -> str:
    """As the server names a field in a conflict: `.spec.containers[name="app"].image`."""
    text = ""
    for step in path:
        if step.startswith("k:"):
            text += "[" + ",".join(f"{key}={json.dumps(value)}" for key, value in json.loads(step[2:]).items()) + "]"
        else:
            text += "." + step[2:]
    return text
