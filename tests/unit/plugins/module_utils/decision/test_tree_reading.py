# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.devops.incident_response.plugins.module_utils.decision.tree import Conclusion, Condition, Question
from ansible_collections.devops.incident_response.plugins.module_utils.decision.tree_default import DEFAULT_TREE, DOCUMENT
from ansible_collections.devops.incident_response.plugins.module_utils.decision.tree_reading import TreeError, tree_from

FILE = Path(__file__).resolve().parents[5] / "roles" / "decide" / "files" / "decision_tree.yml"


def of(*nodes: Any) -> dict[str, Any]:
    return {"version": 1, "tree": list(nodes)}


def question(**given: Any) -> dict[str, Any]:
    return {"ask": "High?", "check": "error_rate", "above": "5%", **given}


def test_the_default_is_what_its_file_says() -> None:
    assert yaml.safe_load(FILE.read_text(encoding="utf-8")) == DOCUMENT, "run tools/decision_tree.py"


def test_the_default_has_the_specifications_limits() -> None:
    limits = {(one.check, one.comparison, one.threshold) for one in DEFAULT_TREE.questions() if one.threshold is not None}
    assert {("error_rate", "above", 0.05), ("latency_p95", "above", 0.5), ("deployment_age", "below", 14400.0)} <= limits


def test_the_default_has_the_specifications_remedies() -> None:
    actions = {
        (one.cause, one.action) for cause in ("resource_leak", "load", "crash", "dependency") for one in DEFAULT_TREE.conclusions(cause)
    }
    assert {("resource_leak", "restart"), ("load", "scale"), ("crash", "raise_limit"), ("dependency", "investigate")} <= actions


def test_a_question_is_read_with_its_units() -> None:
    tree = tree_from(
        of(
            question(then=[{"cause": "deployment", "action": "rollback", "confidence": 80, "when": ["paused", "not crashes"]}]),
            {"ask": "Slow?", "check": "latency_p95", "at_least": "250ms"},
            {"ask": "Old?", "check": "deployment_age", "at_most": 90},
            {"ask": "Queue?", "check": "signal.queue_length", "above": 100},
            {"ask": "Queue grew?", "check": "signal.queue_length.multiple", "above": 3},
        )
    )
    first = tree.nodes[0]
    assert isinstance(first, Question)
    assert first.then == (Conclusion("deployment", "rollback", 80, conditions=(Condition("paused", True), Condition("crashes", False))),)
    assert [one.threshold for one in tree.questions()] == [0.05, 0.25, 90.0, 100.0, 3.0]


def test_what_is_unknown_may_go_either_way() -> None:
    (one,) = tree_from(of(question(then=[question(ask="More?")], unknown="then"))).nodes
    assert isinstance(one, Question)
    assert one.unknown == one.then != ()


@pytest.mark.parametrize(
    ("document", "where", "why"),
    [
        ([], "the tree", "is a mapping with 'version' and 'tree'"),
        ({"tree": []}, "version", "is 1, the only version"),
        ({"version": 1}, "tree", "is missing"),
        ({"version": 1, "tree": "x"}, "tree", "is a list of questions"),
        ({"version": 1, "tree": [], "extra": 1}, "extra", "is no field"),
        (of("x"), "tree[0]", "is a question"),
        (of({"check": "error_rate", "above": 1}), "tree[0]", "has no 'ask'"),
        (of({"ask": "x"}), "tree[0]", "has no 'check'"),
        (of(question(check="eror_rate")), "tree[0].check", "did you mean 'error_rate'?"),
        (of(question(check="signal.")), "tree[0].check", "is no fact"),
        (of(question(below="3%")), "tree[0]", "with 2 of above, below"),
        (of({"ask": "x", "check": "error_rate"}), "tree[0]", "with 0 of above, below"),
        (of({"ask": "x", "check": "crashes", "above": 1}), "tree[0].above", "is yes or no by itself"),
        (of(question(above="often")), "tree[0].above", "is a share such as 5%"),
        (of(question(above=float("nan"))), "tree[0].above", "is a share such as 5%"),
        (of(question(above=True)), "tree[0].above", "is a share such as 5%"),
        (of({"ask": "x", "check": "deployment_age", "below": "soon"}), "tree[0].below", "is a duration such as"),
        (of(question(unknown="perhaps")), "tree[0].unknown", "is a list, 'then' or 'else'"),
        (of(question(then={"cause": "x"})), "tree[0].then", "is a list of questions"),
        (of({**question(), True: []}), "tree[0]", "which YAML reads as true and false"),
        (of(question(when="error_rate")), "tree[0].when", "names no fact that is yes or no"),
        (of(question(when="not pausd")), "tree[0].when", "did you mean 'paused'?"),
        (of(question(ask="two\nlines")), "tree[0].ask", "is one line of text"),
        (of(question(ask="x" * 301)), "tree[0].ask", "is one line of text"),
        (of({"cause": "Bad Deploy"}), "tree[0].cause", "is a name in small letters"),
        (of({"cause": "load", "action": "reboot"}), "tree[0].action", "is one of rollback"),
        (of({"cause": "load", "action": "rollback"}), "tree[0].action", "mends a deployment and not 'load'"),
        (of({"cause": "load", "confidence": 100}), "tree[0].confidence", "from 0 to 95"),
        (of({"cause": "load", "confidence": True}), "tree[0].confidence", "from 0 to 95"),
        (of({"cause": "load", "remedies": "Scale"}), "tree[0].remedies", "is a list of sentences"),
        (of(question(then=[{"cause": "load", "do": "x"}])), "tree[0].then[0].do", "is no field"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(document: Any, where: str, why: str) -> None:
    with pytest.raises(TreeError) as error:
        tree_from(document)
    assert f": {where} " in error.value.message
    assert why in error.value.message


def test_a_line_is_that_of_the_innermost_thing_known() -> None:
    with pytest.raises(TreeError) as error:
        tree_from(of(question(then=[{"cause": "load", "do": "x"}])), {"tree[0]": 3, "tree[0].then[0]": 7}, "mine.yml")
    assert "mine.yml:7: tree[0].then[0].do is no field" in error.value.message
    assert error.value.details["line"] == 7


def test_a_tree_without_end_is_refused() -> None:
    node = question()
    for _unused in range(30):
        node = question(then=[node])
    with pytest.raises(TreeError, match="more than 20 questions deep"):
        tree_from(of(node))
