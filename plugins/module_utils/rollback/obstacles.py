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


def refused_pods(
    client: ClusterClient, kind: WorkloadKind, workload: Mapping[str, Any], pods: Sequence[Mapping[str, Any]], since: datetime
) -> str | None:
    """``FailedCreate: … exceeded quota …`` when pods are missing and the newest event says why; None when none are, or nothing says so.

    A Deployment says so in a condition of its own; the other kinds only in an event.
    """
    if kind is WorkloadKind.DEPLOYMENT or len(pods) >= replicas_of(kind, workload):
        return None
    selector = f"involvedObject.name={name_of(workload)},involvedObject.kind={kind.value},reason=FailedCreate"
    try:
        events = client.get(f"/api/v1/namespaces/{metadata(workload).get('namespace')}/events", {"fieldSelector": selector})
    except ClusterError:
        return None  # who may not read events is told late instead of early
    newest = None
    for event in map(mapping, sequence(events.get("items"))):
        at = moment(event.get("lastTimestamp") or mapping(event.get("series")).get("lastObservedTime") or event.get("eventTime"))
        if at is not None and at >= since.replace(microsecond=0) and (newest is None or at >= newest[0]):
            newest = (at, str(event.get("message") or ""))
    return excerpt(f"FailedCreate: {newest[1]}", 300) if newest else None
