# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Logs of every container of every pod of a workload, those before a restart too, read side by side and within bounds."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import Future
from datetime import datetime
from itertools import chain, zip_longest

from ..clients.cluster import ClusterClient, Forbidden, Invalid, ObjectNotFound, Unauthorized
from ..clients.loki import LokiClient
from ..concurrency import Deadline, map_side_by_side, start, wait
from ..errors import SourceUnavailableError
from ..lean import dataclass
from ..model.logs_raw import RawLog, RawLogs
from ..model.service import Service
from .gone_logs import gone_logs
from .objects import Object, count, labels_of, mapping, metadata, moment, name_of, sequence, template_version
from .snapshot import ClusterSnapshot

MAX_LOGS = 60
"""Container logs that are read, each with one request, or two where the first was cut."""
MAX_LINES = 120_000
"""Lines that are asked for in all; shared out evenly among the logs."""
MAX_LINES_EACH = 20_000
MAX_BYTES = 48 * 2**20
"""Bytes of all logs together; shared out evenly too."""
READERS = 32
"""As many as there are connections to the API server: where each answer takes long, the time is that of the turns."""
_SHARE_FOR_READING = 0.9
"""Of the time that is left: what has arrived by then is used."""
_MOST_CUT_NAMED = 3
_FIRST_IN_TROUBLE = 0.75
"""Share of the logs that is given to pods in trouble first; the rest shows what the others say meanwhile."""


@dataclass(frozen=True, slots=True)
class _Wanted:
    pod: str
    container: str
    previous: bool
    version: str | None


@dataclass(frozen=True, slots=True)
class _Share:
    """What one log may take up."""

    lines: int
    bytes: int


@dataclass(frozen=True, slots=True)
class _Body:
    """``lines``: how many were asked for. ``cut``: why the newest lines are not in it."""

    text: bytes
    lines: int
    cut: str | None


def logs(
    client: ClusterClient,
    service: Service,
    now: datetime,
    window: float = 900.0,
    snapshot: ClusterSnapshot | None = None,
    deadline: Deadline | None = None,
    loki: LokiClient | None = None,
) -> RawLogs:
    """The last ``window`` seconds of the logs of the service's pods; with ``loki``, of those that are gone too.

    A log that can't be read becomes a note. Raises SourceUnavailableError when there are no pods, or when none of their logs can be read.
    """
    ends = deadline or Deadline(client.timeout)
    shared = snapshot or ClusterSnapshot(client, service, ends)
    pods = shared.pods().found
    gone = start(lambda: _gone(loki, service, pods, shared, now, window, ends), "loki") if loki else None
    notes: list[str] = []
    found: list[RawLog] = []
    failure: SourceUnavailableError | None = None
    try:
        found = _of_pods(client, service, pods, now, window, ends, notes)
    except SourceUnavailableError as error:
        failure = error
    if gone is not None:
        try:
            more, cut = wait(gone, ends, "Loki")
            found += more
            notes += cut
        except SourceUnavailableError as error:
            notes.append(f"logs of pods that are gone: {error.message}")
    if failure is not None:
        if not found:
            raise failure
        notes.insert(0, failure.message)
    return RawLogs(window=window, logs=tuple(found), notes=tuple(notes))


def _gone(
    loki: LokiClient, service: Service, pods: Sequence[Object], shared: ClusterSnapshot, now: datetime, window: float, deadline: Deadline
) -> tuple[list[RawLog], list[str]]:
    versions: dict[str, str] = {}
    try:
        for revision in shared.revisions().found:
            labels = labels_of(revision)
            template = mapping(mapping(revision.get("spec")).get("template"))
            version = template_version(template, service.container)[0] if template else None
            if version and (key := labels.get("pod-template-hash")):
                versions[key] = version
    except SourceUnavailableError:
        pass  # without them, versions are unknown; the source 'rollouts' says why
    living = {name_of(pod): moment(metadata(pod).get("creationTimestamp")) for pod in pods}
    return gone_logs(loki, service, living, versions, now, window, deadline)


def _of_pods(
    client: ClusterClient, service: Service, pods: Sequence[Object], now: datetime, window: float, ends: Deadline, notes: list[str]
) -> list[RawLog]:
    if not pods:
        raise SourceUnavailableError(f"There are no pods of {service.workload_kind.value} {service.workload}, so there are no logs.")
    every = [_logs_of(pod, service.container) for pod in sorted(pods, key=lambda pod: _priority(pod, now))]
    wanted = _chosen(list(chain.from_iterable(every)), {name_of(pod) for pod in pods if not _is_ready(pod)}, notes)
    if not wanted:
        raise SourceUnavailableError("No container has started yet, so there are no logs; see the pods' reasons.")
    reading = Deadline(ends.left() * _SHARE_FOR_READING)
    share = _Share(min(MAX_LINES_EACH, MAX_LINES // len(wanted)), MAX_BYTES // len(wanted))

    def read(log: _Wanted) -> _Body:
        query: dict[str, str | int | bool] = {
            "container": log.container,
            "sinceSeconds": int(window),
            "tailLines": share.lines,
            "timestamps": True,
            "limitBytes": share.bytes,
        }
        if log.previous:
            query["previous"] = True
        path = f"/api/v1/namespaces/{service.namespace}/pods/{log.pod}/log"
        content = client.content(path, query, share.bytes, reading)
        lines = share.lines
        if len(content.body) >= share.bytes:
            # The bytes that are missing are those of the newest lines: so many lines fit, and those of the end are wanted.
            lines = max(1, content.body.count(b"\n") * 9 // 10)
            content = client.content(path, {**query, "tailLines": lines}, share.bytes, reading)
        too_long = f"its lines are longer than {share.bytes:,} bytes" if len(content.body) >= share.bytes else None
        return _Body(content.body, lines, content.problem or too_long)

    return _collect(wanted, map_side_by_side(read, wanted, READERS, "logs"), ends, notes)


def _chosen(every: Sequence[_Wanted], in_trouble: set[str], notes: list[str]) -> list[_Wanted]:
    """Those that are read, at most MAX_LOGS: pods in trouble first, and some of every version."""
    if len(every) <= MAX_LOGS:
        return list(every)
    notes.append(f"logs of {len(every) - MAX_LOGS} of {len(every)} containers were not read")
    first = [log for log in every if log.pod in in_trouble][: int(MAX_LOGS * _FIRST_IN_TROUBLE)]
    by_version: dict[str | None, list[_Wanted]] = defaultdict(list)
    for log in every:
        if log not in first:
            by_version[log.version].append(log)
    in_turns = [log for of_turn in zip_longest(*by_version.values()) for log in of_turn if log is not None]
    return [*first, *in_turns][:MAX_LOGS]


def _collect(wanted: Sequence[_Wanted], bodies: Sequence[Future[_Body]], deadline: Deadline, notes: list[str]) -> list[RawLog]:
    found: list[RawLog] = []
    failed: list[tuple[_Wanted, SourceUnavailableError]] = []
    cut: list[str] = []
    gone = 0
    for log, future in zip(wanted, bodies, strict=True):
        try:
            body = wait(future, deadline, f"The log of {log.pod}/{log.container}")
        except (ObjectNotFound, Invalid):
            gone += 1  # the pod or its previous container was removed meanwhile, or has not started
            continue
        except (Forbidden, Unauthorized):
            raise
        except SourceUnavailableError as error:
            failed.append((log, error))
            continue
        text = body.text[: body.text.rfind(b"\n") + 1] if body.cut else body.text
        lines = text.count(b"\n")
        if body.cut and not text:
            failed.append((log, SourceUnavailableError(f"The log of {log.pod}/{log.container}: {body.cut}.")))
            continue
        if body.cut:
            cut.append(f"{log.pod}/{log.container}: only its first {lines:,} lines were read, and not the newest ({body.cut})")
        elif lines >= body.lines:
            cut.append(f"{log.pod}/{log.container}: only its last {lines:,} lines were read")
        found.append(RawLog(log.pod, log.container, log.previous, log.version, text))
    if failed and not found:
        raise failed[0][1]
    notes += cut[:_MOST_CUT_NAMED]
    if len(cut) > _MOST_CUT_NAMED:
        notes.append(f"{len(cut) - _MOST_CUT_NAMED} more logs were cut in the same way")
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


def _is_ready(pod: Object) -> bool:
    conditions = sequence(mapping(pod.get("status")).get("conditions"))
    return any(condition.get("type") == "Ready" and condition.get("status") == "True" for condition in conditions)


def _priority(pod: Object, now: datetime) -> tuple[bool, str, float]:
    """Pods in trouble first; then one revision after the other, the youngest pods first."""
    created = moment(metadata(pod).get("creationTimestamp")) or now
    return _is_ready(pod), labels_of(pod).get("pod-template-hash", ""), -created.timestamp()
