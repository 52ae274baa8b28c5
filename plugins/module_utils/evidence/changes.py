# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What changed in the source between the version before and the current one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

from ..clients.repository import Repository
from ..model.changes import Changes, Commit
from ..model.rollout import Rollouts
from ..model.service import Service
from .skipped import SourceSkippedError

MAX_COMMITS = 30
MAX_FILES = 20
"""Files that are named of one commit."""

_MIGRATION = re.compile(r"(?:^|/)(?:migrations?|migrate|alembic|flyway|liquibase|schema)(?:/|$)|\.sql$|(?:^|/)V\d+__", re.IGNORECASE)


def changes(service: Service, rollouts: Rollouts | None, since: datetime, timeout: float = 8.0) -> Changes:
    """Commits between the tags of the previous and the current version, else (with a note) those since ``since``.

    Raises SourceSkippedError when there is no local clone to read, SourceUnavailableError when git can't read it.
    """
    path = service.repository
    if not path:
        raise SourceSkippedError("no repository in the service's catalogue entry")
    if "://" in path or re.match(r"^[\w.-]+@[\w.-]+:", path):
        raise SourceSkippedError("the repository is a URL; give the path of a clone on this host to see what changed")
    repository = Repository(path, timeout)
    current = rollouts.current.version if rollouts else None
    previous = rollouts.previous.version if rollouts and rollouts.previous else None
    notes = [] if rollouts else ["the versions are unknown, since the rollouts could not be read"]
    tags = repository.tags(name for version in (previous, current) if version for name in _tag_names(version, service.name))
    before, after = _tagged(previous, service, tags), _tagged(current, service, tags)
    if before and after:
        commits = repository.commits(after=before, upto=after, limit=MAX_COMMITS + 1)
        if not commits and before != after:
            notes.append(f"{current} has no commits that {previous} has not: it is the older one")
    else:
        missing = " and ".join(version for version, found in ((previous, before), (current, after)) if version and not found)
        if missing:
            notes.append(f"no tag for {missing}; these are the commits since {since:%Y-%m-%d %H:%M} UTC instead")
        commits = repository.commits(since=since, limit=MAX_COMMITS + 1)
    if len(commits) > MAX_COMMITS:
        notes.append(f"only the newest {MAX_COMMITS} commits are listed")
    migrations = {path for commit in commits for path in commit.files if _MIGRATION.search(path)}
    return Changes(
        from_version=previous,
        to_version=current,
        commits=tuple(_bounded(commit) for commit in commits[:MAX_COMMITS]),
        migrations=tuple(sorted(migrations)[:MAX_FILES]),
        notes=tuple(notes),
    )


def _tag_names(version: str, service: str) -> Sequence[str]:
    """How the tag of a version may be written: with or without its v, and with the service's name where several share a repository."""
    bare = version[1:] if re.match(r"^v\d", version) else version
    names = dict.fromkeys((version, bare, f"v{bare}"))
    return [*names, *(f"{service}{separator}{name}" for name in names for separator in ("/", "-", "@"))]


def _tagged(version: str | None, service: Service, tags: dict[str, str]) -> str | None:
    if version is None:
        return None
    return next((tags[name] for name in _tag_names(version, service.name) if name in tags), None)


def _bounded(commit: Commit) -> Commit:
    return Commit(commit.sha, commit.at, commit.author, commit.subject, commit.files[:MAX_FILES])
