# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One deployment before against after, from the options of a module."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from ..clients.cluster import ClusterClient
from ..clients.prometheus import PrometheusClient
from ..clients.server_clock import apart
from ..decision.deployment_comparison import before, compare
from ..errors import IncidentResponseError
from ..evidence.comparison import comparison, windows
from ..evidence.rollouts import rollouts
from ..model.comparison import DeploymentComparison
from ..model.comparison_raw import RawComparison
from ..model.rollout import Rollouts
from ..model.service import Service
from ..names import check_version
from ..rollback.target import describe, resolve
from ..units import parse_duration
from .connections import cluster_from, prometheus_from, service_from

_NO_PROMETHEUS = "prometheus_url is not given"


def comparison_from(params: Mapping[str, Any], now: datetime) -> DeploymentComparison:
    """The comparison that the options ask for. InvalidOptionError, or NotFoundError (which lists the versions there are)."""
    service = service_from(params)
    version = check_version(params.get("version"), "version")
    timeframe = parse_duration(params.get("timeframe") or "4h", "timeframe")
    prometheus = prometheus_from(params)
    return compared(service, version, timeframe, cluster_from(params), prometheus, now)


def compared(
    service: Service, version: str, timeframe: float, cluster: ClusterClient, prometheus: PrometheusClient | None, now: datetime
) -> DeploymentComparison:
    """``version`` of ``service`` against the version before it. ``timeframe`` is seconds."""
    history = rollouts(cluster, service, now)
    if (there := now + cluster.server_clock.ahead()) != now:
        history = rollouts(cluster, service, there)
    found = _compared(service, version, timeframe, history, prometheus, now)
    # Only now both clocks are known. What the cluster says is held against what was measured.
    ahead = apart(cluster.server_clock.ahead(), prometheus.server_clock.ahead() if prometheus else timedelta())
    if not ahead:
        return found
    from ..evidence.our_time import in_our_time

    return _compared(service, version, timeframe, in_our_time(history, ahead), prometheus, now)


def _compared(
    service: Service, version: str, timeframe: float, history: Rollouts, prometheus: PrometheusClient | None, now: datetime
) -> DeploymentComparison:
    revision = resolve(version, history)
    deployed_at = history.deployed_at if revision.current else revision.active_from
    if deployed_at is None:
        raise IncidentResponseError(
            f"Option 'version': when {describe(revision)} was rolled out is not known, since the cluster keeps no event of it, "
            "so there is no before and after to compare."
        )
    previous = before(revision, history)
    until = (revision.active_until or now).timestamp()
    since = previous.active_from.timestamp() if previous and previous.active_from else None
    if prometheus is None:
        raw = RawComparison(*windows(deployed_at.timestamp(), until, since, timeframe), (), reason=_NO_PROMETHEUS)
    else:
        raw = comparison(prometheus, service, deployed_at.timestamp(), until, since, timeframe)
    return compare(raw, revision, history, deployed_at, service)
