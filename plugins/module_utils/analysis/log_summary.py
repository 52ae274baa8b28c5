# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Container logs as a short list of patterns with their counts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from ..model.codec import parse_time
from ..model.logs import LogPattern, Logs
from ..model.logs_raw import RawLogs
from .log_counting import Counting, Kind
from .log_entries import split_time
from .log_levels import LEVELS
from .log_patterns import group

MAX_PATTERNS = 30
MAX_QUIET_PATTERNS = 8
"""Of those, at most so many of levels that say nothing is wrong."""
MAX_TEMPLATE = 200
MAX_SAMPLE = 300
MAX_FILES = 20

_QUIET = ("INFO", "DEBUG")


def logs(raw: RawLogs, deployed_at: datetime | None, now: datetime) -> Logs:
    """The patterns in ``raw``. ``deployed_at`` is when the current rollout began; None where that is not known."""
    counting = Counting(sum(len(log.text) for log in raw.logs))
    for log in raw.logs:
        counting.take(log)
    before = _seen_before(raw, deployed_at, now)
    patterns = [_pattern(level, template, kind, deployed_at, before, now) for level, template, kind in _grouped(counting.kinds())]
    patterns.sort(key=lambda pattern: (LEVELS.index(pattern.level), -pattern.count, pattern.template))
    loud = [pattern for pattern in patterns if pattern.level not in _QUIET]
    quiet = [pattern for pattern in patterns if pattern.level in _QUIET][:MAX_QUIET_PATTERNS]
    kept = (*loud[: MAX_PATTERNS - len(quiet)], *quiet)
    left = len(patterns) - len(kept)
    uncounted = counting.uncounted
    return Logs(
        window=raw.window,
        lines=counting.lines,
        patterns=kept,
        containers=len(raw.logs),
        notes=(
            *raw.notes,
            *((f"{left} rarer patterns are not listed",) if left else ()),
            *((f"{uncounted:,} lines are in no pattern, since too many were different",) if uncounted else ()),
        ),
    )


def _grouped(kinds: Sequence[Kind]) -> list[tuple[str, str, Kind]]:
    """Level, template and what was seen of each pattern."""
    by_level: dict[str, list[Kind]] = defaultdict(list)
    for kind in kinds:
        by_level[kind.entry.level].append(kind)
    found = []
    for level, of_level in by_level.items():
        templates = group(message for kind in of_level for message in kind.messages)
        by_template: dict[tuple[str, ...], Kind] = {}
        for kind in of_level:
            template = templates[kind.entry.message]
            if template in by_template:
                by_template[template].add(kind)
            else:
                by_template[template] = kind
        for template, kind in by_template.items():
            # A template of which only one message was seen says more when its numbers are left in.
            found.append((level, next(iter(kind.messages)) if len(kind.messages) == 1 and not kind.vague else "".join(template), kind))
    return found


def _seen_before(raw: RawLogs, deployed_at: datetime | None, now: datetime) -> dict[str, float]:
    """Seconds before the rollout for which the logs of each container were read; without those that do not reach back.

    Only then is a pattern's absence there worth something.
    """
    found: dict[str, float] = {}
    if deployed_at is None or (now - deployed_at).total_seconds() >= raw.window:
        return found
    for log in raw.logs:
        # A log's first line is its oldest.
        first = _time(split_time(log.text[:64].decode("ascii", "replace"))[0])
        if first is not None and first < deployed_at:
            found[log.container] = max(found.get(log.container, 0.0), (deployed_at - first).total_seconds())
    return found


def _pattern(level: str, template: str, kind: Kind, deployed_at: datetime | None, before: dict[str, float], now: datetime) -> LogPattern:
    first = _time(kind.first)
    return LogPattern(
        level=level,
        template=_cut(template, MAX_TEMPLATE),
        count=kind.count,
        sample=_cut(kind.entry.sample, MAX_SAMPLE),
        first_seen=first,
        last_seen=_time(kind.last),
        versions=tuple(sorted(kind.versions)),
        new_since_deployment=_new(kind, first, deployed_at, before, now),
        files=tuple(sorted(kind.entry.files)[:MAX_FILES]),
    )


def _new(kind: Kind, first: datetime | None, deployed_at: datetime | None, before: dict[str, float], now: datetime) -> bool | None:
    """Whether it is only seen since the rollout; None where the time before was too short to see it, at the rate that it has now."""
    reach = max((before.get(container, 0.0) for container in kind.containers), default=0.0)
    if first is None or deployed_at is None:
        return None
    if first < deployed_at:
        return False
    expected = kind.count * reach / max((now - first).total_seconds(), 1.0)
    return True if reach and expected >= 1 else None


def _time(text: str | None) -> datetime | None:
    try:
        return parse_time(text) if text else None
    except ValueError:
        return None


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else f"{text[: limit - 1]}…"
