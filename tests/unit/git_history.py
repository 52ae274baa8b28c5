# SPDX-License-Identifier: GPL-3.0-or-later
"""Small git repositories to read from."""

from __future__ import annotations

import os
import subprocess
from datetime import UTC, datetime
from pathlib import Path

START = datetime(2025, 10, 21, 10, tzinfo=UTC)

AUTHOR = "Al\x1b[31mice"


def git(path: Path, *arguments: str, at: datetime = START) -> str:
    """Runs git in ``path`` as AUTHOR at that time, without anybody's own settings; what it prints."""
    names = {f"GIT_{who}_{what}": value for who in ("AUTHOR", "COMMITTER") for what, value in (("NAME", AUTHOR), ("EMAIL", "a@b"))}
    dates = {f"GIT_{who}_DATE": f"{int(at.timestamp())} +0000" for who in ("AUTHOR", "COMMITTER")}
    environment = {**os.environ, **names, **dates, "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null"}
    done = subprocess.run(["git", "-C", str(path), *arguments], check=True, capture_output=True, env=environment)
    return done.stdout.decode()


def new_repository(path: Path) -> Path:
    path.mkdir()
    git(path, "init", "-q")
    return path


def commit(path: Path, name: str, message: str, at: datetime) -> None:
    """A commit that adds or changes one file."""
    file = path / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(message, encoding="utf-8")
    git(path, "add", "-A")
    git(path, "commit", "-q", "-m", message, at=at)
