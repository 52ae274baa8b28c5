# SPDX-License-Identifier: GPL-3.0-or-later
"""The signals of a scenario by the names that faults use.

``payment-api.error_rate`` is one of a workload, ``payments-db.connections`` of a dependency, ``metrics.queue_depth`` a team's own metric.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import get_type_hints

from lab import quantities
from lab.scenario import model

_READERS: Mapping[object, Callable[[str], float]] = {
    model.Number: quantities.number,
    model.Share: quantities.share,
    model.Seconds: quantities.duration,
}
_OF_DEPENDENCY = {
    "none": ("up",),
    "postgres": ("up", "connections", "max_connections", "query_rate", "query_time"),
    "redis": ("up", "connections", "memory", "miss_rate", "lookup_rate", "evictions", "link"),
}


@dataclass(frozen=True, slots=True)
class Signal:
    """``read`` turns a value, as it is written in a scenario, into a number; it raises ValueError."""

    name: str
    normal: float
    read: Callable[[str], float]


def signals(scenario: model.Scenario) -> dict[str, Signal]:
    """All signals by name. Raises ValueError when the value of a team's own metric cannot be read."""
    found: list[Signal] = []
    for name, workload in scenario.workloads.items():
        found.extend(_of(name, workload.signals, tuple(field.name for field in fields(workload.signals))))
    for name, dependency in scenario.dependencies.items():
        found.extend(_of(name, dependency.signals, _names(dependency)))
    for name, metric in scenario.metrics.items():
        read = quantities.duration if metric.type.endswith("histogram") else quantities.number
        found.append(Signal(f"metrics.{name}", read(metric.normal), read))
    return {signal.name: signal for signal in found}


def _names(dependency: model.Dependency) -> tuple[str, ...]:
    return _OF_DEPENDENCY["postgres" if dependency.type == "postgresql" else dependency.exporter]


def _of(owner: str, values: model.WorkloadSignals | model.DependencySignals, names: tuple[str, ...]) -> list[Signal]:
    hints = get_type_hints(type(values))
    found = []
    for name in names:
        normal = getattr(values, name)
        if normal is not None:
            hint = next(kind for kind in _READERS if kind == hints[name] or hints[name] == kind | None)  # type: ignore[operator]
            found.append(Signal(f"{owner}.{name}", float(normal), _READERS[hint]))
    return found
