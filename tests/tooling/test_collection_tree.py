# SPDX-License-Identifier: GPL-3.0-or-later
"""The copy of the collection follows the checkout, and only the checkout's own files."""

from __future__ import annotations

import subprocess
from pathlib import Path

import cache
import collection_tree
import pytest


@pytest.fixture
def checkout(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A small git checkout, in a folder with an awkward name, that the tools take for their own."""
    root = tmp_path / 'it\'s "mine" (2)'
    root.mkdir()
    subprocess.run(["git", "init", "--quiet", str(root)], check=True)
    for path, text in {"plugins/a.py": "a", "plugins/b.py": "b", "lab/c.py": "c", ".gitignore": "*.log\n", "noise.log": "no"}.items():
        (root / path).parent.mkdir(exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")
    monkeypatch.setattr(cache, "CHECKOUT", root)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return root


def copied(*left_out: str) -> dict[str, str]:
    target = collection_tree.copied_collection(frozenset(left_out))
    return {str(path.relative_to(target)): path.read_text(encoding="utf-8") for path in target.rglob("*") if path.is_file()}


def test_the_link_leads_to_the_checkout(checkout: Path) -> None:
    for _ in range(2):
        link = collection_tree.linked_tree() / "ansible_collections" / "devops" / "incident_response"
        assert link.resolve() == checkout.resolve()


def test_ignored_and_left_out_files_are_not_copied(checkout: Path) -> None:
    assert copied("lab") == {"plugins/a.py": "a", "plugins/b.py": "b", ".gitignore": "*.log\n"}


def test_the_copy_follows_changes_and_deletions(checkout: Path) -> None:
    copied()
    (checkout / "plugins/a.py").write_text("changed", encoding="utf-8")
    (checkout / "plugins/b.py").unlink()
    (checkout / "lab/c.py").unlink()
    (checkout / "plugins/new.py").write_text("new", encoding="utf-8")
    assert copied() == {"plugins/a.py": "changed", "plugins/new.py": "new", ".gitignore": "*.log\n"}


def test_unchanged_files_keep_their_time(checkout: Path) -> None:
    target = collection_tree.copied_collection(frozenset())
    before = (target / "plugins/a.py").stat().st_ctime_ns
    collection_tree.copied_collection(frozenset())
    assert (target / "plugins/a.py").stat().st_ctime_ns == before
