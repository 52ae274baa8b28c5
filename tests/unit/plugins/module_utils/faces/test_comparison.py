# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.devops.incident_response.plugins.module_utils.clients.cluster import ClusterClient
from ansible_collections.devops.incident_response.plugins.module_utils.clients.server_clock import ServerClock
from ansible_collections.devops.incident_response.plugins.module_utils.errors import (
    IncidentResponseError,
    InvalidOptionError,
    NotFoundError,
)
from ansible_collections.devops.incident_response.plugins.module_utils.evidence.our_time import in_our_time
from ansible_collections.devops.incident_response.plugins.module_utils.faces import comparison
from ansible_collections.devops.incident_response.plugins.module_utils.model.comparison import DeploymentComparison
from ansible_collections.devops.incident_response.plugins.module_utils.model.rollout import Rollouts
from ansible_collections.devops.incident_response.plugins.module_utils.model.service import Service
from ansible_collections.devops.incident_response.tests.unit.plugins.module_utils.factories import (
    DAY,
    HOUR,
    NOW,
    deployed,
    revision,
    rollouts,
)

CLUSTER: Any = object.__new__(ClusterClient)
CLUSTER.server_clock = ServerClock()


def compared(monkeypatch: pytest.MonkeyPatch, version: str, history: Rollouts) -> DeploymentComparison:
    monkeypatch.setattr(comparison, "rollouts", lambda client, service, now: history)
    return comparison.compared(Service("app"), version, 4 * HOUR, CLUSTER, None, NOW)


def test_without_prometheus_everything_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    found = compared(monkeypatch, "v2.3.1", deployed(HOUR))
    assert (found.version, found.previous_version, found.level) == ("v2.3.1", "v2.3.0", "unknown")
    assert found.reasoning == ("Metrics are missing: prometheus_url is not given",)


def test_a_version_that_is_gone_is_looked_at_until_it_was_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    history = deployed(HOUR)
    found = compared(monkeypatch, "v2.3.0", history)
    assert found.after[1] == history.deployed_at
    assert found.deployed_at == history.revisions[1].active_from


def test_an_unknown_version_lists_those_that_exist(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(NotFoundError, match=r"v9.*v2\.3\.1.*v2\.3\.0"):
        compared(monkeypatch, "v9", deployed(HOUR))


def test_an_unknown_time_of_the_rollout_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    history = rollouts(revision(3, "v3", None), revision(2, "v2", 2 * DAY, DAY))
    with pytest.raises(IncidentResponseError, match=r"when v3 .* was rolled out is not known"):
        compared(monkeypatch, "v3", history)


@pytest.mark.parametrize("minutes", [-5, 5])
def test_a_cluster_whose_clock_differs_is_held_against_what_was_measured(monkeypatch: pytest.MonkeyPatch, minutes: int) -> None:
    """It is asked with its own time, and what it says of the rollout is told in ours."""
    off, history, asked = timedelta(minutes=minutes), deployed(HOUR), []

    def theirs(_client: object, _service: object, now: datetime) -> Rollouts:
        asked.append(now)
        return in_our_time(history, -off)

    cluster: Any = SimpleNamespace(server_clock=SimpleNamespace(ahead=lambda: off))
    monkeypatch.setattr(comparison, "rollouts", theirs)
    found = comparison.compared(Service("app"), "v2.3.1", 4 * HOUR, cluster, None, NOW)
    assert found.deployed_at == history.deployed_at
    assert asked == [NOW, NOW + off]


@pytest.mark.parametrize(
    ("name", "value"), [("version", 'v1"} or up'), ("timeframe", "soon"), ("service", "a b"), ("prometheus_url", "nowhere")]
)
def test_wrong_options_are_named_before_anything_is_asked(name: str, value: str) -> None:
    given = {"service": "app", "version": "v1", "timeframe": "4h", name: value}
    with pytest.raises(InvalidOptionError, match=f"Option '{name}'"):
        comparison.comparison_from(given, NOW)
