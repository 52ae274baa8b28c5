# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The incident that rolls a workload back, named on the workload itself, where every controller sees it.

Two runs on two controllers share no file, only the cluster. That their changes do not collide is the work of the resourceVersion; that
the later one knows whose rollback it meets is the work of this annotation. It is set by the very request that changes the template, so
that there is never one without the other, and is taken away when the rollback has been verified. One that was left behind, by a run
that was killed, ends by itself: it holds for CLAIM_HOLDS.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from ..clients.cluster import ClusterClient, Conflict, Invalid, ObjectNotFound, workload_path
from ..evidence.objects import annotations_of
from ..lean import dataclass
from ..model.codec import format_time, parse_time
from ..model.service import Service

ANNOTATION = "incident-response.devops/rollback"
CLAIM_HOLDS = 1200.0
"""Seconds: the longest that a rollback and its verification take with the defaults, twice over."""
_SKEW = 60.0
"""Seconds by which another controller's clock may be ahead of ours."""
_LONGEST = 200


@dataclass(frozen=True, slots=True)
class Claim:
    incident: str
    at: datetime

    @property
    def text(self) -> str:
        return json.dumps({"incident": self.incident, "at": format_time(self.at)}, sort_keys=True)


def claim_of(workload: Mapping[str, Any], now: datetime) -> Claim | None:
    """The claim that ``workload`` carries; None where it carries none, one that can't be read, or one that no longer holds."""
    try:
        known = json.loads(str(annotations_of(workload).get(ANNOTATION)))
        claim = Claim(str(known["incident"])[:_LONGEST], parse_time(known["at"]))
    except (ValueError, TypeError, KeyError):
        return None
    return claim if -_SKEW <= (now - claim.at).total_seconds() < CLAIM_HOLDS else None


def release(client: ClusterClient, service: Service, incident: str, dry_run: bool = False) -> bool:
    """Takes the claim of ``incident`` away; False where there is none of it. ClusterError when the cluster says no."""
    path = workload_path(service.workload_kind, service.namespace, service.workload)
    try:
        text = annotations_of(client.get(path)).get(ANNOTATION)
        if text is None or json.loads(text).get("incident") != incident:
            return False
        place = f"/metadata/annotations/{ANNOTATION.replace('/', '~1')}"
        operations = [{"op": "test", "path": place, "value": text}, {"op": "remove", "path": place}]
        client.patch(path, operations, query={"dryRun": "All"} if dry_run else None)
    except (ObjectNotFound, Conflict, Invalid, ValueError, AttributeError):
        return False  # gone, taken over by another incident, or nothing of ours
    return True
