# SPDX-License-Identifier: GPL-3.0-or-later
"""Every file is short, says its license, and speaks of nothing but the project."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from tests.architecture.source_tree import CHECKOUT, tracked_files

MOST_LINES = 399
SPDX = "SPDX-License-Identifier: GPL-3.0-or-later"
PLUGIN_HEADER = (
    "# Copyright (c) 2026, devops.incident_response contributors",
    "# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)",
    f"# {SPDX}",
)
# Written by a tool, or recorded from a real server.
GENERATED = ("changelogs/changelog.yaml", "CHANGELOG.md", "LICENSE")
RECORDED = "fixtures"

STRAY = {
    "a path of somebody's machine": re.compile(r"(?<![\w.~-])/(?:home|Users|root|work|tmp)/[\w.]"),
    "an unfinished note": re.compile(r"\b(?:TODO|FIXME|XXX|HACK)\b"),
    "a leftover of a merge": re.compile(r"^(?:<{7}|>{7}) ", re.MULTILINE),
}


def too_long(root: Path, paths: Iterable[Path]) -> list[str]:
    """Python and YAML files of `paths` with too many lines."""
    found = []
    for path in paths:
        if path.suffix in {".py", ".yml", ".yaml"} and not _exempt(path):
            lines = len((root / path).read_text(encoding="utf-8").splitlines())
            if lines > MOST_LINES:
                found.append(f"{path} has {lines} lines")
    return found


def unlicensed(root: Path, paths: Iterable[Path]) -> list[str]:
    """Python files of `paths` without their license header; empty files need none."""
    found = []
    for path in paths:
        text = (root / path).read_text(encoding="utf-8") if path.suffix == ".py" else ""
        # An executable file has its interpreter line first.
        lines = [line for line in text.splitlines()[:5] if not line.startswith("#!")]
        if path.parts[0] == "plugins":
            licensed = tuple(lines[: len(PLUGIN_HEADER)]) == PLUGIN_HEADER
        else:
            licensed = any(SPDX in line for line in lines)
        if text and not licensed:
            found.append(str(path))
    return found


def stray_text(root: Path, paths: Iterable[Path]) -> list[str]:
    """Text in `paths` that tells of one machine, or of work not done."""
    found = []
    for path in paths:
        if _exempt(path):
            continue
        try:
            text = (root / path).read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        for what, pattern in STRAY.items():
            found += [f"{path}:{text.count(chr(10), 0, match.start()) + 1} has {what}: {match[0]}" for match in pattern.finditer(text)]
    return found


def _exempt(path: Path) -> bool:
    return str(path) in GENERATED or RECORDED in path.parts


def test_every_file_is_short() -> None:
    assert too_long(CHECKOUT, tracked_files()) == []


def test_every_python_file_says_its_license() -> None:
    assert unlicensed(CHECKOUT, tracked_files()) == []


def test_no_file_tells_of_one_machine_or_of_work_not_done() -> None:
    this_file = Path(__file__).relative_to(CHECKOUT)
    assert stray_text(CHECKOUT, [path for path in tracked_files() if path != this_file]) == []


@pytest.mark.parametrize("path", ["plugins/modules/planted.py", "playbooks/planted.yml"])
def test_a_long_file_is_found(plant: Callable[[str, str], Path], path: str) -> None:
    assert too_long(plant(path, "x\n" * MOST_LINES), [Path(path)]) == []
    assert too_long(plant(path, "x\n" * (MOST_LINES + 1)), [Path(path)]) == [f"{path} has 400 lines"]


@pytest.mark.parametrize(
    ("path", "text", "licensed"),
    [
        ("lab/planted.py", "import json\n", False),
        ("lab/planted.py", f"# {SPDX}\n", True),
        ("tools/planted.py", f"#!/usr/bin/env python\n# {SPDX}\n", True),
        ("plugins/modules/planted.py", f"# {SPDX}\n", False),
        ("plugins/modules/planted.py", "\n".join(PLUGIN_HEADER), True),
        ("plugins/modules/planted.py", "\n".join(["#!/usr/bin/python", *PLUGIN_HEADER]), True),
        ("plugins/module_utils/__init__.py", "", True),
    ],
)
def test_a_missing_license_is_found(plant: Callable[[str, str], Path], path: str, text: str, licensed: bool) -> None:
    assert unlicensed(plant(path, text), [Path(path)]) == ([] if licensed else [path])


@pytest.mark.parametrize(
    ("text", "stray"),
    [
        ("kubeconfig: /home/alice/.kube/config", True),
        ("see /root/notes", True),
        ("# TODO later", True),
        (">>>>>>> branch", True),
        ("/var/tmp/cache and $HOME/tmp/x and a/work/b", False),
        ("TODOS_PER_DAY", False),
    ],
)
def test_stray_text_is_found(plant: Callable[[str, str], Path], text: str, stray: bool) -> None:
    assert bool(stray_text(plant("docs/planted.md", text), [Path("docs/planted.md")])) is stray
