# SPDX-License-Identifier: GPL-3.0-or-later
"""What a service's instrumentation counts about its requests, summed over its pods as a gateway in front of them sees it."""

from __future__ import annotations

from collections.abc import Iterator

from lab.world.curve import Curve
from lab.world.series import SeriesDefinition, counter, gauge, histogram
from lab.world.world import World

_SUCCESSES = (("200", 0.985), ("404", 0.015))
_FAILURES = (("500", 0.7), ("503", 0.3))
_REFUSALS = (("400", 1.0),)


def series(world: World) -> Iterator[SeriesDefinition]:
    """``http_requests_total``, ``http_request_duration_seconds`` and ``active_sessions`` of every workload that has such signals."""
    for name, workload in world.scenario.workloads.items():
        labels = {"job": name, "namespace": workload.namespace, "service": name}
        if world.has(f"{name}.request_rate"):
            rate, errors = world.signal(f"{name}.request_rate"), world.signal(f"{name}.error_rate")
            successes = [errors.mapped(lambda share: 1 - share)]
            refusals: list[Curve] = []
            if world.has(f"{name}.client_error_rate"):
                refused = world.signal(f"{name}.client_error_rate")
                refusals, successes = [*successes, refused], [*successes, refused.mapped(lambda share: 1 - share)]
            for shares, statuses in ((successes, _SUCCESSES), ([errors], _FAILURES), (refusals, _REFUSALS)):
                for status, part in statuses if shares else ():
                    yield counter("http_requests_total", {**labels, "status": status}, [rate, *shares], world.beginning, scale=part)
            if world.has(f"{name}.latency_p95"):
                p50: Curve | None = world.signal(f"{name}.latency_p50") if world.has(f"{name}.latency_p50") else None
                yield from histogram("http_request_duration_seconds", labels, world, rate, world.signal(f"{name}.latency_p95"), p50)
        if world.has(f"{name}.sessions"):
            yield gauge("active_sessions", labels, world.signal(f"{name}.sessions"), world.beginning)
