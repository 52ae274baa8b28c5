# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What changed in the source between two versions."""

from __future__ import annotations

from datetime import datetime

from ..lean import dataclass


@dataclass(frozen=True, slots=True)
class Commit:
    sha: str
    at: datetime
    author: str
    subject: str
    files: tuple[str, ...] = ()
    more_files: int = 0
    """Files that it touches beyond those that are listed."""


@dataclass(frozen=True, slots=True)
class Changes:
    """Commits newest first, from ``from_version`` (exclusive) to ``to_version`` (inclusive)."""

    from_version: str | None
    to_version: str | None
    commits: tuple[Commit, ...]
    migrations: tuple[str, ...] = ()
    """Files among them that look like database migrations."""
    notes: tuple[str, ...] = ()
    configuration: tuple[str, ...] = ()
    """Files among them that look like configuration."""
    libraries: tuple[str, ...] = ()
    """Files among them that say which libraries are used, and in which version."""
    authors: tuple[str, ...] = ()
    """Most commits first."""
    taken_away: tuple[str, ...] = ()
    """``path: statement`` of migrations among them that remove or rename a table or a column; as far as their content could be read."""
    commits_total: int | None = None
    """All commits between the two versions; None where that is not known."""
    from_commit: str | None = None
    to_commit: str | None = None
