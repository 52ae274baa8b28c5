# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""More or fewer pods."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..clients.cluster import ClusterClient, workload_path
from ..evidence.objects import mapping
from ..model.service import Service, WorkloadKind
from .autoscalers import autoscaler_of, is_paused, keda_object
from .intent import Intent, MitigationRefusedError
from .strategy import replicas_of


def scale(client: ClusterClient, service: Service, replicas: int) -> Intent:
    """To ``replicas`` pods: by the workload, or by the bounds of its autoscaler, which would choose again at once.

    A workload of no pods is left alone by its autoscaler, whose bounds can't be 0:
    https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/#implicit-maintenance-mode-deactivation
    """
    _not_daemon_set(service)
    workload = client.get(workload_path(service.workload_kind, service.namespace, service.workload))
    scaler = autoscaler_of(client, service)
    keda = keda_object(scaler.found) if scaler is not None else None
    if keda is not None:
        raise MitigationRefusedError(
            f"KEDA chooses how many pods {service.workload} in {service.namespace} has (ScaledObject {keda}), and would put its own number "
            "back. Hold it still first (pause_autoscaling), then scale."
        )
    if scaler is not None and replicas > 0 and not is_paused(scaler.found):
        spec = mapping(scaler.found.get("spec"))
        lowest, highest = int(spec.get("minReplicas") or 1), int(spec.get("maxReplicas") or 1)
        more = replicas >= replicas_of(service.workload_kind, workload)
        bounds = {"minReplicas": replicas if more else min(lowest, replicas), "maxReplicas": max(highest, replicas) if more else replicas}
        return bounded(service, scaler, {name: max(bound, 1) for name, bound in bounds.items()})
    return replicated(service, workload, replicas)


def unscale(client: ClusterClient, service: Service, kind: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Intent:
    """Back to ``before``, where ``after`` is what there is still. Refused when somebody has scaled it otherwise meanwhile."""
    _not_daemon_set(service)
    if kind == "HorizontalPodAutoscaler":
        scaler = autoscaler_of(client, service)
        if scaler is None:
            raise MitigationRefusedError(
                f"The autoscaler of {service.workload} in {service.namespace} is gone; there is nothing to put back."
            )
        spec = mapping(scaler.found.get("spec"))
        now: Mapping[str, Any] = {name: spec.get(name) for name in ("minReplicas", "maxReplicas")}
        _unchanged(service, now, before, after)
        return bounded(service, scaler, before)
    workload = client.get(workload_path(service.workload_kind, service.namespace, service.workload))
    now = {"replicas": replicas_of(service.workload_kind, workload)}
    _unchanged(service, now, before, after)
    return replicated(service, workload, int(before["replicas"]))


def replicated(service: Service, workload: Mapping[str, Any], replicas: int) -> Intent:
    before = replicas_of(service.workload_kind, workload)
    what = f"{service.workload_kind.value} {service.workload}"
    changed = before != replicas
    return Intent(
        service.workload_kind.value,
        service.workload,
        workload_path(service.workload_kind, service.namespace, service.workload),
        workload,
        {"replicas": before},
        {"replicas": replicas},
        f"Scaled {what} from {before} to {replicas} pods" if changed else f"{what} has {replicas} pods already",
        [{"op": "add", "path": "/spec/replicas", "value": replicas}] if changed else (),
        f"Scale it back to {before}",
    )


def bounded(service: Service, scaler: Any, bounds: Mapping[str, Any]) -> Intent:
    """The autoscaler within ``bounds`` (minReplicas, maxReplicas)."""
    spec = mapping(scaler.found.get("spec"))
    before = {name: spec.get(name) for name in ("minReplicas", "maxReplicas")}
    changes = {name: value for name, value in bounds.items() if before.get(name) != value}
    shown, was = (f"{found.get('minReplicas')} to {found.get('maxReplicas')}" for found in (bounds, before))
    return Intent(
        "HorizontalPodAutoscaler",
        scaler.name,
        scaler.path,
        scaler.found,
        before,
        dict(bounds),
        f"Had the autoscaler {scaler.name} of {service.workload} choose from {shown} pods instead of {was}"
        if changes
        else f"The autoscaler {scaler.name} of {service.workload} chooses from {shown} pods already",
        [{"op": "add", "path": f"/spec/{name}", "value": value} for name, value in changes.items()],
        f"Let it choose from {was} pods again",
    )


def _unchanged(service: Service, now: Mapping[str, Any], before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
    if now not in (dict(before), dict(after)):
        shown = ", ".join(f"{name} {value}" for name, value in now.items())
        raise MitigationRefusedError(
            f"Somebody has scaled {service.workload} in {service.namespace} otherwise meanwhile ({shown}). It was left alone."
        )


def _not_daemon_set(service: Service) -> None:
    if service.workload_kind is WorkloadKind.DAEMON_SET:
        raise MitigationRefusedError(f"{service.workload} is a DaemonSet: it has one pod for each node that fits, and can't be scaled.")
