# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The autoscaler of a workload, held still and let go again.

A HorizontalPodAutoscaler is held still by its own means, a scaling policy of ``Disabled`` in both directions
(https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/#example-disable-scale-down); what it had before stays on it as
an annotation, so that anybody can let it go. One that KEDA made is KEDA's to hold still (see ``keda``).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ..clients.cluster import ClusterClient
from ..evidence.objects import annotations_of, mapping, name_of, sequence
from ..lean import dataclass
from ..model.service import Service
from .intent import Intent, MitigationRefusedError, annotate

HELD = "incident-response.devops/autoscaling-held"
_DIRECTIONS = ("scaleUp", "scaleDown")
UNDO = "The module mitigation with action 'pause_autoscaling' and state 'undone' lets it go again"


@dataclass(frozen=True, slots=True)
class Autoscaler:
    name: str
    path: str
    found: Mapping[str, Any]


def autoscaler_of(client: ClusterClient, service: Service) -> Autoscaler | None:
    path = f"/apis/autoscaling/v2/namespaces/{service.namespace}/horizontalpodautoscalers"
    for found in sequence(client.get(path).get("items")):
        target = mapping(mapping(mapping(found).get("spec")).get("scaleTargetRef"))
        if (target.get("kind"), target.get("name")) == (service.workload_kind.value, service.workload):
            return Autoscaler(name_of(found), f"{path}/{name_of(found)}", found)
    return None


def is_paused(scaler: Mapping[str, Any]) -> bool:
    behavior = mapping(mapping(scaler.get("spec")).get("behavior"))
    return all(mapping(behavior.get(direction)).get("selectPolicy") == "Disabled" for direction in _DIRECTIONS)


def hold_autoscaler(service: Service, scaler: Autoscaler) -> Intent:
    """One that somebody else holds still is left as it is."""
    spec = mapping(scaler.found.get("spec"))
    behavior = spec.get("behavior")
    paused = is_paused(scaler.found)
    standing = paused and HELD in annotations_of(scaler.found)  # perhaps by a run that was killed before it could say so
    before = _kept(scaler) if standing else behavior
    # As it is asked for; the server adds what it takes for granted.
    held = {**mapping(before), **{way: {**mapping(mapping(before).get(way)), "selectPolicy": "Disabled"} for way in _DIRECTIONS}}
    return _intent(
        scaler,
        before,
        held if standing or not paused else behavior,
        f"The autoscaler {scaler.name} of {service.workload} is held still already"
        if paused
        else f"Held the autoscaler {scaler.name} of {service.workload} still",
        ()
        if paused
        else [
            {"op": "add", "path": "/spec/behavior", "value": held},
            *annotate(scaler.found, HELD, json.dumps(behavior, sort_keys=True)),
        ],
        UNDO,
        standing=standing,
    )


def release_autoscaler(service: Service, scaler: Autoscaler) -> Intent:
    """With the behaviour that it had before; nothing where it was not held still by us."""
    kept, before = annotations_of(scaler.found).get(HELD), _kept(scaler)
    now = mapping(scaler.found.get("spec")).get("behavior")
    if kept is not None and not is_paused(scaler.found):
        return _intent(
            scaler,
            now,
            now,
            f"Somebody has let the autoscaler {scaler.name} of {service.workload} go meanwhile: its behaviour was left as it is",
            annotate(scaler.found, HELD, None),
        )
    if kept is not None and kept != "null" and before is None:
        raise MitigationRefusedError(
            f"What the autoscaler {scaler.name} of {service.workload} was before can't be read from its annotation {HELD}. Let it go by "
            "hand and remove that."
        )
    put_back = (
        {"op": "add", "path": "/spec/behavior", "value": before} if isinstance(before, dict) else {"op": "remove", "path": "/spec/behavior"}
    )
    return _intent(
        scaler,
        now,
        before if kept is not None else now,
        f"The autoscaler {scaler.name} of {service.workload} is not held still by us"
        if kept is None
        else f"Let the autoscaler {scaler.name} of {service.workload} go again",
        () if kept is None else [*([put_back] if now is not None else []), *annotate(scaler.found, HELD, None)],
    )


def _intent(
    scaler: Autoscaler, before: Any, after: Any, title: str, operations: Any, undo: str | None = None, standing: bool = False
) -> Intent:
    behaviors = {"behavior": before}, {"behavior": after}
    return Intent("HorizontalPodAutoscaler", scaler.name, scaler.path, scaler.found, *behaviors, title, operations, undo, standing)


def _kept(scaler: Autoscaler) -> Any:
    """The behaviour that it had before it was held still by us."""
    try:
        return json.loads(annotations_of(scaler.found)[HELD])
    except (KeyError, ValueError):
        return None
