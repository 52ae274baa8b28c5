# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.devops.incident_response.plugins.module_utils.evidence.objects import main_container
from ansible_collections.devops.incident_response.plugins.module_utils.evidence.template_change import RESTARTED_AT, what_changed


def template(image: str = "shop/app:v1", env: str = "1", **annotations: str) -> dict[str, Any]:
    containers = [{"name": "app", "image": image, "env": [{"name": "A", "value": env}]}]
    return {
        "metadata": {"labels": {"app": "a", "pod-template-hash": image}, "annotations": annotations},
        "spec": {"containers": containers},
    }


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        (template(), None),
        (template("shop/app:v2"), "image"),
        (template("shop/app:v2", env="2"), "image"),
        (template(env="2"), "configuration"),
        (template(**{"checksum/config": "abc"}), "configuration"),
        (template(**{RESTARTED_AT: "2026-11-23T22:00:00Z"}), "restart"),
    ],
)
def test_what_changed(after: dict[str, Any], expected: str | None) -> None:
    after["metadata"]["labels"]["pod-template-hash"] = "other"
    assert what_changed(template(), after) == expected


@pytest.mark.parametrize(("wanted", "expected"), [(None, "app"), ("istio-proxy", "istio-proxy"), ("nobody", "app")])
def test_what_accompanies_a_service_is_not_its_container(wanted: str | None, expected: str) -> None:
    assert main_container({"containers": [{"name": "istio-proxy"}, {"name": "app"}]}, wanted)["name"] == expected
    assert main_container({"containers": [{"name": "istio-proxy"}]}, None)["name"] == "istio-proxy"
