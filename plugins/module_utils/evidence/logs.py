# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Logs of every container of every pod of a workload, those before a restart too, read side by side and within bounds."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import datetime

from ..clients.cluster import ClusterClient, Forbidden, Invalid, ObjectNotFound, Unauthorized
from ..concurrency import Deadline, map_side_by_side, wait
from ..errors import SourceUnavailableError
from ..model.logs_raw import RawLog, RawLogs
from ..model.service import Service
from .objects import Object, count, labels_of, mapping, metadata, moment, name_of, sequence, template_version
from .snapshot import ClusterSnapshot

MAX_LOGS = 60
"""Container logs that are read."""
MAX_LINES = 40_000
"""Lines that are asked for in all; shared out evenly among the logs."""
MAX_LINES_EACH = 5_000
MAX_BYTES_EACH = 4 * 2**20
READERS = 16


@dataclass(frozen=True, slots=True)
class _Wanted:
    pod: str
    container: str
    previous: bool
    version: str | None


def logs(
    client: ClusterClient,
    service: Service,
    now: datetime,
    window: float = 900.0,
    snapshot: ClusterSnapshot | None = None,
    deadline: Deadline | None = None,
) -> RawLogs:
    """The last ``window`` seconds of the logs of the service's pods.

    A log that can't be read becomes a note. Raises SourceUnavailableError when there are no pods, or when none of their logs can be read.
    """
    ends = deadline or Deadline(client.timeout)
    shared = snapshot or ClusterSnapshot(client, service, ends)
    pods = shared.pods().found
    if not pods:
        raise SourceUnavailableError(f"There are no pods of {service.workload_kind.value} {service.workload}, so there are no logs.")
    wanted = [log for pod in sorted(pods, key=lambda pod: _priority(pod, now)) for log in _logs_of(pod, service.container)]
    if not wanted:
        raise SourceUnavailableError("No container has started yet, so there are no logs; see the pods' reasons.")
    notes = [f"logs of {len(wanted) - MAX_LOGS} of {len(wanted)} containers were not read"] if len(wanted) > MAX_LOGS else []
    wanted = wanted[:MAX_LOGS]
    lines_each = min(MAX_LINES_EACH, MAX_LINES // len(wanted))

    def read(log: _Wanted) -> str:
        query: dict[str, str | int | bool] = {
            "container": log.container,
            "sinceSeconds": int(window),
            "tailLines": lines_each,
            "timestamps": True,
        }
        if log.previous:
            query["previous"] = True
        return client.text(f"/api/v1/namespaces/{service.namespace}/pods/{log.pod}/log", query, max_bytes=MAX_BYTES_EACH)

    texts = map_side_by_side(read, wanted, READERS, "logs")
    found = _collect(wanted, texts, ends, lines_each, notes)
    return RawLogs(window=window, logs=tuple(found), notes=tuple(notes))


def _collect(
    wanted: Sequence[_Wanted], texts: Sequence[Future[str]], deadline: Deadline, lines_each: int, notes: list[str]
) -> list[RawLog]:
    found: list[RawLog] = []
    failed: list[tuple[_Wanted, SourceUnavailableError]] = []
    gone = 0
    for log, text in zip(wanted, texts, strict=True):
        try:
            body = wait(text, deadline, f"The log of {log.pod}/{log.container}")
        except (ObjectNotFound, Invalid):
            gone += 1  # the pod or its previous container was removed meanwhile, or has not started
            continue
        except (Forbidden, Unauthorized):
            raise
        except SourceUnavailableError as error:
            failed.append((log, error))
            continue
        lines = body.split("\n")
        if lines and (not lines[-1] or len(body) >= MAX_BYTES_EACH):
            lines.pop()
        if len(lines) >= lines_each or len(body) >= MAX_BYTES_EACH:
            notes.append(f"{log.pod}/{log.container}: only its last {len(lines):,} lines were read")
        found.append(RawLog(log.pod, log.container, log.previous, log.version, tuple(lines)))
    if failed and not found:
        raise failed[0][1]
    if failed:
        names = ", ".join(f"{log.pod}/{log.container}" for log, _unused in failed[:3])
        notes.append(f"{len(failed)} of {len(wanted)} logs could not be read ({names}): {failed[0][1].message}")
    if gone:
        notes.append(f"{gone} of {len(wanted)} containers have no log (removed, or not started)")
    return found


def _logs_of(pod: Object, container: str | None) -> list[_Wanted]:
    status = mapping(pod.get("status"))
    version = template_version(pod, container)[0]
    wanted = []
    for key in ("containerStatuses", "initContainerStatuses"):
        for entry in map(mapping, sequence(status.get(key))):
            state = mapping(entry.get("state"))
            ended_well = mapping(state.get("terminated")).get("exitCode") == 0
            if key == "initContainerStatuses" and ended_well:
                continue
            name = str(entry.get("name") or "")
            waits = bool(mapping(state.get("waiting")))
            ended_before = count(entry.get("restartCount")) > 0
            # While a container waits for its next start, the kubelet gives the log of the one that ended last, previous or not.
            if not waits or ended_before:
                wanted.append(_Wanted(name_of(pod), name, previous=False, version=version))
            if ended_before and not waits:
                wanted.append(_Wanted(name_of(pod), name, previous=True, version=version))
    return wanted


def _priority(pod: Object, now: datetime) -> tuple[bool, str, float]:
    """Pods in trouble first; then one revision after the other, the youngest pods first."""
    conditions = sequence(mapping(pod.get("status")).get("conditions"))
    ready = any(condition.get("type") == "Ready" and condition.get("status") == "True" for condition in conditions)
    created = moment(metadata(pod).get("creationTimestamp")) or now
    return ready, labels_of(pod).get("pod-template-hash", ""), -created.timestamp()
