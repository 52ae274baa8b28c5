# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A git repository, read only: a clone on this host, or a URL of which what is needed is fetched."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime

from ..concurrency import Deadline
from ..errors import SourceUnavailableError
from ..lean import dataclass
from ..model.changes import Commit
from .answers import excerpt
from .git import GitFailedError, check_location, is_url, run_git, shown

_RECORD = "\x1e"
_UNIT = "\x1f"
_FORMAT = f"--format={_RECORD}%H{_UNIT}%ct{_UNIT}%an{_UNIT}%s{_UNIT}"

DEPTH = 500
"""Commits that are fetched of each version and branch of a URL."""
_SHA = re.compile(r"^[0-9a-f]{7,64}$")
_FULL_SHA = re.compile(r"^(?:[0-9a-f]{40}|[0-9a-f]{64})$")
_ESCAPE = re.compile(r"\\(?:([0-7]{3})|(.))")
_ESCAPED = {"n": "\n", "t": "\t", "r": "\r"}
_REFERENCE = re.compile(r"^(?!-)(?!.*(?:\.\.|@\{|//))[^\s~^:?*\[\\\x00-\x1f\x7f]+(?<![./])$")
"""Names that git accepts for a tag (git-check-ref-format), none of which is an option or a pattern."""


@dataclass(frozen=True, slots=True)
class Tag:
    commit: str
    at: datetime | None
    """When the tag was made, or the commit where the tag is only a name for it."""


class Repository:
    """The clone at ``path``. Methods raise SourceUnavailableError with git's own words. ``timeout`` is seconds for all of them together."""

    def __init__(self, path: str, timeout: float = 8.0, deadline: Deadline | None = None, what: str | None = None) -> None:
        self.path = os.path.abspath(os.path.expanduser(check_location(path)))
        self.fetched = what is not None
        """Whether it is a copy of the newest part of the history only."""
        self.without_files = False
        """Whether commits were read whose files are not there."""
        self._what = what or self.path
        self._deadline = deadline or Deadline(timeout)
        if not os.path.isdir(self.path):
            raise SourceUnavailableError(
                f"The repository {shown(path)} is not a folder on this host. Clone it there, or correct 'repository'."
            )

    def tags(self, names: Iterable[str]) -> dict[str, str]:
        """Commit by tag, for those of ``names`` that exist."""
        return {name: tag.commit for name, tag in self.dated_tags(names).items()}

    def dated_tags(self, names: Iterable[str]) -> dict[str, Tag]:
        """The tags, for those of ``names`` that exist."""
        references = [f"refs/tags/{name}" for name in names if _REFERENCE.match(name)]
        if not references:
            return {}
        output = self._git(
            "for-each-ref", "--format=%(refname:strip=2) %(creatordate:unix) %(objectname) %(*objectname)", "--", *references
        )
        found = {}
        for line in output.splitlines():
            name, at, commit, *peeled = line.split(" ")
            when = datetime.fromtimestamp(int(at), UTC) if at.isdigit() else None
            found[name] = Tag(peeled[0] if peeled and peeled[0] else commit, when)
        return found

    def commit(self, sha: str) -> str | None:
        """The full id of the commit that ``sha`` begins; None where there is none, or more than one."""
        if not _SHA.match(sha):
            return None
        try:
            return self._git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{sha}^{{commit}}").strip() or None
        except GitFailedError:
            return None

    def is_ancestor(self, older: str, newer: str) -> bool | None:
        """Whether ``newer`` has all of ``older``; None when that can't be told."""
        try:
            self._git("merge-base", "--is-ancestor", older, newer)
        except GitFailedError as error:
            return False if error.code == 1 else None
        return True

    @property
    def shallow(self) -> bool:
        """Whether older commits and tags may be missing."""
        return self._git("rev-parse", "--is-shallow-repository").strip() == "true"

    def count(self, after: str, upto: str) -> int | None:
        """How many commits, without merges, ``upto`` has and ``after`` has not."""
        try:
            return int(self._git("rev-list", "--count", "--no-merges", f"{after}..{upto}", "--"))
        except (GitFailedError, ValueError):
            return None

    def changed_files(self, before: str, after: str) -> tuple[str, ...] | None:
        """Files that differ in ``after`` from where it left ``before``, whatever commits did so; None when that can't be told."""
        options = ("diff", "--name-only", "--no-renames", "--no-ext-diff", "--no-textconv", "--end-of-options")
        for trees in ((f"{before}...{after}",), (before, after)):  # without a common ancestor, the two as they are
            try:
                return tuple(_path(line) for line in self._git(*options, *trees, "--").splitlines() if line.strip())
            except GitFailedError:
                continue
        return None

    def patch(self, before: str, after: str, paths: Iterable[str]) -> str | None:
        """What ``after`` changed in these files since it left ``before``, as a patch without context; None when that can't be told."""
        literally = [f":(top,literal){path}" for path in paths]
        for trees in ((f"{before}...{after}",), (before, after)):
            asked = ("--no-renames", "--no-color", "--no-ext-diff", "--no-textconv", "--end-of-options", *trees, "--", *literally)
            try:
                if self.fetched:
                    self._get_files(self._git("diff", "--raw", "--no-abbrev", *asked))
                return self._git("diff", "--unified=0", *asked)
            except SourceUnavailableError:
                continue
        return None

    def _get_files(self, raw: str) -> None:
        """Fetches the content of the files that a raw diff names: what was fetched is the history without it."""
        named = {part for line in raw.splitlines() if line.startswith(":") for part in line.split()[2:4]}
        wanted = sorted(one for one in named if _FULL_SHA.match(one) and one.strip("0"))
        if wanted:
            options = ("--quiet", "--no-tags", "--no-write-fetch-head", "--depth=1", "--filter=blob:none")
            self._git("fetch", *options, "--", self._what, *wanted)

    def commits(
        self, *, after: str | None = None, upto: str = "HEAD", since: datetime | None = None, limit: int = 100
    ) -> tuple[Commit, ...]:
        """Commits newest first, without merges: those that ``upto`` has and ``after`` has not, or those since a time."""
        selection = [f"--since={int(since.timestamp())}"] if since else []
        revisions = f"{after}..{upto}" if after else upto
        options = ("log", f"--max-count={limit}", "--no-merges", "--no-mailmap", "--no-ext-diff", "--no-textconv", "--no-renames", _FORMAT)
        asked = (*selection, "--end-of-options", revisions, "--")
        try:
            output = self._git(*options, "--name-only", *asked)
        except GitFailedError:
            # A partial clone may have commits without their files.
            output = self._git(*options, "--no-patch", *asked)
            self.without_files = True
        found = [_commit(record) for record in output.split(_RECORD)[1:] if record.count(_UNIT) >= 4]
        # Where the history is cut, a commit looks as if it had made all the files that there are.
        ends = self._ends()
        return tuple(replace(one, files=()) if one.sha in ends else one for one in found)

    def _ends(self) -> frozenset[str]:
        """The oldest commits of a shallow clone, whose parents are not there."""
        try:
            with open(os.path.join(self.path, self._git("rev-parse", "--git-path", "shallow").strip()), encoding="ascii") as file:
                return frozenset(line.strip() for line in file)
        except (OSError, UnicodeDecodeError, GitFailedError):
            return frozenset()

    def show(self, tag: str, path: str) -> str:
        """The text of the file at ``path`` as the tag has it."""
        return self._git("show", "--no-textconv", f"refs/tags/{tag}:{path}", "--")

    def _git(self, *arguments: str) -> str:
        return run_git(arguments, self._deadline, self._what, self.path)


@contextmanager
def opened(where: str, timeout: float, tags: Iterable[str] = (), commits: Iterable[str] = ()) -> Iterator[Repository]:
    """The repository at a path or URL, for as long as needed; of a URL, the history of ``tags`` and ``commits``, and of its main branch.

    SourceUnavailableError when it can't be read in ``timeout`` seconds, or when ``where`` is no place that git may be sent to.
    """
    deadline = Deadline(timeout)
    check_location(where)
    if not is_url(where):
        yield Repository(where, deadline=deadline)
        return
    with tempfile.TemporaryDirectory(prefix="incident-", ignore_cleanup_errors=True) as place:
        run_git(("init", "--quiet", "--bare", "--template=", "--initial-branch=main", place), deadline, where)
        _fetch(where, place, deadline, [name for name in tags if _REFERENCE.match(name)], list(commits))
        yield Repository(place, deadline=deadline, what=where)


def _fetch(where: str, place: str, deadline: Deadline, tags: list[str], commits: list[str]) -> None:
    asked = [f"refs/tags/{name}" for name in tags]
    listed = run_git(("ls-remote", "--quiet", "--", where, "HEAD", *asked), deadline, where)
    there = {line.partition("\t")[2] for line in listed.splitlines()}
    wanted = [f"+{name}:{name}" for name in asked if name in there]
    wanted += ["+HEAD:refs/heads/main"] if "HEAD" in there else []
    if not wanted:
        raise SourceUnavailableError(f"{shown(where)} has no commits, or is no git repository. Correct 'repository'.")
    options = ("--quiet", "--no-tags", "--no-write-fetch-head", f"--depth={DEPTH}", "--filter=blob:none")
    run_git(("fetch", *options, "--", where, *wanted), deadline, where, place)
    for sha in commits:
        try:
            # A full id can be asked for as it is where the server allows it; of a part, only the branches can show what it begins.
            more = [f"+{sha}:refs/asked/{sha}"] if _FULL_SHA.match(sha) else ["+refs/heads/*:refs/remotes/all/*"]
            if Repository(place, deadline=deadline, what=where).commit(sha) is None:
                run_git(("fetch", *options, "--", where, *more), deadline, where, place)
        except GitFailedError:
            continue


def _commit(record: str) -> Commit:
    sha, at, author, subject, files = record.split(_UNIT, 4)
    paths = tuple(_path(line) for line in files.splitlines() if line.strip())
    return Commit(sha=sha, at=datetime.fromtimestamp(int(at), UTC), author=excerpt(author, 80), subject=excerpt(subject), files=paths)


def _path(line: str) -> str:
    """A file's path as git prints it: in quotation marks, with escapes, where it has such signs in it."""
    if len(line) > 1 and line[0] == line[-1] == '"':
        line = _ESCAPE.sub(_unescaped, line[1:-1])
    return excerpt(line, 300)


def _unescaped(found: re.Match[str]) -> str:
    return chr(int(found[1], 8)) if found[1] else _ESCAPED.get(found[2], found[2])
