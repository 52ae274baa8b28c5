# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A local clone of a git repository, read only."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable
from datetime import UTC, datetime

from ..errors import SourceUnavailableError
from ..model.changes import Commit
from .answers import excerpt

_RECORD = "\x1e"
_UNIT = "\x1f"
_FORMAT = f"--format={_RECORD}%H{_UNIT}%ct{_UNIT}%an{_UNIT}%s{_UNIT}"

# A repository's own configuration may name programs to run; none of them is needed to read commits.
_SETTINGS = ("core.fsmonitor=false", "core.hooksPath=/dev/null", "log.showSignature=false", "core.quotePath=false")


class Repository:
    """The clone at ``path``. Methods raise SourceUnavailableError with git's own words. ``timeout`` is seconds for one command."""

    def __init__(self, path: str, timeout: float = 8.0) -> None:
        self.path = os.path.abspath(os.path.expanduser(path))
        self._timeout = timeout
        if not os.path.isdir(self.path):
            raise SourceUnavailableError(f"The repository {path} is not a folder on this host. Clone it there, or correct 'repository'.")

    def tags(self, names: Iterable[str]) -> dict[str, str]:
        """Commit by tag, for those of ``names`` that exist."""
        references = [f"refs/tags/{name}" for name in names]
        if not references:
            return {}
        output = self._git("for-each-ref", "--format=%(refname:strip=2) %(objectname) %(*objectname)", "--", *references)
        found = {}
        for line in output.splitlines():
            name, commit, *peeled = line.split()
            found[name] = peeled[0] if peeled else commit
        return found

    def commits(
        self, *, after: str | None = None, upto: str = "HEAD", since: datetime | None = None, limit: int = 100
    ) -> tuple[Commit, ...]:
        """Commits newest first, without merges: those that ``upto`` has and ``after`` has not, or those since a time."""
        selection = [f"--since={int(since.timestamp())}"] if since else []
        revisions = f"{after}..{upto}" if after else upto
        output = self._git(
            "log", f"--max-count={limit}", "--no-merges", "--no-ext-diff", "--name-only", _FORMAT, *selection, revisions, "--"
        )
        return tuple(_commit(record) for record in output.split(_RECORD)[1:])

    def show(self, tag: str, path: str) -> str:
        """The text of the file at ``path`` as the tag has it."""
        return self._git("show", "--no-textconv", f"refs/tags/{tag}:{path}", "--")

    def _git(self, *arguments: str) -> str:
        settings = [part for setting in (*_SETTINGS, f"safe.directory={self.path}") for part in ("-c", setting)]
        command = ["git", "--no-pager", "-C", self.path, *settings, *arguments]
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("GIT_")},
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_OPTIONAL_LOCKS": "0",
            "LC_ALL": "C.UTF-8",
        }
        try:
            # The core knows no AnsibleModule whose run_command it could call.
            done = subprocess.run(  # pylint: disable=ansible-bad-function
                command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, timeout=self._timeout, check=False
            )
        except FileNotFoundError as error:
            raise SourceUnavailableError("git is not installed on this host; install it to see what changed.") from error
        except subprocess.TimeoutExpired as error:
            raise SourceUnavailableError(f"git took longer than {self._timeout:g} s in {self.path}.") from error
        if done.returncode != 0:
            raise SourceUnavailableError(f"git can't read {self.path}: {excerpt(done.stderr, 300)}")
        return done.stdout.decode("utf-8", "replace")


def _commit(record: str) -> Commit:
    sha, at, author, subject, files = record.split(_UNIT, 4)
    paths = tuple(line for line in files.splitlines() if line.strip())
    return Commit(sha=sha, at=datetime.fromtimestamp(int(at), UTC), author=excerpt(author, 80), subject=excerpt(subject), files=paths)
