# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.devops.incident_response.plugins.module_utils.errors import IncidentResponseError
from ansible_collections.devops.incident_response.plugins.module_utils.record.policy import policy_from


def test_durations_are_text_or_seconds() -> None:
    policy = policy_from({"page": ["on_call"], "rollback": "approval", "update_interval": "30m", "mttr_target": 3600})
    assert (policy.update_interval, policy.mttr_target) == (1800.0, 3600.0)
    assert policy.automatic_rollback_score == 80


def test_what_a_severity_does_not_have_is_left_out() -> None:
    policy = policy_from({"page": [], "rollback": "never"})
    assert (policy.update_interval, policy.mttr_target, policy.ticket) == (None, None, False)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"rollback": "sometimes"}, "Option 'policy.rollback': 'sometimes' is not accepted. Use automatic, approval, never."),
        ({"update_interval": "soon"}, "Option 'policy.update_interval': 'soon'"),
        ({"pages": []}, "Option 'policy.pages': [] is not accepted. Use one of the fields"),
        ({"page": "on_call"}, "$.page: expected a list, found str"),
        ({"automatic_rollback_score": 101}, "a score from 0 to 100"),
    ],
)
def test_a_wrong_field_is_named(change: dict[str, Any], message: str) -> None:
    with pytest.raises(IncidentResponseError) as error:
        policy_from({"page": [], "rollback": "never", **change})
    assert message in error.value.message
