# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest

from lab.cluster.errors import ApiError
from lab.cluster.managed_fields import apply, track_update

AT = "2026-11-23T12:00:00Z"


def config(image: str, **labels: str) -> dict[str, Any]:
    containers = [{"name": "app", "image": image}]
    return {"kind": "Pod", "apiVersion": "v1", "metadata": {"name": "a", "labels": labels}, "spec": {"containers": containers}}


def managers(obj: dict[str, Any]) -> dict[str, Any]:
    return {entry["manager"]: entry["fieldsV1"] for entry in obj["metadata"]["managedFields"]}


def test_an_update_takes_what_it_changes() -> None:
    old = config("a:1", app="web")
    track_update(None, old, "kubectl", AT)
    new = config("a:2", app="web")
    new["metadata"]["managedFields"] = old["metadata"]["managedFields"]
    track_update(old, new, "robot", AT)
    item = 'k:{"name":"app"}'
    assert managers(new)["robot"] == {"f:spec": {"f:containers": {item: {"f:image": {}}}}}
    assert managers(new)["kubectl"]["f:spec"]["f:containers"][item] == {".": {}, "f:name": {}}
    assert managers(new)["kubectl"]["f:metadata"] == {"f:labels": {"f:app": {}}}


def test_apply_conflicts_unless_forced() -> None:
    current = config("a:1")
    track_update(None, current, "kubectl", AT)
    with pytest.raises(
        ApiError, match=r'Apply failed with 1 conflict: conflict with "kubectl" using v1: \.spec\.containers\[name="app"\]\.image'
    ) as raised:
        apply(current, config("a:2"), "me", AT, force=False)
    assert raised.value.code == 409
    forced = apply(current, config("a:2"), "me", AT, force=True)
    assert forced["spec"]["containers"][0]["image"] == "a:2"
    assert "f:image" not in str(managers(forced)["kubectl"])


def test_apply_removes_what_its_manager_no_longer_wants() -> None:
    current = apply({"kind": "Pod", "apiVersion": "v1", "metadata": {}}, config("a:1", app="web", team="pay"), "me", AT, force=False)
    current["metadata"]["name"] = "a"
    assert apply(current, config("a:1", app="web"), "me", AT, force=False)["metadata"]["labels"] == {"app": "web"}


def test_apply_leaves_what_another_manager_owns_too() -> None:
    current = apply({"kind": "Pod", "apiVersion": "v1", "metadata": {"name": "a"}}, config("a:1", app="web"), "me", AT, force=False)
    current = apply(current, config("a:1", app="web"), "you", AT, force=False)
    assert apply(current, config("a:1"), "me", AT, force=False)["metadata"]["labels"] == {"app": "web"}
