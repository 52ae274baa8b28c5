# SPDX-License-Identifier: GPL-3.0-or-later
"""A team decides by a tree of its own, and what was tried in vain is not tried again."""

from __future__ import annotations

import json
from pathlib import Path

from tests.playbooks.conftest import CHECKOUT, Lab, Play

TREE = """\
version: 1
tree:
  - ask: "Do more than {threshold} of the payments fail?"
    check: error_rate
    above: 10%
    then:
      - {cause: deployment, confidence: 85, action: rollback}
      - {cause: dependency, confidence: 20, action: investigate, remedies: ["Call the bank"]}
"""


def test_the_tree_of_a_team_is_walked(play: Play, untouched_lab: Lab, tmp_path: Path) -> None:
    tree = tmp_path / "tree.yml"
    tree.write_text(TREE, encoding="utf-8")
    run = play("p1", "-e", "service=payment-api", "-e", f"decide_tree={tree}", lab=untouched_lab)
    assert run.code == 0, run.output
    assert "Do more than 10% of the payments fail?" in run.output
    assert "Recent deployment (last 4h)?" not in run.output, "the default tree is not walked as well"
    (step,) = run.record()["recommendation"]["tree"]
    assert (step["answer"], step["threshold"], step["branch"]) == ("yes", 0.1, "then")


def test_a_wrong_tree_is_refused_with_line_and_reason(play: Play, untouched_lab: Lab, tmp_path: Path) -> None:
    tree = tmp_path / "tree.yml"
    shipped = (CHECKOUT / "roles" / "decide" / "files" / "decision_tree.yml").read_text(encoding="utf-8")
    line = 1 + next(number for number, text in enumerate(shipped.splitlines()) if "check: error_rate" in text)
    tree.write_text(shipped.replace("check: error_rate", "check: eror_rate", 1), encoding="utf-8")
    run = play("p1", "-e", "service=payment-api", "-e", f"decide_tree={tree}", lab=untouched_lab)
    assert run.code != 0
    assert f"{tree}:{line}" in run.output.replace("\n", ""), run.output
    assert "eror_rate" in run.output
    assert untouched_lab.version("payment-api") == "v2.3.1"


def test_what_was_tried_in_vain_is_not_made_again(play: Play, untouched_lab: Lab) -> None:
    tried = json.dumps(
        {"service": "payment-api", "decide_attempts": [{"state": "not_recovered", "to_version": "v2.3.0", "to_revision": None}]}
    )
    run = play("p0", "-e", tried, lab=untouched_lab)
    assert run.code == 0, run.output
    assert "rollback was tried and failed" in run.output
    assert "AUTOMATED ROLLBACK" not in run.output
    assert untouched_lab.version("payment-api") == "v2.3.1"
