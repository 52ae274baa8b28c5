# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
from typing import Any

import pytest

from lab.cluster.errors import ApiError
from lab.cluster.patch import JSON_PATCH, MERGE_PATCH, STRATEGIC_MERGE_PATCH, json_patch, merge_patch, patched
from lab.cluster.strategic_merge import strategic_merge


def test_merge_patch_removes_nulls_and_replaces_lists() -> None:
    assert merge_patch({"a": {"b": 1, "c": 2}, "l": [1, 2]}, {"a": {"b": None}, "l": [3]}) == {"a": {"c": 2}, "l": [3]}


@pytest.mark.parametrize(
    ("operations", "expected"),
    [
        ([{"op": "add", "path": "/l/1", "value": 9}], {"a": {"b/c": 1}, "l": [1, 9, 2]}),
        ([{"op": "add", "path": "/l/-", "value": 9}], {"a": {"b/c": 1}, "l": [1, 2, 9]}),
        ([{"op": "replace", "path": "/a/b~1c", "value": 2}], {"a": {"b/c": 2}, "l": [1, 2]}),
        ([{"op": "remove", "path": "/l/0"}], {"a": {"b/c": 1}, "l": [2]}),
        ([{"op": "move", "from": "/l/0", "path": "/m"}], {"a": {"b/c": 1}, "l": [2], "m": 1}),
        ([{"op": "copy", "from": "/a", "path": "/m"}], {"a": {"b/c": 1}, "l": [1, 2], "m": {"b/c": 1}}),
        ([{"op": "test", "path": "/l", "value": [1, 2]}], {"a": {"b/c": 1}, "l": [1, 2]}),
    ],
)
def test_json_patch(operations: list[dict[str, Any]], expected: dict[str, Any]) -> None:
    document = {"a": {"b/c": 1}, "l": [1, 2]}
    assert json_patch(document, operations) == expected
    assert document == {"a": {"b/c": 1}, "l": [1, 2]}


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "test", "path": "/l/0", "value": 5},
        {"op": "replace", "path": "/missing", "value": 5},
        {"op": "remove", "path": "/l/7"},
        {"op": "add", "path": "/no/where", "value": 5},
    ],
)
def test_json_patch_that_does_not_fit(operation: dict[str, Any]) -> None:
    with pytest.raises(ApiError) as raised:
        json_patch({"l": [1]}, [operation])
    assert (raised.value.code, raised.value.reason) == (422, "Invalid")


def test_strategic_merge_by_key() -> None:
    target = {
        "containers": [
            {"name": "app", "image": "a:1", "env": [{"name": "X", "value": "1"}, {"name": "Y", "value": "2"}]},
            {"name": "side", "image": "s:1"},
        ],
        "tolerations": [{"key": "old"}],
    }
    patch = {
        "containers": [{"name": "app", "image": "a:2", "env": [{"name": "Y", "$patch": "delete"}, {"name": "Z", "value": "3"}]}],
        "tolerations": [{"key": "new"}],
    }
    assert strategic_merge(target, patch) == {
        "containers": [
            {"name": "app", "image": "a:2", "env": [{"name": "X", "value": "1"}, {"name": "Z", "value": "3"}]},
            {"name": "side", "image": "s:1"},
        ],
        "tolerations": [{"key": "new"}],
    }


def test_strategic_merge_directives() -> None:
    target = {
        "template": {"a": 1},
        "containers": [{"name": "a"}, {"name": "b"}],
        "finalizers": ["x", "y"],
        "strategy": {"type": "R", "rolling": 1},
    }
    patch = {
        "template": {"$patch": "replace", "b": 2},
        "$setElementOrder/containers": [{"name": "c"}, {"name": "b"}, {"name": "a"}],
        "containers": [{"name": "c"}],
        "$deleteFromPrimitiveList/finalizers": ["x"],
        "finalizers": ["z"],
        "strategy": {"$retainKeys": ["type"], "type": "Recreate"},
    }
    assert strategic_merge(target, patch) == {
        "template": {"b": 2},
        "containers": [{"name": "c"}, {"name": "b"}, {"name": "a"}],
        "finalizers": ["y", "z"],
        "strategy": {"type": "Recreate"},
    }
    assert strategic_merge({"containers": [{"name": "a"}]}, {"containers": [{"$patch": "replace"}, {"name": "z"}]}) == {
        "containers": [{"name": "z"}]
    }


def test_ports_merge_by_the_key_of_their_place() -> None:
    assert strategic_merge({"ports": [{"port": 80, "name": "a"}]}, {"ports": [{"port": 80, "name": "b"}]}) == {
        "ports": [{"port": 80, "name": "b"}]
    }
    merged = strategic_merge({"ports": [{"containerPort": 1}]}, {"ports": [{"containerPort": 2}]})
    assert merged == {"ports": [{"containerPort": 1}, {"containerPort": 2}]}


def test_the_media_type_chooses() -> None:
    document = {"metadata": {}, "containers": [{"name": "a"}]}
    body = json.dumps({"containers": [{"name": "b"}]}).encode()
    assert len(patched(MERGE_PATCH, document, body)["containers"]) == 1
    assert len(patched(STRATEGIC_MERGE_PATCH, document, body)["containers"]) == 2
    for content_type, data, code in (
        ("text/plain", b"{}", 415),
        (JSON_PATCH, b"{}", 400),
        (MERGE_PATCH, b"{", 400),
        (MERGE_PATCH, b"[]", 400),
    ):
        with pytest.raises(ApiError) as raised:
            patched(content_type, document, data)
        assert raised.value.code == code
