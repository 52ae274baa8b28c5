# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""More or fewer pods, and back to as many as there were."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from ..clients.cluster import ClusterClient, workload_path
from ..evidence.objects import mapping
from ..lean import dataclass
from ..model.mitigation import Mitigation
from ..model.service import Service, WorkloadKind
from .autoscalers import Autoscaler, autoscaler_of, is_paused
from .intent import Intent, MitigationRefusedError, now_text
from .keda import keeps_a_number, made_by, scaled_object_of
from .steps import ScaleStep, keep_steps, steps_of
from .strategy import replicas_of

_SCALER = "HorizontalPodAutoscaler"
_BOUNDS = ("minReplicas", "maxReplicas")


@dataclass(frozen=True, slots=True)
class _Place:
    """Where the number of pods is chosen: the workload's replicas, or the bounds of its autoscaler. ``now`` are those fields."""

    kind: str
    name: str
    path: str
    found: Mapping[str, Any]
    now: Mapping[str, Any]

    @property
    def written(self) -> tuple[ScaleStep, ...]:
        return steps_of(self.found)

    @property
    def steps(self) -> tuple[ScaleStep, ...]:
        """Those that led to what there is now: none where somebody has scaled otherwise since."""
        written = self.written
        return written if written and written[-1].after == self.now else ()


def scale(client: ClusterClient, service: Service, replicas: int, now: datetime) -> Intent:
    """To ``replicas`` pods: by the workload, or by the bounds of its autoscaler, which would choose again at once.

    A workload of no pods is left alone by its autoscaler, whose bounds can't be 0:
    https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/#implicit-maintenance-mode-deactivation
    """
    _not_daemon_set(service)
    workload = client.get(workload_path(service.workload_kind, service.namespace, service.workload))
    scaler = autoscaler_of(client, service)
    kedas = _kedas_still(client, service, scaler)
    if scaler is None or kedas or replicas == 0 or is_paused(scaler.found):
        place = _pods(service, workload)
        after = {"replicas": replicas}
    else:
        place = _bounds(scaler)
        lowest, highest = int(place.now.get("minReplicas") or 1), int(place.now.get("maxReplicas") or 1)
        more = replicas >= replicas_of(service.workload_kind, workload)
        after = {"minReplicas": replicas if more else min(lowest, replicas), "maxReplicas": max(highest, replicas) if more else replicas}
    if place.steps and place.steps[-1].wanted == replicas:
        last = place.steps[-1]
        return _standing(service, place, last)
    if place.now == after:
        return _intent(service, place, after, _already(service, place))
    numbers = {name: int(value or 1) for name, value in place.now.items()}
    step = ScaleStep(numbers, after, replicas, now_text(now))
    return _intent(service, place, after, _done(service, place, after), (*place.steps, step))


def unscale(client: ClusterClient, service: Service, saved: Mitigation | None) -> Intent:
    """Back to what there was before ``saved``; where that is not given, before the last step that is kept on the object itself.

    Refused when somebody has scaled it otherwise meanwhile.
    """
    _not_daemon_set(service)
    if saved is not None:
        return _back_before(service, _place_of(client, service, saved.kind), saved)
    workload = client.get(workload_path(service.workload_kind, service.namespace, service.workload))
    scaler = autoscaler_of(client, service)
    places = [_pods(service, workload), *([_bounds(scaler)] if scaler is not None else [])]
    place = max(places, key=lambda one: one.written[-1].at if one.written else "")
    if not place.written:
        return _intent(service, place, place.now, f"{service.workload_kind.value} {service.workload} is not scaled by us")
    last = place.written[-1]
    if not place.steps and place.now != last.before:
        raise _otherwise(service, place)
    return _back(service, place, last.before, place.steps[:-1])


def _back_before(service: Service, place: _Place, saved: Mitigation) -> Intent:
    known = [number for number, one in enumerate(place.steps) if (one.before, one.after) == (saved.before, saved.after)]
    if known:
        return _back(service, place, saved.before, place.steps[: known[-1]])
    if place.now not in (dict(saved.before), dict(saved.after)):
        raise _otherwise(service, place)
    return _back(service, place, saved.before, ())


def _place_of(client: ClusterClient, service: Service, kind: str) -> _Place:
    if kind != _SCALER:
        return _pods(service, client.get(workload_path(service.workload_kind, service.namespace, service.workload)))
    scaler = autoscaler_of(client, service)
    if scaler is None:
        raise MitigationRefusedError(f"The autoscaler of {service.workload} in {service.namespace} is gone; there is nothing to put back.")
    return _bounds(scaler)


def _pods(service: Service, workload: Mapping[str, Any]) -> _Place:
    path = workload_path(service.workload_kind, service.namespace, service.workload)
    now = {"replicas": replicas_of(service.workload_kind, workload)}
    return _Place(service.workload_kind.value, service.workload, path, workload, now)


def _bounds(scaler: Autoscaler) -> _Place:
    spec = mapping(scaler.found.get("spec"))
    return _Place(_SCALER, scaler.name, scaler.path, scaler.found, {name: spec.get(name) for name in _BOUNDS})


def _back(service: Service, place: _Place, before: Mapping[str, Any], left: tuple[ScaleStep, ...]) -> Intent:
    if place.now == dict(before):
        return _intent(service, place, before, _already(service, place))
    return _intent(service, place, before, _done(service, place, before), left)


def _standing(service: Service, place: _Place, last: ScaleStep) -> Intent:
    return Intent(
        place.kind, place.name, place.path, place.found, last.before, last.after, _already(service, place), (), _undo(last.before), True
    )


def _intent(service: Service, place: _Place, after: Mapping[str, Any], title: str, steps: tuple[ScaleStep, ...] | None = None) -> Intent:
    """With ``steps`` it is changed, and they are kept on it."""
    changes = [{"op": "add", "path": f"/spec/{name}", "value": value} for name, value in after.items() if place.now.get(name) != value]
    return Intent(
        place.kind,
        place.name,
        place.path,
        place.found,
        dict(place.now),
        dict(after),
        title,
        () if steps is None else [*changes, *keep_steps(place.found, steps)],
        _undo(place.now),
    )


def _done(service: Service, place: _Place, after: Mapping[str, Any]) -> str:
    if place.kind == _SCALER:
        shown, was = _range(after), _range(place.now)
        return f"Had the autoscaler {place.name} of {service.workload} choose from {shown} pods instead of {was}"
    return f"Scaled {place.kind} {place.name} from {place.now['replicas']} to {after['replicas']} pods"


def _already(service: Service, place: _Place) -> str:
    if place.kind == _SCALER:
        return f"The autoscaler {place.name} of {service.workload} chooses from {_range(place.now)} pods already"
    return f"{place.kind} {place.name} has {place.now['replicas']} pods already"


def _undo(before: Mapping[str, Any]) -> str:
    return f"Scale it back to {before['replicas']}" if "replicas" in before else f"Let it choose from {_range(before)} pods again"


def _range(bounds: Mapping[str, Any]) -> str:
    return f"{bounds.get('minReplicas')} to {bounds.get('maxReplicas')}"


def _otherwise(service: Service, place: _Place) -> MitigationRefusedError:
    shown = ", ".join(f"{name} {value}" for name, value in place.now.items())
    return MitigationRefusedError(
        f"Somebody has scaled {service.workload} in {service.namespace} otherwise meanwhile ({shown}). It was left alone."
    )


def _kedas_still(client: ClusterClient, service: Service, scaler: Autoscaler | None) -> bool:
    """Whether KEDA scales it and is held still. MitigationRefusedError where it scales it and is not."""
    scaled = scaled_object_of(client, service, scaler)
    name = scaled.name if scaled is not None else made_by(scaler) if scaler is not None else None
    if name is None:
        return False
    what = f"how many pods {service.workload} in {service.namespace} has (ScaledObject {name}), and would put its own number back"
    if scaled is None or not scaled.paused:
        raise MitigationRefusedError(f"KEDA chooses {what}. Hold it still first (pause_autoscaling), then scale.")
    if keeps_a_number(scaled.found):
        raise MitigationRefusedError(f"KEDA was told {what}. Change its annotation autoscaling.keda.sh/paused-replicas.")
    return True


def _not_daemon_set(service: Service) -> None:
    if service.workload_kind is WorkloadKind.DAEMON_SET:
        raise MitigationRefusedError(f"{service.workload} is a DaemonSet: it has one pod for each node that fits, and can't be scaled.")
