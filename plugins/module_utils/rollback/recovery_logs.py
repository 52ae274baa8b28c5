# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Do the service's logs still show the errors of the incident?"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from ..analysis.log_entries import entries
from ..clients.answers import excerpt
from ..clients.cluster import ClusterClient, ClusterError, Invalid, ObjectNotFound
from ..concurrency import Deadline, map_side_by_side, wait
from ..errors import SourceUnavailableError
from ..evidence.objects import main_container, mapping, metadata, name_of
from ..lean import dataclass
from ..model.rollback import Measure
from ..model.service import Service

NAME = "error_patterns"
_TITLE = "Error patterns"
_WILDCARD = "<*>"
PATTERNS = 5
"""Patterns of the diagnosis that are looked for: its most frequent errors."""
STILL = 0.2
"""Share of its frequency during the incident above which an error still goes on."""
_PODS = 10
_MAX_BYTES = 2**20
_LINES = 2000


@dataclass(frozen=True, slots=True)
class ExpectedGone:
    """``per_second`` is how often it was logged during the incident."""

    template: str
    per_second: float


def errors_of_the_incident(diagnostics: Mapping[str, Any]) -> tuple[ExpectedGone, ...]:
    """The most frequent severe patterns of a diagnosis that are new since the deployment.

    Errors that were logged before it as well are none of them: a service that always logs some would never count as recovered.
    """
    logs = mapping(mapping(diagnostics.get("logs")).get("data"))
    window = logs.get("window")
    patterns = [mapping(pattern) for pattern in logs.get("patterns") or ()]
    severe = [
        pattern
        for pattern in patterns
        if pattern.get("level") in ("ERROR", "FATAL")
        and isinstance(pattern.get("count"), int)
        and pattern.get("new_since_deployment") is True
    ]
    if not isinstance(window, (int, float)) or window <= 0:
        return ()
    severe.sort(key=lambda pattern: -pattern["count"])
    return tuple(ExpectedGone(str(pattern.get("template")), pattern["count"] / window) for pattern in severe[:PATTERNS])


def judge_logs(
    client: ClusterClient, service: Service, pods: Sequence[Mapping[str, Any]], expected: Sequence[ExpectedGone], window: float
) -> Measure:
    """Passes when none of ``expected`` is logged at more than STILL of its frequency over the last ``window`` seconds."""
    standing = [pod for pod in pods if not metadata(pod).get("deletionTimestamp")][:_PODS]
    futures = map_side_by_side(lambda pod: _messages(client, service, pod, window), standing, max(len(standing), 1), "recovery logs")
    ends = Deadline(client.timeout)
    messages: list[str] = []
    try:
        for future in futures:
            said = wait(future, ends, "A log")
            messages += said
    except (ClusterError, SourceUnavailableError) as error:
        return Measure(NAME, _TITLE, None, f"unknown whether they are gone ({error.message.rstrip('.')})")
    share = len(standing) / max(len([pod for pod in pods if not metadata(pod).get("deletionTimestamp")]), 1)
    going_on = []
    for known in expected:
        pattern = expression(known.template)
        seen = sum(bool(pattern.fullmatch(message)) for message in messages) / max(window, 1.0) / max(share, 0.01)
        if seen > known.per_second * STILL:
            going_on.append(known.template)
    if going_on:
        return Measure(NAME, _TITLE, False, f"still '{excerpt(going_on[0], 80)}'", float(len(going_on)), None, 0.0, "number")
    return Measure(NAME, _TITLE, True, "those of the incident are gone", 0.0, None, 0.0, "number")


def expression(template: str) -> re.Pattern[str]:
    """What matches the messages of ``template``; wherever it has a wildcard, anything may stand that has no line break."""
    literal = [r"\s+".join(re.escape(word) for word in re.split(r"\s+", part)) for part in template.split(_WILDCARD)]
    return re.compile("[^\n]{0,400}?".join(literal) + r"\s*")


def _messages(client: ClusterClient, service: Service, pod: Mapping[str, Any], window: float) -> list[str]:
    container = main_container(mapping(pod.get("spec")), service.container).get("name")
    query: dict[str, str | int | bool] = {"sinceSeconds": max(int(window), 1), "tailLines": _LINES, "timestamps": True}
    if container:
        query["container"] = str(container)
    try:
        path = f"/api/v1/namespaces/{service.namespace}/pods/{name_of(pod)}/log"
        text = client.content(path, query, _MAX_BYTES, Deadline(client.timeout)).body.decode("utf-8", "replace")
    except (ObjectNotFound, Invalid):
        return []  # removed meanwhile, or not started yet
    return [entry.message for entry in entries(text.split("\n")) if entry.level in ("ERROR", "FATAL")]
