# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from datetime import UTC, datetime

from ansible_collections.devops.incident_response.plugins.module_utils.model.mitigation import Mitigation, MitigationAction
from ansible_collections.devops.incident_response.plugins.module_utils.record.mitigations import in_force


def scaled(before: int, after: int, undone: bool = False, action: MitigationAction = MitigationAction.SCALE) -> Mitigation:
    at = datetime(2025, 10, 21, 14, 26, tzinfo=UTC)
    return Mitigation(
        action=action,
        kind="Deployment",
        name="payment-api",
        namespace="production",
        at=at,
        title="Scaled",
        before={"replicas": before},
        after={"replicas": after},
        undo=None,
        undone=undone,
    )


def test_each_undoing_takes_back_the_last_that_is_left() -> None:
    first, second = scaled(5, 8), scaled(8, 12)
    assert in_force([first, second]) == (first, second)
    assert in_force([first, second, scaled(12, 5, undone=True)]) == ()
    assert in_force([first, second, scaled(5, 9)]) == (scaled(5, 9),), "it had come back to 5 meanwhile, and nobody could say so"
    assert in_force([first, second, scaled(12, 8, undone=True)]) == (first,)
    assert in_force([first, second, scaled(12, 8, undone=True), scaled(8, 5, undone=True)]) == ()


def test_another_action_is_another_matter() -> None:
    first = scaled(5, 8)
    assert in_force([first, scaled(0, 0, undone=True, action=MitigationAction.PAUSE_AUTOSCALING)]) == (first,)
    assert in_force([scaled(8, 5, undone=True)]) == ()
