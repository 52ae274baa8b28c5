# SPDX-License-Identifier: GPL-3.0-or-later
"""What cAdvisor exposes about the containers of every pod, for as long as the pod exists."""

from __future__ import annotations

from collections.abc import Iterator
from zlib import crc32

from lab.world.curve import Curve
from lab.world.pods import PodRecord
from lab.world.series import SeriesDefinition, counter, gauge
from lab.world.world import World

_PERIOD = 100_000.0
"""``cfs_period_us`` of the kernel, microseconds."""

_SPREAD = 0.004
"""How far, at most, a pod is from the average of its workload."""


def pod_factor(name: str) -> float:
    """How this pod's usage differs from the average, so that no two pods are quite alike."""
    return 1 + _SPREAD * (crc32(name.encode()) % 201 - 100) / 100


def series(world: World) -> Iterator[SeriesDefinition]:
    for record in world.pods.records.values():
        yield from _of_pod(world, record)


def _of_pod(world: World, record: PodRecord) -> Iterator[SeriesDefinition]:
    resources = world.scenario.workloads[record.workload].resources_of(record.version)
    labels = {
        "job": "kubelet",
        "namespace": record.namespace,
        "pod": record.name,
        "container": record.container,
        "node": record.node,
    }
    since, until = max(record.created, world.beginning), record.deleted
    factor = pod_factor(record.name)
    if world.has(f"{record.workload}.memory"):
        memory = world.signal(f"{record.workload}.memory").scaled(resources.memory * factor)
        yield gauge("container_memory_usage_bytes", labels, memory, since, until)
        yield gauge("container_memory_working_set_bytes", labels, memory.scaled(0.97), since, until)
        yield gauge("container_spec_memory_limit_bytes", labels, Curve.constant(resources.memory), since, until)
    if world.has(f"{record.workload}.cpu"):
        cpu = world.signal(f"{record.workload}.cpu")
        yield counter("container_cpu_usage_seconds_total", labels, [cpu], since, until, scale=resources.cpu * factor)
        yield gauge("container_spec_cpu_quota", labels, Curve.constant(resources.cpu * _PERIOD), since, until)
        yield gauge("container_spec_cpu_period", labels, Curve.constant(_PERIOD), since, until)
