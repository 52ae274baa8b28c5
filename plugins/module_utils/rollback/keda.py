# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""KEDA's ScaledObject of a workload, held still by its own means.

While it is held still, KEDA removes the HorizontalPodAutoscaler that it made, so the ScaledObject has to be found without it.
https://keda.sh/docs/latest/concepts/scaling-deployments/#pause-autoscaling
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ..clients.cluster import ClusterClient, ClusterError
from ..evidence.objects import annotations_of, labels_of, mapping, name_of, sequence
from ..lean import dataclass
from ..model.service import Service
from .autoscalers import HELD, UNDO, Autoscaler
from .intent import Intent, annotate

_LABEL = "scaledobject.keda.sh/name"
_PAUSED = "autoscaling.keda.sh/paused"
_PAUSED_AT = "autoscaling.keda.sh/paused-replicas"


@dataclass(frozen=True, slots=True)
class ScaledObject:
    name: str
    path: str
    found: Mapping[str, Any]

    @property
    def paused(self) -> bool:
        marks = annotations_of(self.found)
        return marks.get(_PAUSED) == "true" or _PAUSED_AT in marks


def made_by(scaler: Autoscaler) -> str | None:
    """The ScaledObject that KEDA made this autoscaler for; KEDA puts back what is changed of it."""
    return labels_of(scaler.found).get(_LABEL)


def scaled_object_of(client: ClusterClient, service: Service, scaler: Autoscaler | None) -> ScaledObject | None:
    """The ScaledObject that ``scaler`` was made for, or that names the workload where there is no autoscaler.

    None where there is none, KEDA's API is not served, or it may not be read; ClusterError where that can't be told.
    """
    path = f"/apis/keda.sh/v1alpha1/namespaces/{service.namespace}/scaledobjects"
    name = made_by(scaler) if scaler is not None else None
    if scaler is not None and name is None:
        return None
    try:
        if name is not None:
            return ScaledObject(name, f"{path}/{name}", client.get(f"{path}/{name}"))
        listed = sequence(client.get(path).get("items"))
    except ClusterError as error:
        if error.status in (403, 404):
            return None
        raise
    for found in listed:
        target = mapping(mapping(mapping(found).get("spec")).get("scaleTargetRef"))
        if (target.get("kind") or "Deployment", target.get("name")) == (service.workload_kind.value, service.workload):
            return ScaledObject(name_of(found), f"{path}/{name_of(found)}", found)
    return None


def keeps_a_number(found: Mapping[str, Any]) -> bool:
    """Whether KEDA keeps the workload at a number that somebody has given."""
    return _PAUSED_AT in annotations_of(found)


def hold_scaled_object(service: Service, scaled: ScaledObject) -> Intent:
    """What it was before stays on it. One that somebody else holds still is left as it is."""
    standing = scaled.paused and HELD in annotations_of(scaled.found)  # perhaps by a run that was killed before it could say so
    mark = annotations_of(scaled.found).get(_PAUSED)
    title = f"KEDA's ScaledObject {scaled.name} of {service.workload} is held still already"
    operations: list[dict[str, Any]] = []
    if not scaled.paused:
        title = f"Held KEDA's ScaledObject {scaled.name} of {service.workload} still"
        operations = _annotations(scaled.found, {_PAUSED: "true", HELD: json.dumps(mark)})
    before = _kept(scaled.found) if standing else mark
    after = mark if scaled.paused else "true"
    return _intent(scaled, before, after, title, operations, standing)


def release_scaled_object(service: Service, scaled: ScaledObject) -> Intent:
    """As it was before; nothing where it was not held still by us."""
    marks = annotations_of(scaled.found)
    if HELD not in marks:
        return _intent(scaled, marks.get(_PAUSED), marks.get(_PAUSED), f"KEDA's ScaledObject {scaled.name} is not held still by us", [])
    if not scaled.paused:
        title = f"Somebody has let KEDA's ScaledObject {scaled.name} of {service.workload} go meanwhile: it was left as it is"
        return _intent(scaled, marks.get(_PAUSED), marks.get(_PAUSED), title, _annotations(scaled.found, {HELD: None}))
    before = _kept(scaled.found)
    title = f"Let KEDA's ScaledObject {scaled.name} of {service.workload} go again"
    return _intent(scaled, marks.get(_PAUSED), before, title, _annotations(scaled.found, {_PAUSED: before, HELD: None}))


def _kept(found: Mapping[str, Any]) -> str | None:
    try:
        kept = json.loads(annotations_of(found)[HELD])
    except ValueError:
        return None
    return kept if isinstance(kept, str) else None


def _annotations(found: Mapping[str, Any], changes: Mapping[str, str | None]) -> list[dict[str, Any]]:
    """Operations for all of them in one request: what is not there yet has to be made once."""
    if annotations_of(found):
        return [operation for name, value in changes.items() for operation in annotate(found, name, value)]
    added = {name: value for name, value in changes.items() if value is not None}
    return [{"op": "add", "path": "/metadata/annotations", "value": added}] if added else []


def _intent(
    scaled: ScaledObject, before: str | None, after: str | None, title: str, operations: list[dict[str, Any]], standing: bool = False
) -> Intent:
    return Intent(
        "ScaledObject", scaled.name, scaled.path, scaled.found, {_PAUSED: before}, {_PAUSED: after}, title, operations, UNDO, standing
    )
