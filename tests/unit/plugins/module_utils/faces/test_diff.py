# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from ansible_collections.devops.incident_response.plugins.module_utils.faces.diff import template_diff


def test_a_template_is_shown_as_yaml_without_its_secrets() -> None:
    before = {"spec": {"containers": [{"image": "a:v2", "env": [{"name": "DB_PASSWORD", "value": "hunter2hunter2"}]}]}}
    after = {"spec": {"containers": [{"image": "a:v1"}]}}
    diff = template_diff(before, after, "v2 (revision 5)", "v1 (revision 4)")
    assert diff["before_header"] == "v2 (revision 5)"
    assert "image: a:v2" in diff["before"]
    assert "DB_PASSWORD" in diff["before"]
    assert "hunter2" not in diff["before"]
    assert diff["after"] == "spec:\n  containers:\n  - image: a:v1\n"
