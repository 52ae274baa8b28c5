# SPDX-License-Identifier: GPL-3.0-or-later
"""What a record remembers of the rollbacks before the last one."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from ansible_collections.devops.incident_response.plugins.module_utils.model.codec import from_result, to_result
from ansible_collections.devops.incident_response.plugins.module_utils.model.rollback import Rollback, RollbackPlan, RollbackState
from ansible_collections.devops.incident_response.plugins.module_utils.model.service import WorkloadKind
from ansible_collections.devops.incident_response.plugins.module_utils.record.attempts import attempts, remembering, so_far

AT = datetime(2025, 10, 21, 14, 26, 10, tzinfo=UTC)
PLAN = RollbackPlan(WorkloadKind.DEPLOYMENT, "payment-api", "production", 5, "v2.3.1", 4, "v2.3.0", 5, "Rolling update", "48151", "uid-1")


def rollback(state: RollbackState, began: datetime | None = None) -> Rollback:
    return Rollback(state, PLAN, "v2.3.0", started_at=began)


def through(*states: Rollback) -> Rollback:
    """The record's rollback after all of these, each read back from its file."""
    known: Rollback | None = None
    for state in states:
        known = from_result(Rollback, to_result(remembering(known, state)))
    assert known is not None
    return known


PLANNED = rollback(RollbackState.PLANNED)
APPLYING = rollback(RollbackState.APPLYING, AT)


def test_one_rollback_has_none_before_it() -> None:
    one = through(PLANNED, rollback(RollbackState.APPROVED), APPLYING, rollback(RollbackState.RECOVERED, AT))
    assert attempts(one) == []
    assert attempts(None) == []


def test_a_rollback_that_never_began_is_not_remembered() -> None:
    assert attempts(through(PLANNED, rollback(RollbackState.ABORTED), PLANNED)) == []


def test_one_that_began_is_remembered_to_the_end() -> None:
    again = through(
        PLANNED, APPLYING, PLANNED, rollback(RollbackState.CHECKED), rollback(RollbackState.APPLYING, AT + timedelta(minutes=5))
    )
    assert [(attempt["state"], attempt["started_at"]) for attempt in attempts(again)] == [("applying", "2025-10-21T14:26:10Z")]
    assert attempts(again)[0]["from_revision"] == 5
    third = through(again, replace(PLANNED, requested_target="v2.2.0"))
    assert [attempt["started_at"] for attempt in attempts(third)] == ["2025-10-21T14:26:10Z", "2025-10-21T14:31:10Z"]


def test_all_so_far_are_those_that_began_the_last_one_included() -> None:
    failed = rollback(RollbackState.NOT_RECOVERED, AT)
    assert so_far(None) == so_far(through(PLANNED)) == []
    assert [(one["state"], one["to_version"]) for one in so_far(through(PLANNED, APPLYING, failed))] == [("not_recovered", "v2.3.0")]
    again = through(PLANNED, APPLYING, failed, PLANNED, rollback(RollbackState.APPLYING, AT + timedelta(minutes=5)))
    assert [one["state"] for one in so_far(again)] == ["not_recovered", "applying"]
