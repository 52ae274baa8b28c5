# SPDX-License-Identifier: GPL-3.0-or-later
"""The team's own metrics, as the scenario's ``metrics`` describe them."""

from __future__ import annotations

from collections.abc import Iterator

from lab.world.curve import Curve
from lab.world.series import SeriesDefinition, counter, gauge, histogram, native_histogram
from lab.world.world import World


def series(world: World) -> Iterator[SeriesDefinition]:
    for name, metric in world.scenario.metrics.items():
        labels = {"job": world.scenario.service, **metric.labels}
        curve = world.signal(f"metrics.{name}")
        match metric.type:
            case "gauge":
                yield gauge(name, labels, curve, world.beginning)
            case "counter":
                yield counter(name, labels, [curve], world.beginning)
            case "histogram":
                yield from histogram(name, labels, world, Curve.constant(float(metric.rate)), curve)
            case "native_histogram":
                yield native_histogram(name, labels, world, Curve.constant(float(metric.rate)), curve)
