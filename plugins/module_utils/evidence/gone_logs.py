# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Logs of pods that are gone, from Loki: the cluster forgets a pod's log together with the pod."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, datetime

from ..clients.loki import MAX_LINES, LokiClient, Stream, quoted
from ..concurrency import Deadline
from ..model.logs_raw import RawLog
from ..model.service import Service

_APP_LABELS = ("app", "app.kubernetes.io/name")
MAX_BYTES = 8 * 2**20
"""Bytes of all logs from Loki together; shared out evenly."""
_POD_LABELS = ("pod", "k8s_pod_name", "pod_name")
_CONTAINER_LABELS = ("container", "k8s_container_name", "container_name")
_CLOCKS_APART = 300.0
"""Seconds by which the cluster's clock may be ahead."""
_MOST_EXCLUDED = 40
"""Living pods that a query names: more would make its URL too long, and are left out of the answer."""


def gone_logs(
    loki: LokiClient,
    service: Service,
    living: Collection[str],
    versions: Mapping[str, str],
    now: datetime,
    window: float,
    deadline: Deadline,
) -> tuple[list[RawLog], list[str]]:
    """Logs of the service's pods that are not among the ``living``, and notes on what was cut.

    ``versions``: by the hash that a Deployment puts into its pods' names. Asks once for what has the service's label, and by the name of
    its pods where nothing has. Raises SourceUnavailableError when Loki cannot be asked.
    """
    begin, end = now.timestamp() - window, now.timestamp() + _CLOCKS_APART
    found: list[tuple[str, Stream]] = []
    lines = 0
    for query in _queries(service, living):
        streams = loki.lines(query, begin, end, timeout=max(deadline.left(), 0.1))
        lines = sum(len(stream.lines) for stream in streams)
        if lines:
            found = [(pod, stream) for stream in streams if (pod := _label(stream, _POD_LABELS)) and _is_of(pod, service)]
            break
    gone: dict[tuple[str, str], list[tuple[int, str]]] = defaultdict(list)
    for pod, stream in found:
        if pod not in living:
            asked_for = [line for line in stream.lines if begin <= line[0] / 1e9 <= end]
            gone[pod, _label(stream, _CONTAINER_LABELS)].extend(asked_for)
    share = MAX_BYTES // max(len(gone), 1)
    texts = {key: _text(of_pod) for key, of_pod in gone.items()}
    cut = [len(text) > share for text in texts.values()]
    logs = [RawLog(pod, container, False, _version(pod, versions), _last(text, share)) for (pod, container), text in texts.items()]
    notes = [f"only the last {lines:,} lines of pods that are gone were read from Loki"] if lines >= MAX_LINES else []
    if any(cut):
        notes.append(f"only the last lines of pods that are gone were used: {MAX_BYTES // 2**20} MiB in all")
    return logs, notes


def _queries(service: Service, living: Collection[str]) -> Iterator[str]:
    namespace = f"namespace={quoted(service.namespace)}"
    excluded = ""
    if living and len(living) <= _MOST_EXCLUDED:
        excluded = f", pod!~{quoted('|'.join(re.escape(name) for name in sorted(living)))}"
    yield f"{{{namespace}, app={quoted(_app(service))}{excluded}}}"
    yield f"{{{namespace}, pod=~{quoted(re.escape(service.workload) + '-.+')}{excluded}}}"


def _app(service: Service) -> str:
    """The value that collectors give the label ``app`` of the service's pods."""
    for part in service.pod_selector.split(","):
        name, _equals, value = part.replace("==", "=").partition("=")
        if name.strip() in _APP_LABELS and value.strip():
            return value.strip()
    return service.name


def _label(stream: Stream, names: tuple[str, ...]) -> str:
    return next((value for name in names if (value := stream.labels.get(name))), "")


def _is_of(pod: str, service: Service) -> bool:
    """Whether a pod has a name that the workload's pods have; others may have its label too."""
    return pod.startswith(f"{service.workload}-")


def _version(pod: str, versions: Mapping[str, str]) -> str | None:
    return next((versions[part] for part in pod.split("-") if part in versions), None)


def _text(lines: list[tuple[int, str]]) -> bytes:
    """Lines as the cluster gives them: oldest first, the time in front, also of each line of an entry that was put together."""
    made = []
    for nanoseconds, text in sorted(lines, key=lambda line: line[0]):
        seconds, rest = divmod(nanoseconds, 10**9)
        at = f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest:09d}Z"
        made += [f"{at} {line}" for line in text.rstrip("\n").split("\n")]
    return "\n".join(made).encode("utf-8", "replace")


def _last(text: bytes, limit: int) -> bytes:
    """The last whole lines of ``text``, at most ``limit`` bytes."""
    if len(text) <= limit:
        return text
    before = text.find(b"\n", len(text) - limit - 1)
    return text[before + 1 :] if before >= 0 else text[-limit:]
