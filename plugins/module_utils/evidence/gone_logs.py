# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Logs of pods that are gone, from Loki: the cluster forgets a pod's log together with the pod."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from ..clients.loki import Lines, LokiClient, Stream
from ..concurrency import Deadline, map_side_by_side, wait
from ..errors import SourceUnavailableError
from ..model.logs_raw import RawLog
from ..model.service import Service, WorkloadKind
from .loki_labels import CONTAINER, POD, TRACE, is_of, label, level_of, selectors, version_of

MAX_LINES = 40_000
"""Lines of all logs from Loki together, the newest."""
MAX_BYTES = 8 * 2**20
"""Bytes of all logs from Loki together; shared out evenly."""
_MAX_TRACE = 20_000
_AT_ONCE = 4
_SHARE_FOR_READING = 0.85
_SHARE_FOR_LABELS = 0.3
_USUAL = frozenset(("namespace", "pod"))
_CLOCKS_APART = 300.0
"""Seconds by which the cluster's clock may be ahead."""
_RUNTIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d) std(?:out|err) ([FP])(?: |$)")
"""What stands in front of a line where a collector did not take it apart."""
_HAS_LEVEL = re.compile(r"(?i)\b(?:trace|debug|info|information|notice|warn|warning|error|err|severe|critical|crit|fatal|panic)\b|\blevel=")
_LEVEL_WITHIN = 80
_WORD = re.compile(r"[A-Za-z]{1,12}\Z")

_Line = tuple[int, str]


def gone_logs(
    loki: LokiClient,
    service: Service,
    living: Mapping[str, datetime | None],
    versions: Mapping[str, str],
    now: datetime,
    window: float,
    deadline: Deadline,
) -> tuple[list[RawLog], list[str]]:
    """Logs of the service's pods that are not among the ``living``, and notes on what was cut.

    ``living``: when each was created; a StatefulSet gives the names of its pods again, and what was logged before is of the one that is
    gone. ``versions``: by the hash that a Deployment puts into its pods' names. Raises SourceUnavailableError when Loki cannot be asked.
    """
    begin, end = now.timestamp() - window, now.timestamp() + _CLOCKS_APART
    names = _labels(loki, begin, end, deadline)
    again = _named_again(service, living, begin)
    queries = selectors(service, names, living.keys() - again.keys())
    if not queries:
        shown = ", ".join(sorted(names)[:8]) or "none"
        return [], [f"logs of pods that are gone: no label of Loki names a pod, a namespace or a service (its labels are {shown})"]
    notes: list[str] = []
    gone: dict[tuple[str, str], dict[_Line, None]] = defaultdict(dict)
    found_version: dict[str, str | None] = {}
    nameless = 0
    for stream in _streams(loki, queries, begin, end, deadline, notes):
        pod = label(stream.labels, POD)
        if not pod:
            nameless += len(stream.lines)
            continue
        until = again.get(pod, end)
        if not is_of(pod, stream.labels, service, versions) or (pod in living and pod not in again):
            continue
        # Oldest first: lines of one moment, as of a collector that knows seconds only, stay in their order.
        of_stream = [(at, _told(stream, line)) for at, line in reversed(stream.lines) if begin <= at / 1e9 <= until]
        if of_stream:
            # What came to Loki on two ways is there twice, with the same time of the runtime.
            gone[pod, label(stream.labels, CONTAINER) or service.container or ""].update(dict.fromkeys(of_stream))
            found_version[pod] = found_version.get(pod) or version_of(pod, stream.labels, versions)
    if nameless:
        notes.append(f"{nameless:,} lines in Loki name no pod, so it is not known whether it is gone; they were left out")
    share = MAX_BYTES // max(len(gone), 1)
    texts = {key: _text(of_pod) for key, of_pod in gone.items()}
    logs = [RawLog(pod, container, False, found_version[pod], _last(text, share)) for (pod, container), text in texts.items()]
    if any(len(text) > share for text in texts.values()):
        notes.append(f"only the last lines of pods that are gone were used: {MAX_BYTES // 2**20} MiB in all")
    return logs, notes


def _labels(loki: LokiClient, begin: float, end: float, deadline: Deadline) -> frozenset[str]:
    """The labels that streams have; the usual ones where Loki does not say (something in between may let only queries through)."""
    try:
        return loki.label_names(begin, end, timeout=max(deadline.left() * _SHARE_FOR_LABELS, 0.1))
    except SourceUnavailableError:
        return _USUAL


def _named_again(service: Service, living: Mapping[str, datetime | None], begin: float) -> dict[str, float]:
    """The living pods that bear the name of one that may have been there before, and until when that may have been (unix seconds)."""
    if service.workload_kind is not WorkloadKind.STATEFUL_SET:
        return {}
    return {pod: created.timestamp() for pod, created in living.items() if created is not None and created.timestamp() > begin}


def _streams(loki: LokiClient, queries: list[str], begin: float, end: float, deadline: Deadline, notes: list[str]) -> list[Stream]:
    """What all queries select. SourceUnavailableError when none is answered."""
    reading = deadline.within(deadline.left() * _SHARE_FOR_READING)
    most = MAX_LINES // len(queries)

    def read(query: str) -> Lines:
        return loki.lines(query, begin, end, most, reading)

    found: list[Stream] = []
    failed: list[SourceUnavailableError] = []
    for future in map_side_by_side(read, queries, _AT_ONCE, "loki"):
        try:
            lines = wait(future, deadline, "Loki")
        except SourceUnavailableError as error:
            failed.append(error)
            continue
        found += lines.streams
        notes += [f"logs of pods that are gone: {lines.cut}"] if lines.cut else []
    if failed and len(failed) == len(queries):
        raise failed[0]
    notes += [f"logs of pods that are gone: {failed[0].message}"] if failed else []
    return found


def _told(stream: Stream, line: str) -> str:
    """The line with the level and the stack trace that stand beside it, where it does not say them itself."""
    level = level_of(stream.labels)
    if _WORD.match(level) and not line.startswith("{") and not _HAS_LEVEL.search(line, 0, _LEVEL_WITHIN):
        line = f"{level.upper()} {line}"
    trace = stream.labels.get(TRACE)
    return f"{line}\n{trace[:_MAX_TRACE]}" if trace and trace[:60] not in line else line


def _text(lines: Iterable[_Line]) -> bytes:
    """Lines as the cluster gives them: oldest first, the time in front, also of each line of an entry that was put together."""
    made: list[str] = []
    partial = False
    for nanoseconds, text in sorted(lines, key=lambda line: line[0]):
        seconds, rest = divmod(nanoseconds, 10**9)
        at = f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest:09d}Z"
        for line in text.rstrip("\n").split("\n"):
            runtime = _RUNTIME.match(line)
            said = line[runtime.end() :] if runtime else line
            if partial:
                made[-1] += said
            else:
                made.append(f"{at} {said}")
            partial = runtime is not None and runtime[1] == "P"
    return "\n".join(made).encode("utf-8", "replace")


def _last(text: bytes, limit: int) -> bytes:
    """The last whole lines of ``text``, at most ``limit`` bytes."""
    if len(text) <= limit:
        return text
    before = text.find(b"\n", len(text) - limit - 1)
    return text[before + 1 :] if before >= 0 else text[-limit:]
