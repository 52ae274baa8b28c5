# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.devops.incident_response.plugins.module_utils.evidence.likeness import is_slip, meant


@pytest.mark.parametrize(
    ("one", "other", "slip"),
    [
        ("gateway", "gatway", True),
        ("gateway", "gatewya", True),
        ("payments", "payment", True),
        ("api-gateway", "apigateway", True),
        ("frontend", "backend", False),
        ("gateway", "gateway", False),
        ("prod", "prd", False),
        ("ledger-v1", "ledger-v2", False),
        ("ledger-ro", "ledger-rw", False),
        ("shop-1", "shop-12", False),
        ("staging", "testing", False),
        ("worker", "web", False),
    ],
)
def test_a_slip_of_a_few_letters(one: str, other: str, slip: bool) -> None:
    for pair in ((one, other), (other, one)):
        assert is_slip(*pair) is slip


@pytest.mark.parametrize(
    ("wanted", "labels", "instead"),
    [
        ({"app": "gatway"}, {"app": "gateway"}, "app=gateway"),
        ({"role": "frontend"}, {"app": "frontend"}, "app=frontend"),
        ({"app": "gateway", "tier": "edge"}, {"app": "gateway", "tier": "web"}, None),
        ({"app": "gatway", "tier": "edge"}, {"app": "gateway", "tier": "edge"}, "app=gateway"),
        ({"app": "gateway"}, {"app": "gateway"}, None),
        ({"role": "web"}, {"app": "web"}, None),  # too short to be meant
        ({"app": "ledger"}, {"app": "orders", "part-of": "ledger"}, None),  # its own label says who it is
        ({}, {"app": "orders"}, None),
    ],
)
def test_labels_that_are_nearly_those(wanted: dict[str, str], labels: dict[str, str], instead: str | None) -> None:
    assert meant(wanted, labels) == instead
