# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a pod template names: ConfigMaps, Secrets and volume claims, each with where it is used and whether it may be absent."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..lean import dataclass
from .objects import Object, mapping, sequence

CONFIG_MAP, SECRET = "ConfigMap", "Secret"


@dataclass(frozen=True, slots=True)
class Reference:
    """``key`` is None where the object as a whole is meant. ``pull`` for what only pulls the image."""

    kind: str
    name: str
    used_by: str
    key: str | None = None
    optional: bool = False
    pull: bool = False


def references(template: Object) -> tuple[Reference, ...]:
    """Every ConfigMap and Secret of a pod template, in the order in which they are named; each once for each key."""
    spec = mapping(template.get("spec"))
    found = [*_volumes(spec), *_containers(spec)]
    found += [Reference(SECRET, _name(one), "imagePullSecrets", pull=True) for one in _each(spec.get("imagePullSecrets"))]
    named = [one for one in found if one.name]
    return tuple({(one.kind, one.name, one.key): one for one in reversed(named)}.values())[::-1]


def claims(template: Object) -> tuple[str, ...]:
    """The names of the PersistentVolumeClaims that the template's volumes are."""
    volumes = _each(mapping(template.get("spec")).get("volumes"))
    names = [str(mapping(one.get("persistentVolumeClaim")).get("claimName") or "") for one in volumes]
    return tuple(name for name in names if name)


def _volumes(spec: Object) -> Iterator[Reference]:
    for volume in _each(spec.get("volumes")):
        where = f"volume {_name(volume)}"
        yield from _source(volume, where, "secretName")
        for source in _each(mapping(volume.get("projected")).get("sources")):
            yield from _source(source, where, "name")
        driver = mapping(mapping(volume.get("csi")).get("nodePublishSecretRef"))
        if driver:
            yield Reference(SECRET, _name(driver), where)


def _source(volume: Object, where: str, secret_name: str) -> Iterator[Reference]:
    for kind, field, name_field in ((CONFIG_MAP, "configMap", "name"), (SECRET, "secret", secret_name)):
        source = mapping(volume.get(field))
        if not source:
            continue
        name, optional = str(source.get(name_field) or ""), bool(source.get("optional"))
        keys = [str(one.get("key")) for one in _each(source.get("items")) if one.get("key")]
        yield Reference(kind, name, where, None, optional)
        yield from (Reference(kind, name, where, key, optional) for key in keys)


def _containers(spec: Object) -> Iterator[Reference]:
    for container in (*_each(spec.get("initContainers")), *_each(spec.get("containers"))):
        where = f"container {_name(container)}"
        for source in _each(container.get("envFrom")):
            for kind, field in ((CONFIG_MAP, "configMapRef"), (SECRET, "secretRef")):
                reference = mapping(source.get(field))
                if reference:
                    yield Reference(kind, _name(reference), where, None, bool(reference.get("optional")))
        for variable in _each(container.get("env")):
            for kind, field in ((CONFIG_MAP, "configMapKeyRef"), (SECRET, "secretKeyRef")):
                reference = mapping(mapping(variable.get("valueFrom")).get(field))
                if reference:
                    by = f"{where}, variable {_name(variable)}"
                    yield Reference(kind, _name(reference), by, str(reference.get("key") or "") or None, bool(reference.get("optional")))


def _each(value: Any) -> Iterator[Object]:
    return map(mapping, sequence(value))


def _name(found: Object) -> str:
    return str(found.get("name") or "")
