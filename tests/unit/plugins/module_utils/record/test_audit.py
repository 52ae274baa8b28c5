# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.devops.incident_response.plugins.module_utils.record.audit import operator


@pytest.mark.parametrize(
    ("variables", "environment", "name"),
    [
        ({"awx_user_name": "carol"}, {"USER": "awx"}, "carol"),
        ({"tower_user_name": "carol"}, {"USER": "awx"}, "carol"),
        ({}, {"SUDO_USER": "alice", "USER": "root"}, "alice"),
        ({}, {"USER": "alice"}, "alice"),
        ({}, {"LOGNAME": "alice", "USER": ""}, "alice"),
        ({}, {}, None),
    ],
)
def test_the_person_behind_the_run(variables: dict[str, Any], environment: dict[str, str], name: str | None) -> None:
    assert operator(variables, environment) == name
