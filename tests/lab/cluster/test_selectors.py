# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest

from lab.cluster.errors import ApiError
from lab.cluster.resources import STORED
from lab.cluster.selectors import field_predicate, format_selector, label_predicate, matches_labels

POD = {
    "kind": "Pod",
    "metadata": {"name": "a", "namespace": "n", "labels": {"app": "web", "tier": "1"}},
    "spec": {"nodeName": "x"},
    "status": {"phase": "Running"},
}


@pytest.mark.parametrize(
    ("text", "selected"),
    [
        ("", True),
        ("app=web", True),
        ("app==web", True),
        ("app!=web", False),
        ("other!=web", True),
        ("app in (web, api)", True),
        ("app notin (web,api)", False),
        ("app", True),
        ("!app", False),
        ("!other,app=web", True),
        ("tier>0", True),
        ("tier<1", False),
        ("app=web,tier in (2)", False),
    ],
)
def test_labels(text: str, selected: bool) -> None:
    assert label_predicate(text)(POD) is selected


@pytest.mark.parametrize("text", ["a b c", "a=-x", "a=b c", "=x", "a=" + "x" * 64])
def test_a_bad_label_selector_is_a_bad_request(text: str) -> None:
    with pytest.raises(ApiError) as raised:
        label_predicate(text)
    assert raised.value.code == 400
    assert raised.value.message.startswith("unable to parse requirement: ")


@pytest.mark.parametrize(
    ("text", "selected"),
    [
        ("metadata.name=a", True),
        ("metadata.name!=a", False),
        ("spec.nodeName=x,status.phase=Running", True),
        ("status.phase==Failed", False),
    ],
)
def test_fields(text: str, selected: bool) -> None:
    assert field_predicate(text, STORED["Pod"])(POD) is selected


def test_unsupported_fields_are_named() -> None:
    with pytest.raises(ApiError, match=r"^field label not supported: spec\.replicas$"):
        field_predicate("spec.replicas=1", STORED["Pod"])
    with pytest.raises(ApiError, match=r'^"foo" is not a known field selector: only "metadata\.name", "metadata\.namespace"$'):
        field_predicate("foo=bar", STORED["Deployment"])


def test_selector_objects() -> None:
    selector = {"matchLabels": {"app": "web"}, "matchExpressions": [{"key": "tier", "operator": "NotIn", "values": ["2"]}]}
    assert matches_labels(selector, {"app": "web", "tier": "1"})
    assert not matches_labels(selector, {"app": "web", "tier": "2"})
    assert matches_labels({}, {})
    assert not matches_labels(None, {})
    assert format_selector(selector) == "app=web,tier notin (2)"
