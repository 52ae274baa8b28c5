# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether other services fail too: what they share with this one is then more likely to blame than its own code."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ..clients.prometheus import PrometheusClient, SeriesResult, quote
from ..model.metrics_raw import RawNeighbour
from ..model.service import Service

NOTABLE = 0.02
"""Share of failed requests from which another service fails."""
MOST = 8
SPAN, STEP = 1800.0, 30.0


def neighbours(client: PrometheusClient, service: Service, now: float, requests: str) -> tuple[RawNeighbour, ...]:
    """The services that fail at ``now`` (unix seconds), told by their ``job``; ``requests`` is the metric that they share with this one.

    Two queries; a third and a fourth only where some fail. SourceUnavailableError when Prometheus does not answer.
    """
    failing = _by_job(client.instant(f"{_share(service, requests, '5m')} > {NOTABLE}"))
    if not failing:
        return ()
    worst = dict(sorted(failing.items(), key=lambda pair: -pair[1])[:MOST])
    usual = _by_job(client.instant(_share(service, requests, "1h", " offset 1d")))
    end = math.floor(now)
    lately = {one.labels.get("job", ""): one.samples for one in client.range(_share(service, requests, "1m"), end - SPAN, end, STEP)}
    return tuple(
        RawNeighbour(job, share, usual.get(job), tuple(point for point in lately.get(job, ()) if math.isfinite(point[1])))
        for job, share in worst.items()
    )


def _share(service: Service, requests: str, window: str, offset: str = "") -> str:
    # What is scraped without a namespace has an empty one.
    others = f'job!={quote(service.job)},job!="",namespace=~{quote(f"({service.namespace})?")}'
    failed = f"sum by (job) (rate({requests}{{{others},status=~{quote(service.metrics.error_status)}}}[{window}]{offset}))"
    return f"{failed} / sum by (job) (rate({requests}{{{others}}}[{window}]{offset}))"


def _by_job(answer: Sequence[SeriesResult]) -> dict[str, float]:
    known = ((one.labels.get("job", ""), one.samples[-1][1]) for one in answer if one.samples)
    return {job: share for job, share in known if job and math.isfinite(share)}
