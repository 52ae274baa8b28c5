# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether other services fail too, which something that they share would explain better than code; and in which pods this one fails."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ..clients.prometheus import PrometheusClient, SeriesResult
from ..lean import dataclass
from ..model.metrics import PodShare
from ..model.metrics_raw import RawNeighbour
from ..model.service import Service
from .by_pod import by_pod, shares_by_pod
from .metric_names import MetricNames, metric_names

NOTABLE = 0.02
"""Share of failed requests from which another service fails."""
MOST = 8
SPAN, STEP = 1800.0, 30.0


@dataclass(frozen=True, slots=True)
class WhereItFails:
    """The other services that fail, and the pods in which requests of this one do, or are refused."""

    neighbours: tuple[RawNeighbour, ...] = ()
    pods: tuple[PodShare, ...] = ()
    refusing: tuple[PodShare, ...] = ()


def where_it_fails(client: PrometheusClient, service: Service, now: float, names: MetricNames | None = None) -> WhereItFails:
    """The services that fail, told by their ``job`` (by their workload in a mesh), and the service's own pods by whether they do.

    ``now`` is unix seconds, by our own clock. One query for both; a second and a third only where others fail. SourceUnavailableError
    when Prometheus does not answer.
    """
    known = names or metric_names(service)
    answer = client.instant(f"{_share(known, '5m')} > {NOTABLE} or {shares_by_pod(known)}")
    failing = _by_name(answer, known.told_by)
    return WhereItFails(_neighbours(client, known, failing, answer, now) if failing else (), by_pod(answer), by_pod(answer, refused=True))


def _neighbours(
    client: PrometheusClient, known: MetricNames, failing: dict[str, float], answer: Sequence[SeriesResult], now: float
) -> tuple[RawNeighbour, ...]:
    worst = dict(sorted(failing.items(), key=lambda pair: -pair[1])[:MOST])
    usual = _by_name(client.instant(_share(known, "1h", " offset 1d")), known.told_by)
    end = math.floor(max((one.samples[-1][0] for one in answer if one.samples), default=now))
    lately = {one.labels.get(known.told_by, ""): one.samples for one in client.range(_share(known, "1m"), end - SPAN, end, STEP)}
    return tuple(
        RawNeighbour(name, share, usual.get(name), tuple(point for point in lately.get(name, ()) if math.isfinite(point[1])))
        for name, share in worst.items()
    )


def _share(names: MetricNames, window: str, offset: str = "") -> str:
    by = f"sum by ({names.told_by})"
    failed = f"{by} (rate({names.requests}{{{names.others},{names.failure}}}[{window}]{offset}))"
    return f"{failed} / {by} (rate({names.requests}{{{names.others}}}[{window}]{offset}))"


def _by_name(answer: Sequence[SeriesResult], label: str) -> dict[str, float]:
    known = ((one.labels.get(label, ""), one.samples[-1][1]) for one in answer if one.samples)
    return {name: share for name, share in known if name and math.isfinite(share)}
