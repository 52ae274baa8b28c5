# SPDX-License-Identifier: GPL-3.0-or-later
"""Which lists of the API are merged by a key instead of replaced (`patchMergeKey` and `listMapKey` in k8s.io/api/*/types.go)."""

from __future__ import annotations

from typing import Any

_KEYS: dict[str, tuple[str, ...]] = {
    "addresses": ("type",),
    "conditions": ("type",),
    "containers": ("name",),
    "env": ("name",),
    "ephemeralContainers": ("name",),
    "hostAliases": ("ip",),
    "imagePullSecrets": ("name",),
    "initContainers": ("name",),
    "ownerReferences": ("uid",),
    "podIPs": ("ip",),
    "hostIPs": ("ip",),
    "resourceClaims": ("name",),
    "secrets": ("name",),
    "topologySpreadConstraints": ("topologyKey", "whenUnsatisfiable"),
    "volumeDevices": ("devicePath",),
    "volumeMounts": ("mountPath",),
    "volumes": ("name",),
}
_SETS = {"finalizers"}


def list_keys(field: str, items: list[Any]) -> tuple[str, ...] | None:
    """Fields that identify an item of the list under `field`, the key of strategic merges first. None when the list is replaced."""
    if not all(isinstance(item, dict) for item in items):
        return None
    if field == "ports":
        if any("containerPort" in item for item in items):
            return ("containerPort", "protocol")
        return ("port", "protocol") if any("port" in item for item in items) else None
    return _KEYS.get(field)


def is_set(field: str) -> bool:
    """Whether the list under `field` holds plain values that are merged."""
    return field in _SETS
