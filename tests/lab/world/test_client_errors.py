# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests that are refused, beside those that fail."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from lab.scenario.loader import load
from lab.scenario.model import Scenario, Share
from tests.lab.conftest import StillLab


def share(status: str, window: str = "[5m]") -> str:
    requests = 'http_requests_total{job="payment-api"'
    return f'sum(rate({requests},status=~"{status}"}}{window})) / sum(rate({requests}}}{window}))'


def test_they_are_a_share_of_what_does_not_fail(still: Callable[[str | Scenario], StillLab]) -> None:
    scenario = load("payment-api")
    service = scenario.workloads["payment-api"]
    refusing = replace(service, signals=replace(service.signals, client_error_rate=Share(0.2)))
    plain, lab = still(scenario), still(replace(scenario, workloads={**scenario.workloads, "payment-api": refusing}))
    failed = plain.query(share("5.."))
    assert failed == pytest.approx(lab.query(share("5..")))
    assert lab.query(share("400")) == pytest.approx(0.2 * (1 - (failed or 0.0)))
    assert plain.query(share("400")) is None
