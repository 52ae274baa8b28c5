# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Findings from the source: what the current version changed."""

from __future__ import annotations

from collections.abc import Iterator

from ..model.diagnostics import Diagnostics
from ..model.evidence import Source
from ..model.finding import Finding, Level
from .findings_source import RECENT_DEPLOYMENT
from .wording import plural


def change_findings(diagnostics: Diagnostics) -> Iterator[Finding]:
    """What the current version changed. Only a recent one is worth a warning."""
    changes, rollouts = diagnostics.changes.data, diagnostics.rollouts.data
    if changes is None or not changes.commits:
        return
    since = rollouts.deployed_at if rollouts else None
    recent = since is not None and (diagnostics.collected_at - since).total_seconds() < RECENT_DEPLOYMENT
    level = Level.WARNING if recent else Level.OK
    span = f" from {changes.from_version} to {changes.to_version}" if changes.from_version and changes.to_version else ""
    subjects = "; ".join(commit.subject for commit in changes.commits[:2])
    yield Finding(
        "changes.commits", Source.CHANGES, level, f"{plural(changes.commits_total or len(changes.commits), 'commit')}{span}", subjects
    )
    if changes.migrations:
        title = f"{plural(len(changes.migrations), 'database migration')}{span}"
        yield Finding("changes.migrations", Source.CHANGES, level, title, ", ".join(changes.migrations[:3]))
    if changes.configuration:
        title = f"{plural(len(changes.configuration), 'configuration file')} changed{span}"
        yield Finding("changes.configuration", Source.CHANGES, level, title, ", ".join(changes.configuration[:3]))
