# SPDX-License-Identifier: GPL-3.0-or-later
"""A service's own ``/metrics`` page, in the text format that Prometheus scrapes."""

from __future__ import annotations

from lab.prometheus.native import NativeHistogram
from lab.prometheus.number_format import quote
from lab.world.exporters import custom, http_server
from lab.world.world import World

_OWN_LABELS = {"__name__", "job", "namespace", "service"}


def metrics_page(world: World, workload: str) -> str:
    """One line a series of the workload, with its present value."""
    now = world.clock()
    lines = []
    for definition in (*http_server.series(world), *custom.series(world)):
        labels = definition.labels
        if labels.get("job") == workload:
            inner = ",".join(f"{name}={quote(value)}" for name, value in labels.items() if name not in _OWN_LABELS)
            value = definition.sampled([now])[0]
            if isinstance(value, NativeHistogram):  # which the text format cannot hold
                continue
            lines.append(f"{labels['__name__']}{{{inner}}} {value:.10g}" if inner else f"{labels['__name__']} {value:.10g}")
    return "\n".join(lines) + "\n"
