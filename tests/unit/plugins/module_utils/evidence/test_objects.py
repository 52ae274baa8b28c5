# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.devops.incident_response.plugins.module_utils.evidence.objects import (
    image_version,
    main_container,
    quantity,
    selector_text,
    selects,
    template_version,
)


@pytest.mark.parametrize(
    ("text", "amount"),
    [("500m", 0.5), ("1", 1.0), ("1Gi", 2**30), ("128974848", 128974848.0), ("129e6", 129e6), ("123Mi", 123 * 2**20), ("250000000n", 0.25),
     (".5", 0.5), (2, 2.0), ("", None), (None, None), ("1 Gi", None), ("lots", None)],
)  # fmt: skip
def test_quantities(text: Any, amount: float | None) -> None:
    assert quantity(text) == (pytest.approx(amount) if amount is not None else None)


@pytest.mark.parametrize(
    ("image", "version"),
    [
        ("payment-api:v2.3.1", "v2.3.1"),
        ("registry.example.com:5000/team/payment-api:v2.3.1", "v2.3.1"),
        ("registry.example.com:5000/team/payment-api", None),
        ("team/payment-api:v1@sha256:0123456789abcdef0123", "v1"),
        ("team/payment-api@sha256:0123456789abcdef0123", "0123456789ab"),
        ("payment-api", None),
    ],
)
def test_versions_of_images(image: str, version: str | None) -> None:
    assert image_version(image) == version


def test_the_version_label_wins_and_the_wanted_container_is_read() -> None:
    spec = {"containers": [{"name": "proxy", "image": "envoy:v9"}, {"name": "api", "image": "api:v2"}]}
    assert template_version({"metadata": {}, "spec": spec}, "api") == ("v2", "api:v2")
    assert template_version({"metadata": {}, "spec": spec}, None) == ("v9", "envoy:v9")
    labelled = {"metadata": {"labels": {"app.kubernetes.io/version": "3.0"}}, "spec": spec}
    assert template_version(labelled, "api")[0] == "3.0"
    assert template_version({}, None) == (None, None)


SELECTOR = {
    "matchLabels": {"app": "api"},
    "matchExpressions": [
        {"key": "tier", "operator": "In", "values": ["1", "2"]},
        {"key": "track", "operator": "NotIn", "values": ["canary"]},
        {"key": "team", "operator": "Exists"},
        {"key": "old", "operator": "DoesNotExist"},
    ],
}


def test_a_selector_as_a_query() -> None:
    assert selector_text(SELECTOR) == "app=api,tier in (1,2),track notin (canary),team,!old"


@pytest.mark.parametrize(
    ("labels", "selected"),
    [
        ({"app": "api", "tier": "1", "team": "x"}, True),
        ({"app": "api", "tier": "3", "team": "x"}, False),
        ({"app": "api", "tier": "1", "team": "x", "track": "canary"}, False),
        ({"app": "api", "tier": "1"}, False),
        ({"app": "api", "tier": "1", "team": "x", "old": ""}, False),
        ({"app": "other", "tier": "1", "team": "x"}, False),
    ],
)
def test_what_a_selector_selects(labels: dict[str, str], selected: bool) -> None:
    assert selects(SELECTOR, labels) is selected


@pytest.mark.parametrize(("wanted", "expected"), [(None, "app"), ("istio-proxy", "istio-proxy"), ("nobody", "app")])
def test_what_accompanies_a_service_is_not_its_container(wanted: str | None, expected: str) -> None:
    assert main_container({"containers": [{"name": "istio-proxy"}, {"name": "app"}]}, wanted)["name"] == expected
    assert main_container({"containers": [{"name": "istio-proxy"}]}, None)["name"] == "istio-proxy"
