# SPDX-License-Identifier: GPL-3.0-or-later
"""What Prometheus has scraped of a service: counters that start anew with each container, as chance has them."""

from __future__ import annotations

import math
import random
from collections import defaultdict
from collections.abc import Iterator, Sequence

from .stories import DAY, HOUR, Pod, Service

_BOUNDS = (0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_SPREAD = 0.7
"""Standard deviation of the logarithm of a duration."""
_LIMIT = 512 * 2.0**20
_NAMES = {
    "plain": ("http_requests_total", "http_request_duration_seconds", "status"),
    "opentelemetry": ("http_server_request_duration_seconds_count", "http_server_request_duration_seconds", "http_response_status_code"),
}

Series = tuple[dict[str, str], list[tuple[float, float]]]


def history(service: Service, now: float, namespace: str) -> Iterator[Series]:
    """An hour and a half of the day before, and four and a half of today. `now` is in unix seconds."""
    moments = [*_every(60.0, DAY + 1.2 * HOUR, DAY - 0.3 * HOUR), *_every(15.0, 4.6 * HOUR, 1.0)]
    pods, chance = service.pods(), service.random
    for pod in pods:
        yield from _of_pod(service, pod, pods, moments, now, namespace, chance)


def _every(step: float, first: float, last: float) -> Iterator[float]:
    """Seconds before now, with a phase of its own."""
    ago = first
    while ago > last:
        yield ago
        ago -= step


def _of_pod(
    service: Service, pod: Pod, pods: Sequence[Pod], moments: Sequence[float], now: float, namespace: str, chance: random.Random
) -> Iterator[Series]:
    requests, duration, status = _NAMES[service.names]
    own = {"namespace": namespace, "pod": pod.name, "job": service.name, "instance": f"{pod.name}:8080"}
    if service.names == "opentelemetry":
        own = {"job": f"{namespace}/{service.name}", "instance": pod.name, "k8s_pod_name": pod.name, "k8s_namespace_name": namespace}
    answered: dict[tuple[str, str], list[tuple[float, float]]] = defaultdict(list)
    memory: list[tuple[float, float]] = []
    counts: dict[tuple[str, str], float] = defaultdict(float)
    before, ends = math.inf, sorted(pod.ends, reverse=True)
    for ago in moments:
        if any(before > end >= ago for end in ends):
            counts.clear()
        step, before = min(before - ago, 60.0), ago
        if not (pod.gone < ago <= pod.born):
            continue
        started = min((end for end in ends if end >= ago), default=pod.born)
        used = min(service.memory + service.grows * (started - ago) / HOUR, 0.995 * _LIMIT)
        memory.append((now - ago, used))
        if not pod.serves(ago):
            continue
        _count(service, pod, ago, step, sum(other.serves(ago) for other in pods), counts, chance)
        for key, value in counts.items():
            answered[key].append((now - ago, round(value, 2)))
    for (kind, told), samples in answered.items():
        name, label = (requests, status) if kind == "status" else (f"{duration}_bucket", "le")
        yield {"__name__": name, label: told, **own}, samples
    cadvisor = {"namespace": namespace, "pod": pod.name, "container": service.name, "job": "kubelet"}
    yield {"__name__": "container_memory_working_set_bytes", **cadvisor}, memory
    yield {"__name__": "container_spec_memory_limit_bytes", **cadvisor}, [(at, _LIMIT) for at, _used in memory]


def _count(
    service: Service, pod: Pod, ago: float, step: float, serving: int, counts: dict[tuple[str, str], float], chance: random.Random
) -> None:
    """Adds what the pod answered in `step` seconds until then."""
    told = [one for one in service.troubles if one.ago >= ago > one.until and one.version in (None, pod.release.version)]
    rate = service.rate * math.prod(one.more for one in told) / max(serving, 1)
    median = service.median * math.prod(one.slower for one in told)
    share = 1 - (1 - service.fails) * math.prod(1 - one.fails for one in told)
    came = _drawn(rate * step * chance.gauss(1.0, 0.08), chance)
    failed = min(_drawn(came * share, chance), came)
    counts["status", "200"] += came - failed
    if failed or ("status", "500") in counts:
        counts["status", "500"] += failed
    for bound in _BOUNDS:
        counts["le", f"{bound:g}"] += came * 0.5 * (1 + math.erf(math.log(bound / median) / (_SPREAD * math.sqrt(2))))
    counts["le", "+Inf"] += came


def _drawn(mean: float, chance: random.Random) -> int:
    """As many as chance makes of `mean` (Poisson; of many, its normal approximation)."""
    if mean > 30:
        return max(round(chance.gauss(mean, math.sqrt(mean))), 0)
    number, product, limit = 0, chance.random(), math.exp(-max(mean, 0.0))
    while product > limit:
        number, product = number + 1, product * chance.random()
    return number
