# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Findings from rollouts and logs."""

from __future__ import annotations

from collections.abc import Iterator

from ..model.diagnostics import Diagnostics
from ..model.evidence import Source
from ..model.finding import Finding, Level
from ..model.rollout import Rollouts
from ..units import describe_duration
from .stability import rolled_back_to, still_rolling_out
from .wording import handle, plural, version_of

RECENT_DEPLOYMENT = 4 * 3600.0
"""Seconds for which a deployment is recent, and suspect."""

_DONE = {"restart": "restarted", "configuration": "deployed with another configuration"}
"""What was done to a version that ran before, by ``Rollouts.change``."""
_BAD_LOG_LEVELS = {"FATAL": Level.CRITICAL, "ERROR": Level.CRITICAL, "WARN": Level.WARNING}
_MOST_LOG_FINDINGS = 5


def rollout_findings(diagnostics: Diagnostics) -> Iterator[Finding]:
    """``rollouts.deployment``: what runs since when; and what keeps a rollout from being as it should be."""
    rollouts = diagnostics.rollouts.data
    if rollouts is None:
        return
    version = version_of(rollouts.current)
    if rollouts.deployed_at is None:
        yield Finding("rollouts.deployment", Source.ROLLOUTS, Level.UNKNOWN, f"{version} is deployed", "since when is not known")
    else:
        age = (diagnostics.collected_at - rollouts.deployed_at).total_seconds()
        author = f" by {handle(rollouts.current.author)}" if rollouts.current.author else ""
        words = describe_duration(age).split()
        level = Level.WARNING if age < RECENT_DEPLOYMENT else Level.OK
        done = _DONE.get(rollouts.change or "", "deployed")
        title = f"{version} {done} {' '.join(words[:2])} ago{author}"
        yield Finding("rollouts.deployment", Source.ROLLOUTS, level, title, rollouts.current.cause, since=rollouts.deployed_at)
    if rolled_back_to(rollouts.current, rollouts):
        yield Finding("rollouts.rolled_back", Source.ROLLOUTS, Level.WARNING, f"{version} is there because somebody rolled back to it")
    if rollouts.paused:
        yield Finding("rollouts.paused", Source.ROLLOUTS, Level.WARNING, f"The rollout of {version} is paused", _waits(rollouts))
    elif still_rolling_out(rollouts, diagnostics.workload.data):
        yield Finding(
            "rollouts.in_progress", Source.ROLLOUTS, Level.WARNING, f"The rollout of {version} is still going on", _how_far(rollouts)
        )
    if rollouts.deadline_exceeded and diagnostics.workload.data is None:
        title = f"The rollout of {version} does not progress (ProgressDeadlineExceeded)"
        yield Finding("rollouts.deadline", Source.ROLLOUTS, Level.WARNING, title, _how_far(rollouts))
    if rollouts.owner:
        yield Finding("rollouts.owner", Source.ROLLOUTS, Level.OK, f"{rollouts.owner} owns the manifest", rollouts.owner_effect)


def _waits(rollouts: Rollouts) -> str | None:
    return f"{rollouts.pending} is asked for, and waits until somebody resumes it" if rollouts.pending else None


def _how_far(rollouts: Rollouts) -> str | None:
    """``3 of 5 pods updated, 2 available, 2 old ones to go``."""
    progress = rollouts.progress
    if progress is None:
        return None
    old = f", {progress.old} old to go" if progress.old else ""
    return f"{progress.updated} of {plural(progress.wanted, 'pod')} updated, {progress.available} available{old}"


def log_findings(diagnostics: Diagnostics) -> Iterator[Finding]:
    """The worst log patterns, ``logs.<number>``; ``observed`` is the count."""
    logs = diagnostics.logs.data
    bad = [pattern for pattern in logs.patterns if pattern.level in _BAD_LOG_LEVELS] if logs else []
    for number, pattern in enumerate(bad[:_MOST_LOG_FINDINGS], 1):
        new = " (new since the deployment)" if pattern.new_since_deployment else ""
        yield Finding(
            id=f"logs.{number}",
            source=Source.LOGS,
            level=_BAD_LOG_LEVELS[pattern.level],
            title=f"{pattern.level}: {pattern.template}",
            detail=f"{plural(pattern.count, 'occurrence')}{new}",
            observed=float(pattern.count),
            unit="number",
            since=pattern.first_seen,
        )
