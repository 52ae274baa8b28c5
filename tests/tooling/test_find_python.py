# SPDX-License-Identifier: GPL-3.0-or-later
"""tools/find-python finds an interpreter that works, whatever lies on PATH before it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

FIND_PYTHON = Path(__file__).resolve().parents[2] / "tools" / "find-python"
VERSION = f"{sys.version_info[0]}.{sys.version_info[1]}"


def find(path: list[Path], home: Path, wanted: str = "") -> subprocess.CompletedProcess[str]:
    """Run tools/find-python in a bare environment."""
    environment = {"PATH": ":".join(map(str, path)), "HOME": str(home), "PYTHON": wanted}
    return subprocess.run(["/bin/sh", str(FIND_PYTHON)], env=environment, capture_output=True, text=True, check=False)


def script(path: Path, text: str) -> Path:
    """An executable at `path`; returns its directory."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    path.chmod(0o755)
    return path.parent


def working(path: Path) -> Path:
    """This interpreter under another name; returns its directory."""
    return script(path, f'exec "{sys.executable}" "$@"')


def test_a_shim_that_does_not_run_is_passed_over(tmp_path: Path) -> None:
    shims = script(tmp_path / "shims" / f"python{VERSION}", "echo 'version not selected' >&2; exit 127")
    there = working(tmp_path / "my tools" / f"python{VERSION}")
    assert find([shims, there], tmp_path).stdout.strip() == sys.executable


def test_versions_that_pyenv_keeps_are_found(tmp_path: Path) -> None:
    working(tmp_path / ".pyenv" / "versions" / VERSION / "bin" / f"python{VERSION}")
    assert find([tmp_path], tmp_path).stdout.strip() == sys.executable


@pytest.mark.parametrize("by", ["version", "command", "path"])
def test_the_user_can_name_one(tmp_path: Path, by: str) -> None:
    there = working(tmp_path / "bin" / f"python{VERSION}")
    wanted = {"version": VERSION, "command": f"python{VERSION}", "path": str(there / f"python{VERSION}")}[by]
    assert find([there], tmp_path, wanted).stdout.strip() == sys.executable


@pytest.mark.parametrize("wanted", ["", "3.11", "snake", "/nowhere/python3"])
def test_none_at_all_says_what_is_needed(tmp_path: Path, wanted: str) -> None:
    script(tmp_path / "bin" / "python3", "exit 1")
    found = find([tmp_path / "bin"], tmp_path, wanted)
    assert found.returncode == 1
    assert found.stdout == ""
    assert "Needed: Python 3.11, 3.12 or 3.13" in found.stderr
    assert wanted in found.stderr
