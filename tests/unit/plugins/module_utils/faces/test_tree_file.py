# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.devops.incident_response.plugins.module_utils.decision.tree_default import DEFAULT_TREE, DOCUMENT
from ansible_collections.devops.incident_response.plugins.module_utils.decision.tree_reading import TreeError
from ansible_collections.devops.incident_response.plugins.module_utils.faces.tree_file import decision_tree_from

GOOD = """\
version: 1
tree:
  - ask: High error rate (> {threshold})?
    check: error_rate
    above: 2%
    then: &more
      - ask: Crashes?
        check: crashes
    else: *more
"""


def test_nothing_is_the_default() -> None:
    assert decision_tree_from(None) is decision_tree_from("") is DEFAULT_TREE


def test_data_and_a_path_are_the_same(tmp_path: Path) -> None:
    path = tmp_path / "tree.yml"
    path.write_text(GOOD, encoding="utf-8")
    tree = decision_tree_from(str(path))
    assert tree.limit("error_rate", 1.0) == 0.02
    assert decision_tree_from(DOCUMENT) == DEFAULT_TREE


@pytest.mark.parametrize(
    ("old", "new", "line", "why"),
    [
        ("above: 2%", "above: many", 5, "is a share such as 5%"),
        ("check: crashes", "check: crashs", 8, "did you mean 'crashes'?"),
        ("check: error_rate", "chek: error_rate", 4, "is no field; did you mean 'check'?"),
        ("version: 1", "version: 7", 1, "the only version"),
        ("    above: 2%", "   above: 2%", 5, "block"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(tmp_path: Path, old: str, new: str, line: int, why: str) -> None:
    path = tmp_path / "tree.yml"
    path.write_text(GOOD.replace(old, new), encoding="utf-8")
    with pytest.raises(TreeError) as error:
        decision_tree_from(str(path))
    assert f"{path}:{line}: " in error.value.message
    assert why in error.value.message


@pytest.mark.parametrize("content", [b"\xff\xfe", b""])
def test_a_file_that_holds_no_tree_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "tree.yml"
    path.write_bytes(content)
    with pytest.raises(TreeError, match=r"The decision tree can't be (?:read|used)"):
        decision_tree_from(str(path))


def test_a_missing_file_is_named() -> None:
    with pytest.raises(TreeError, match=r"no/such\.yml: No such file"):
        decision_tree_from("no/such.yml")
