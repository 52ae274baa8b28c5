# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.devops.incident_response.plugins.module_utils.errors import IncidentResponseError
from ansible_collections.devops.incident_response.plugins.module_utils.model.incident import Severity
from ansible_collections.devops.incident_response.plugins.module_utils.record.request import request_from


def ask(**given: Any) -> Any:
    return request_from({"service": "payment-api", **given})


def test_a_service_is_all_that_is_needed() -> None:
    request = ask()
    assert (request.service, request.timeframe, request.symptoms) == ("payment-api", "4h", ())
    assert (request.namespace, request.severity, request.rollback, request.post_mortem) == (None, None, None, None)
    assert (request.dry_run, request.use_logs_only) == (False, False)


def test_a_remedy_and_its_number_of_pods() -> None:
    request = ask(remedy="scale", replicas="12")
    assert (request.remedy, request.replicas) == ("scale", 12)
    assert ask(remedy="scale", replicas=0).replicas == 0


def test_empty_answers_of_a_survey_are_no_answers() -> None:
    assert ask(namespace="", symptoms="", rollback="", severity="", target="") == ask()


@pytest.mark.parametrize(("text", "severity"), [("critical", "P0"), ("HIGH", "P1"), ("p2", "P2"), ("Low", "P3"), (" P0 ", "P0")])
def test_severities(text: str, severity: str) -> None:
    assert ask(severity=text).severity is Severity(severity)


@pytest.mark.parametrize(
    ("text", "value"), [("true", True), ("Yes", True), ("1", True), ("false", False), ("no", False), ("False", False), (0, False)]
)
def test_text_from_the_command_line_is_a_boolean(text: Any, value: bool) -> None:
    assert ask(rollback=text, target="v1").rollback is value


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"severity": "urgent"}, "Option 'severity': 'urgent' is not accepted. Use critical, high, medium, low or P0 to P3."),
        (
            {"timeframe": "4 hours"},
            "Option 'timeframe': '4 hours' is not accepted. Use a duration above zero such as 30m, 4h, 1h30m or 2d.",
        ),
        ({"timeframe": "0h"}, "Option 'timeframe': '0h'"),
        ({"timeframe": "31d"}, "Use at most 30d."),
        ({"service": 'api"} or vector(1)'}, "Option 'service': 'api\"} or vector(1)' is not accepted."),
        ({"service": "api,tier=1"}, "Option 'service'"),
        ({"service": ["api"]}, "Option 'service'"),
        ({"namespace": "../kube-system"}, "Option 'namespace': '../kube-system'"),
        ({"target": "v1; rm"}, "Option 'target': 'v1; rm'"),
        ({"analyze_deployment": "v1\nv2"}, "Option 'analyze_deployment'"),
        ({"rollback": "maybe"}, "Option 'rollback': 'maybe' is not accepted. Use true or false."),
        ({"dry_run": "perhaps"}, "Option 'dry_run': 'perhaps'"),
        ({"use_logs_only": "2"}, "Option 'use_logs_only': '2'"),
        (
            {"remedy": "reboot"},
            "Option 'remedy': 'reboot' is not accepted. Use scale, restart, pause_autoscaling, suspend_gitops or maintenance.",
        ),
        ({"remedy": "scale", "replicas": "many"}, "Option 'replicas': 'many' is not accepted."),
        ({"remedy": "scale", "replicas": -1}, "Option 'replicas': -1 is not accepted."),
        ({"post_mortem": []}, None),
        ({"service": "{{ lookup('pipe', 'id') }}"}, "templates are not evaluated here"),
        ({"symptoms": {"a": 1}}, "Option 'symptoms'"),
        ({"rollback": "true"}, "Option 'target' is required with rollback=true"),
        ({"service": ""}, "Option 'service' is required: name the affected service, for example -e service=payment-api."),
    ],
)
def test_a_wrong_value_names_the_option_the_value_and_what_is_accepted(given: dict[str, Any], message: str | None) -> None:
    if message is None:
        ask(**given)
        return
    with pytest.raises(IncidentResponseError) as error:
        ask(**given)
    assert message in error.value.message


def test_what_a_playbook_needs_is_required() -> None:
    with pytest.raises(IncidentResponseError, match="Option 'analyze_deployment' is required"):
        request_from({"service": "a"}, ("analyze_deployment",))


def test_symptoms_are_text_whatever_is_in_them() -> None:
    assert ask(symptoms="500 errors, high latency").symptoms == ("500 errors", "high latency")
    assert ask(symptoms=["{{ 7*7 }}", "a,\nb"]).symptoms == ("{{ 7*7 }}", "a, b")
    long = ask(symptoms=["x" * 900] * 30).symptoms
    assert (len(long), len(long[0])) == (20, 500)
