# SPDX-License-Identifier: GPL-3.0-or-later
"""The incident's name on the workload."""

from __future__ import annotations

import pytest

from plugins.module_utils.rollback.begin import begin
from plugins.module_utils.rollback.claim import ANNOTATION, CLAIM_HOLDS, claim_of, release
from tests.rollback.conftest import START, LocalCluster
from tests.rollback.test_apply import CAUSE, SERVICE, patches, roll_back, two_versions


def test_the_incident_is_named_by_the_change_itself_and_only_while_it_goes_on(local: LocalCluster) -> None:
    two_versions(local)
    before = local.get("deployments", "payment-api")["metadata"]["annotations"]
    roll_back(local, "v2.3.0", incident="2025-10-21-payment-api-outage")
    found = local.get("deployments", "payment-api")
    claim = claim_of(found, local.now())
    assert claim is not None
    assert claim.incident == "2025-10-21-payment-api-outage"
    assert patches(local) > 0
    assert not release(local.client(), SERVICE, "another")
    assert release(local.client(), SERVICE, "2025-10-21-payment-api-outage")
    assert not release(local.client(), SERVICE, "2025-10-21-payment-api-outage")
    after = local.get("deployments", "payment-api")["metadata"]["annotations"]
    assert after == {**before, CAUSE: "release v2.3.0", "deployment.kubernetes.io/revision": after["deployment.kubernetes.io/revision"]}


@pytest.mark.parametrize("text", ["", "{}", "[]", "null", '{"incident": "x", "at": "yesterday"}', '{"incident": "x", "at": 5}'])
def test_a_claim_that_cannot_be_read_is_none(text: str) -> None:
    assert claim_of({"metadata": {"annotations": {ANNOTATION: text}}}, START) is None


def test_a_claim_ends_by_itself(local: LocalCluster) -> None:
    two_versions(local)
    roll_back(local, "v2.3.0", incident="one")
    local.pass_time(CLAIM_HOLDS - 1)
    assert claim_of(local.get("deployments", "payment-api"), local.now()) is not None
    local.pass_time(1)
    assert claim_of(local.get("deployments", "payment-api"), local.now()) is None


def test_a_rollback_of_another_incident_is_followed_by_name(local: LocalCluster) -> None:
    two_versions(local)
    begin(local.client(), SERVICE, "v2.3.0", local.clock, incident="one")
    other = begin(local.client(), SERVICE, "latest-stable", local.clock, incident="two")
    assert not other.applied.changed
    assert "by incident one is under way: following it" in other.rollback.progress[0].title
    claim = claim_of(local.get("deployments", "payment-api"), local.now())
    assert claim is not None
    assert claim.incident == "one"
