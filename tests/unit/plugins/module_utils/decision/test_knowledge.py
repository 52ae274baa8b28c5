# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from ansible_collections.devops.incident_response.plugins.module_utils.decision.recommendation import recommend
from ansible_collections.devops.incident_response.plugins.module_utils.decision.situation import Options
from ansible_collections.devops.incident_response.plugins.module_utils.model.diagnostics import Diagnostics
from ansible_collections.devops.incident_response.plugins.module_utils.model.recommendation import Recommendation
from ansible_collections.devops.incident_response.tests.unit.plugins.module_utils.factories import (
    APPROVAL,
    NOW,
    bad_deployment,
    degraded_cache,
    diagnostics,
    without,
)


def recommended(given: Diagnostics) -> Recommendation:
    return recommend(given, APPROVAL, NOW, Options())


def test_what_was_seen_and_what_was_concluded_are_told_apart() -> None:
    found = recommended(bad_deployment())
    assert found.known[0] == "Error rate: 45% (baseline 0.1%)"
    assert "v2.3.1 was deployed 2m 15s ago" in found.known
    assert "It began at 2025-10-21 14:24:10 UTC (± 30s)" in found.known
    assert found.inferred == ("Cause: Missing index on transactions.user_id (95%)",)


def test_a_dependency_is_seen_and_that_it_is_the_cause_is_concluded() -> None:
    found = recommended(degraded_cache())
    assert any(line.startswith("Redis cache: ") for line in found.known)
    assert found.inferred == ("Cause: Redis cache degradation (75%)",)


def test_what_is_missing_has_its_reason() -> None:
    found = recommended(without(bad_deployment(), "metrics", "traces"))
    assert [line.split(":")[0] for line in found.unknown] == ["metrics", "traces"]
    assert not [line for line in found.known if line.startswith("Error rate")]
    assert not [line for line in found.known if line.startswith("It began")], "the onset is inferred from the logs, or not known"


def test_where_nothing_is_wrong_nothing_is_concluded() -> None:
    assert recommended(diagnostics()).inferred == ()
