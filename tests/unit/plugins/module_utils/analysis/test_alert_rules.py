# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import yaml
from ansible_collections.devops.incident_response.plugins.module_utils.analysis.alert_rules import rule_file
from ansible_collections.devops.incident_response.plugins.module_utils.model.comparison import AlertRule

ERRORS = AlertRule("UserApiErrorRateHigh", 'sum(rate(x{job="user-api"}[5m])) > 0.02', 120.0, "Error rate > 2%", "roll back")
MEMORY = AlertRule("UserApiMemoryHigh", "used / limit > 0.8", 600.0, "Memory > 80%", "investigate")


def test_it_is_a_rule_file_as_prometheus_reads_it() -> None:
    document = yaml.safe_load(rule_file("user-api", "production", "v3.1.5", [ERRORS, MEMORY]))
    (group,) = document["groups"]
    assert group["name"] == "user-api after v3.1.5"
    assert group["rules"] == [
        {
            "alert": "UserApiErrorRateHigh",
            "expr": 'sum(rate(x{job="user-api"}[5m])) > 0.02',
            "for": "120s",
            "labels": {"severity": "critical", "service": "user-api", "namespace": "production"},
            "annotations": {"summary": "Error rate > 2% of user-api since v3.1.5", "action": "roll back"},
        },
        {
            "alert": "UserApiMemoryHigh",
            "expr": "used / limit > 0.8",
            "for": "600s",
            "labels": {"severity": "warning", "service": "user-api", "namespace": "production"},
            "annotations": {"summary": "Memory > 80% of user-api since v3.1.5", "action": "investigate"},
        },
    ]


def test_without_alerts_there_is_no_file() -> None:
    assert rule_file("user-api", "production", "v3.1.5", []) == ""


def test_a_version_is_text_and_no_template_and_no_yaml() -> None:
    hostile = 'v1"\n  - {{ query "up" }} # :'
    (group,) = yaml.safe_load(rule_file("user-api", "production", hostile, [ERRORS]))["groups"]
    assert group["name"] == f"user-api after {hostile}"
    assert group["rules"][0]["annotations"]["summary"] == f"Error rate > 2% of user-api since {hostile}".replace("{{", '{{"{{"}}')
