# SPDX-License-Identifier: GPL-3.0-or-later
"""A few series of kube-state-metrics, and ``up`` of everything that is scraped."""

from __future__ import annotations

from collections.abc import Iterator

from lab.scenario.model import Workload
from lab.world.curve import Curve
from lab.world.pods import PodRecord
from lab.world.series import SeriesDefinition, gauge, steps
from lab.world.world import World

_JOB = {"job": "kube-state-metrics"}


def series(world: World) -> Iterator[SeriesDefinition]:
    for record in world.pods.records.values():
        yield from _of_pod(world, record)
    for name, workload in world.scenario.workloads.items():
        yield from _of_workload(world, name, workload)
    for job in ("kubelet", "kube-state-metrics"):
        yield gauge("up", {"job": job, "instance": f"{job}:8080"}, Curve.constant(1.0), world.beginning)


def _of_pod(world: World, record: PodRecord) -> Iterator[SeriesDefinition]:
    since, until = max(record.created, world.beginning), record.deleted
    port = world.scenario.workloads[record.workload].port
    ready = [(at, float(value)) for at, value in record.ready] or [(since, 0.0)]
    target = {"job": record.workload, "namespace": record.namespace, "pod": record.name, "instance": f"{record.address}:{port}"}
    labels = {**_JOB, "namespace": record.namespace, "pod": record.name}
    container = {**labels, "container": record.container}
    yield steps("up", target, ready, since, until)
    yield steps("kube_pod_status_ready", {**labels, "condition": "true"}, ready, since, until)
    yield steps("kube_pod_status_ready", {**labels, "condition": "false"}, [(at, 1 - value) for at, value in ready], since, until)
    restarts = [(at, float(count)) for at, count in record.restarts] or [(since, 0.0)]
    yield steps("kube_pod_container_status_restarts_total", container, restarts, since, until)
    for reason in sorted({reason for _, reason in record.waiting if reason}):
        waiting = [(since, 0.0), *((at, float(now == reason)) for at, now in record.waiting)]
        yield steps("kube_pod_container_status_waiting_reason", {**container, "reason": reason}, waiting, since, until)


def _of_workload(world: World, name: str, workload: Workload) -> Iterator[SeriesDefinition]:
    kind = workload.kind.lower()
    labels = {**_JOB, "namespace": workload.namespace, kind: name}
    wanted = [(at, float(count)) for at, count in world.replicas[name]]
    if wanted:
        yield steps(f"kube_{kind}_spec_replicas", labels, wanted, world.beginning)
    yield steps(f"kube_{kind}_status_replicas_available", labels, _available(world, name), world.beginning)
    if workload.autoscaler is not None:
        scaler = {**_JOB, "namespace": workload.namespace, "horizontalpodautoscaler": name}
        bounds = (("min", workload.autoscaler.min), ("max", workload.autoscaler.max))
        for bound, count in bounds:
            yield gauge(f"kube_horizontalpodautoscaler_spec_{bound}_replicas", scaler, Curve.constant(float(count)), world.beginning)


def _available(world: World, workload: str) -> list[tuple[float, float]]:
    """How many pods were ready, from each moment on."""
    changes: list[tuple[float, int]] = []
    for record in world.pods.of(workload):
        was_ready = False
        for at, is_ready in [*record.ready, *([(record.deleted, False)] if record.deleted is not None else [])]:
            changes.append((at, int(is_ready) - int(was_ready)))
            was_ready = is_ready
    count, counts = 0, [(world.beginning, 0.0)]
    for at, difference in sorted(changes):
        count += difference
        counts.append((max(at, world.beginning), float(count)))
    return counts
