# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.devops.incident_response.plugins.module_utils.evidence.template_content import content_of, what_changed


def template(image: str = "shop/app:1.2.0", annotations: dict[str, str] | None = None, **labels: str) -> dict[str, Any]:
    return {"metadata": {"labels": {"app": "shop", **labels}, "annotations": annotations}, "spec": {"containers": [{"image": image}]}}


@pytest.mark.parametrize(
    "key", ["kubectl.kubernetes.io/restartedAt", "rollme", "example.org/restarted-at", "force-redeploy", "redeployTimestamp"]
)
def test_what_a_restart_writes_changes_nothing(key: str) -> None:
    assert content_of(
        template(annotations={key: "2025-10-21T14:00:00Z", "pod-template-hash": "x"}, **{"pod-template-hash": "a"})
    ) == content_of(template(annotations={key: "2025-10-21T15:00:00Z", "pod-template-hash": "x"}, **{"pod-template-hash": "b"}))
    assert content_of(template(annotations={key: "now"})) == content_of(template())


@pytest.mark.parametrize("other", [template("shop/app:1.2.1"), template(annotations={"checksum/config": "b"}), template(tier="web")])
def test_what_else_differs_is_another_version(other: dict[str, Any]) -> None:
    assert content_of(other) != content_of(template())


@pytest.mark.parametrize("image", ["shop/app", "shop/app:latest", "registry:5000/shop/app", "shop/app:main"])
def test_a_tag_that_moves_tells_nothing(image: str) -> None:
    assert content_of(template(image)) is None


def test_a_digest_does_not_move() -> None:
    assert content_of(template("shop/app@sha256:" + "a" * 64)) is not None


def test_without_a_spec_nothing_is_known() -> None:
    assert content_of({}) is None


@pytest.mark.parametrize(
    ("after", "changed"),
    [
        (template("shop/app:1.2.1"), "image"),
        (template(tier="web"), "configuration"),
        (template(annotations={"checksum/config": "b"}), "configuration"),
        (template(annotations={"kubectl.kubernetes.io/restartedAt": "2025-10-21T15:00:00Z"}), "restart"),
        (template(annotations={"example.org/restarted-at": "now"}), "restart"),
        (template(**{"pod-template-hash": "b"}), None),
    ],
)
def test_a_new_version_is_told_from_a_restart(after: dict[str, Any], changed: str | None) -> None:
    assert what_changed(template(), after) == changed
