# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Container logs as a short list of patterns with their counts."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime

from ..model.codec import parse_time
from ..model.logs import LogPattern, Logs
from ..model.logs_raw import RawLog, RawLogs
from .log_entries import Entry, entries
from .log_levels import LEVELS
from .log_patterns import group

MAX_PATTERNS = 30
MAX_QUIET_PATTERNS = 8
"""Of those, at most so many of levels that say nothing is wrong."""
MAX_TEMPLATE = 200
MAX_SAMPLE = 300
MAX_FILES = 20

_QUIET = ("INFO", "DEBUG")


@dataclass(slots=True)
class _Tally:
    """What was seen of one pattern."""

    count: int = 0
    first: str | None = None
    last: str | None = None
    sample: str = ""
    versions: set[str] = field(default_factory=set)
    messages: set[str] = field(default_factory=set)
    files: set[str] = field(default_factory=set)

    def add(self, entry: Entry, version: str | None) -> None:
        self.count += 1
        self.sample = self.sample or entry.sample
        self.messages.add(entry.message)
        self.files |= entry.files
        if version:
            self.versions.add(version)
        if entry.at:
            # All are RFC 3339 in the runtime's one time zone: they sort as text.
            self.first = min(self.first or entry.at, entry.at)
            self.last = max(self.last or entry.at, entry.at)


def logs(raw: RawLogs, deployed_at: datetime | None, now: datetime) -> Logs:
    """The patterns in ``raw``. ``deployed_at`` is when the current rollout began; None where that is not known."""
    read = [(log, list(entries(log.lines))) for log in raw.logs]
    tallies = _tally(read)
    known_before = _saw_before(raw, deployed_at, now)
    patterns = [_pattern(level, template, tally, deployed_at if known_before else None) for (level, template), tally in tallies.items()]
    patterns.sort(key=lambda pattern: (LEVELS.index(pattern.level), -pattern.count, pattern.template))
    loud = [pattern for pattern in patterns if pattern.level not in _QUIET]
    quiet = [pattern for pattern in patterns if pattern.level in _QUIET][:MAX_QUIET_PATTERNS]
    kept = (*loud[: MAX_PATTERNS - len(quiet)], *quiet)
    left = len(patterns) - len(kept)
    return Logs(
        window=raw.window,
        lines=sum(len(log.lines) for log in raw.logs),
        patterns=kept,
        containers=len(raw.logs),
        notes=(*raw.notes, *((f"{left} rarer patterns are not listed",) if left else ())),
    )


def _tally(read: list[tuple[RawLog, list[Entry]]]) -> dict[tuple[str, str], _Tally]:
    by_level: dict[str, list[tuple[Entry, str | None]]] = defaultdict(list)
    for log, found in read:
        for entry in found:
            if entry.message:
                by_level[entry.level].append((entry, log.version))
    tallies: dict[tuple[str, str], _Tally] = {}
    for level, found_entries in by_level.items():
        templates = group(entry.message for entry, _unused in found_entries)
        by_template: dict[tuple[str, ...], _Tally] = defaultdict(_Tally)
        for entry, version in found_entries:
            by_template[templates[entry.message]].add(entry, version)
        for template, tally in by_template.items():
            # A template of which only one message was seen says more when its numbers are left in.
            text = next(iter(tally.messages)) if len(tally.messages) == 1 else "".join(template)
            tallies[level, text] = tally
    return tallies


def _saw_before(raw: RawLogs, deployed_at: datetime | None, now: datetime) -> bool:
    """Whether what was read reaches back before the rollout: only then is a pattern's absence there worth something."""
    if deployed_at is None or (now - deployed_at).total_seconds() >= raw.window:
        return False
    # A log's first line is its oldest.
    firsts = [time for log in raw.logs if log.lines and (time := _time(log.lines[0].split(" ", 1)[0]))]
    return any(first < deployed_at for first in firsts)


def _pattern(level: str, template: str, tally: _Tally, deployed_at: datetime | None) -> LogPattern:
    first = _time(tally.first)
    return LogPattern(
        level=level,
        template=_cut(template, MAX_TEMPLATE),
        count=tally.count,
        sample=_cut(tally.sample, MAX_SAMPLE),
        first_seen=first,
        last_seen=_time(tally.last),
        versions=tuple(sorted(tally.versions)),
        new_since_deployment=first >= deployed_at if first and deployed_at else None,
        files=tuple(sorted(tally.files)[:MAX_FILES]),
    )


def _time(text: str | None) -> datetime | None:
    try:
        return parse_time(text) if text else None
    except ValueError:
        return None


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else f"{text[: limit - 1]}…"
