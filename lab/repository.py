# SPDX-License-Identifier: GPL-3.0-or-later
"""Real git repositories with the history that a scenario tells."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from lab.scenario.model import Commit

_BRANCH = "main"


class RepositoryError(Exception):
    """git could not make a repository."""


def create(directory: Path, commits: Sequence[Commit], start: float) -> str:
    """A repository in ``directory`` (which is made) with these commits; returns the id of its HEAD.

    ``start`` is the start of the lab in Unix seconds, to which the commits' moments are relative. It is written with ``git fast-import``,
    which takes one process however many commits there are. Raises RepositoryError.
    """
    directory.mkdir(parents=True)
    _git(directory, ["init", "--quiet", f"--initial-branch={_BRANCH}"])
    _git(directory, ["fast-import", "--quiet", "--done"], _stream(commits, start))
    _git(directory, ["reset", "--quiet", "--hard", _BRANCH])
    return _git(directory, ["rev-parse", "HEAD"]).strip()


def _stream(commits: Sequence[Commit], start: float) -> bytes:
    """What ``git fast-import`` reads (https://git-scm.com/docs/git-fast-import)."""
    parts: list[bytes] = []
    for number, commit in enumerate(commits, 1):
        who = f"{commit.author} <{commit.author}@example.com> {int(start + commit.at)} +0000"
        parts.append(f"commit refs/heads/{_BRANCH}\nmark :{number}\nauthor {who}\ncommitter {who}\n".encode())
        parts.append(_data(commit.message))
        if number > 1:
            parts.append(f"from :{number - 1}\n".encode())
        for path, content in commit.files.items():
            parts.append(f"M 100644 inline {path}\n".encode())
            parts.append(_data(content))
        parts.append(b"\n")
        if commit.tag is not None:
            parts.append(f"tag {commit.tag}\nfrom :{number}\ntagger {who}\n".encode())
            parts.append(_data(f"Release {commit.tag}"))
    parts.append(b"done\n")
    return b"".join(parts)


def _data(text: str) -> bytes:
    content = text.encode()
    return b"data %d\n%s\n" % (len(content), content)


def _git(directory: Path, arguments: list[str], stdin: bytes | None = None) -> str:
    """Nothing of the user's or the machine's git settings has a say."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    environment |= {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "HOME": str(directory)}
    try:
        result = subprocess.run(["git", *arguments], cwd=directory, env=environment, input=stdin, capture_output=True, check=False)
    except FileNotFoundError:
        raise RepositoryError("git is not installed: the lab needs it for the history of the services' source") from None
    if result.returncode:
        raise RepositoryError(f"git {arguments[0]} failed: {result.stderr.decode(errors='replace').strip()}")
    return result.stdout.decode()
