# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What changed in the source between the version before and the current one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from ..clients.repository import DEPTH, Repository, Tag, opened
from ..model.changes import Changes, Commit
from ..model.rollout import Rollouts
from ..model.service import Service
from .changed_files import is_configuration, is_library, is_migration
from .migration_statements import taken_away
from .skipped import SourceSkippedError
from .version_names import commit_ids, is_digest, tag_names

MAX_COMMITS = 30
MAX_FILES = 20
"""Files that are named of one commit, and of each kind."""
_READ = 200
"""Commits whose files are looked at for migrations and the like."""
_TOLERANCE = timedelta(minutes=5)
"""By which the clocks of the cluster and of whoever made the tag may differ."""


def changes(service: Service, rollouts: Rollouts | None, since: datetime, timeout: float = 8.0, compare_with: str | None = None) -> Changes:
    """Commits between the previous (or ``compare_with``) and the current version, else (with a note) those since ``since``.

    Raises SourceSkippedError when there is no repository to read, SourceUnavailableError when git can't read it.
    """
    if not service.repository:
        raise SourceSkippedError("no repository in the service's catalogue entry")
    current = rollouts.current.version if rollouts else None
    previous = compare_with or (rollouts.previous.version if rollouts and rollouts.previous else None)
    versions = [version for version in (previous, current) if version]
    names = [name for version in versions if not is_digest(version) for name in tag_names(version, service.name)]
    ids = [identity for version in versions for identity in commit_ids(version)]
    with opened(service.repository, timeout, names, ids) as repository:
        tags = repository.dated_tags(names)
        before, after = (_commit_of(version, service, tags, repository) for version in (previous, current))
        notes = [] if rollouts else ["the versions are unknown, since the rollouts could not be read"]
        if current:
            notes += _moved(current, service, tags, rollouts)
        total, differing, patch = None, None, None
        if before and after:
            notes += _relation(repository, (str(previous), before), (str(current), after))
            commits = repository.commits(after=before, upto=after, limit=_READ)
            total = None if _cut(repository, before, after) else repository.count(before, after)
            differing = repository.changed_files(before, after) if commits else ()
            migrations = sorted({path for path in differing or () if is_migration(path)})[:MAX_FILES]
            patch = repository.patch(before, after, migrations) if migrations else None
        else:
            unknown = _unknown([(previous, before), (current, after)], since)
            notes += [f"{note}; the clone is shallow" if repository.shallow and not repository.fetched else note for note in unknown]
            commits = repository.commits(since=since, limit=_READ)
        notes += ["the clone is partial: which files were changed is not known"] if repository.without_files else []
    if len(commits) > MAX_COMMITS:
        notes.append(f"only the newest {MAX_COMMITS} commits are listed")
    if len(commits) >= _READ and differing is None:
        notes.append(f"only the files of the newest {_READ} commits were looked at")
    files = [path for commit in commits for path in commit.files] if differing is None else differing
    authors = Counter(commit.author for commit in commits)
    return Changes(
        from_version=previous,
        to_version=current,
        commits=tuple(_bounded(commit) for commit in commits[:MAX_COMMITS]),
        migrations=_of_kind(files, is_migration, "migrations", notes),
        taken_away=taken_away(patch) if patch else (),
        configuration=_of_kind(files, is_configuration, "files of configuration", notes),
        libraries=_of_kind(files, is_library, "files of libraries", notes),
        authors=tuple(name for name, _unused in authors.most_common(MAX_FILES)),
        commits_total=total,
        from_commit=before,
        to_commit=after,
        notes=tuple(notes),
    )


def _commit_of(version: str | None, service: Service, tags: dict[str, Tag], repository: Repository) -> str | None:
    if version is None or is_digest(version):
        return None
    tag = next((tags[name] for name in tag_names(version, service.name) if name in tags), None)
    if tag:
        return tag.commit
    return next((found for identity in commit_ids(version) if (found := repository.commit(identity))), None)


def _moved(version: str, service: Service, tags: dict[str, Tag], rollouts: Rollouts | None) -> list[str]:
    """A tag that is younger than what was deployed by its name has been moved since."""
    deployed_at = rollouts.deployed_at if rollouts else None
    name = next((name for name in tag_names(version, service.name) if name in tags), None)
    at = tags[name].at if name else None
    if deployed_at is None or at is None or at <= deployed_at + _TOLERANCE:
        return []
    return [f"the tag {name} is younger ({at:%Y-%m-%d %H:%M} UTC) than the deployment of {version}: it may have been moved since"]


def _relation(repository: Repository, old: tuple[str, str], new: tuple[str, str]) -> list[str]:
    (previous, before), (current, after) = old, new
    if before == after:
        return [f"{previous} and {current} are the same commit: no code changed"]
    if repository.is_ancestor(after, before):
        return [f"{current} has no commits that {previous} has not: it is the older one"]
    if _cut(repository, before, after):
        depth = f"only the newest {DEPTH} commits of each version were fetched" if repository.fetched else "the clone is shallow"
        return [f"{depth}: older commits between {previous} and {current} may be missing"]
    if repository.is_ancestor(before, after) is False:
        return [f"{current} does not follow {previous}: the history was rewritten, or they are of different branches"]
    return []


def _cut(repository: Repository, before: str, after: str) -> bool:
    """Whether there may be more commits between the two than are there."""
    return repository.shallow and not repository.is_ancestor(before, after) and not repository.is_ancestor(after, before)


def _unknown(pairs: list[tuple[str | None, str | None]], since: datetime) -> list[str]:
    missing = [version for version, found in pairs if version and not found]
    if not missing:
        return []
    instead = f"these are the commits since {since:%Y-%m-%d %H:%M} UTC instead"
    digests = [version for version in missing if is_digest(version)]
    if digests:
        return [f"{digests[0][:20]}… is an image's digest, which names no commit; {instead}"]
    return [f"no tag for {' and '.join(missing)}; {instead}"]


def _of_kind(files: Iterable[str], belongs: Callable[[str], bool], what: str, notes: list[str]) -> tuple[str, ...]:
    found = sorted({path for path in files if belongs(path)})
    if len(found) > MAX_FILES:
        notes.append(f"only {MAX_FILES} of {len(found)} {what} are listed")
    return tuple(found[:MAX_FILES])


def _bounded(commit: Commit) -> Commit:
    more = max(len(commit.files) - MAX_FILES, 0)
    return Commit(commit.sha, commit.at, commit.author, commit.subject, commit.files[:MAX_FILES], more)
