# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why a controller can't even create the pods that are missing: a quota, a limit range, an admission webhook."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from ..clients.answers import excerpt
from ..clients.cluster import ClusterClient, ClusterError
from ..evidence.objects import mapping, metadata, moment, name_of, sequence
from ..model.service import WorkloadKind
from .strategy import replicas_of


def why_not_ready(client: ClusterClient, pod: Mapping[str, Any]) -> str | None:
    """``Readiness probe failed: …`` as the newest event about ``pod`` says; None where none does, or they may not be read."""
    selector = f"involvedObject.name={name_of(pod)},involvedObject.kind=Pod,reason=Unhealthy"
    newest = _newest(client, str(metadata(pod).get("namespace")), selector)
    return excerpt(newest[1], 200) if newest else None


def refused_pods(
    client: ClusterClient, kind: WorkloadKind, workload: Mapping[str, Any], pods: Sequence[Mapping[str, Any]], since: datetime
) -> str | None:
    """``FailedCreate: … exceeded quota …`` when pods are missing and the newest event says why; None when none are, or nothing says so.

    A Deployment says so in a condition of its own; the other kinds only in an event.
    """
    if kind is WorkloadKind.DEPLOYMENT or len(pods) >= replicas_of(kind, workload):
        return None
    selector = f"involvedObject.name={name_of(workload)},involvedObject.kind={kind.value},reason=FailedCreate"
    newest = _newest(client, str(metadata(workload).get("namespace")), selector)
    there = (since + client.server_clock.ahead()).replace(microsecond=0)  # an event has the cluster's time
    return excerpt(f"FailedCreate: {newest[1]}", 300) if newest and newest[0] >= there else None


def _newest(client: ClusterClient, namespace: str, selector: str) -> tuple[datetime, str] | None:
    """When the newest of the events was, and what it says. Who may not read events is told late instead of early."""
    try:
        events = client.get(f"/api/v1/namespaces/{namespace}/events", {"fieldSelector": selector})
    except ClusterError:
        return None
    newest = None
    for event in map(mapping, sequence(events.get("items"))):
        at = moment(event.get("lastTimestamp") or mapping(event.get("series")).get("lastObservedTime") or event.get("eventTime"))
        if at is not None and (newest is None or at >= newest[0]):
            newest = (at, str(event.get("message") or ""))
    return newest
