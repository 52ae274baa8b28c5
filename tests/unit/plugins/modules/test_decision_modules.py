# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
from typing import Any

import pytest
import yaml
from ansible_collections.devops.incident_response.plugins.module_utils.faces.decision import CONFIDENCE, RECOMMENDATION
from ansible_collections.devops.incident_response.plugins.module_utils.model.codec import to_result
from ansible_collections.devops.incident_response.plugins.modules import deployment_comparison_info, recommendation, rollback_confidence
from ansible_collections.devops.incident_response.tests.unit.plugins.module_utils.factories import bad_deployment

SPECS = {"rollback_confidence": CONFIDENCE, "recommendation": RECOMMENDATION}


def run(module: Any, **options: Any) -> dict[str, Any]:
    """Runs the module as Ansible does, in a process of its own; the JSON that it prints."""
    done = subprocess.run(
        [sys.executable, module.__file__],
        input=json.dumps({"ANSIBLE_MODULE_ARGS": options}).encode(),
        capture_output=True,
        timeout=60,
        check=False,
        env={**os.environ, "PYTHONPATH": ":".join(sys.path)},
    )
    assert b"Traceback" not in done.stderr + done.stdout
    return json.loads(done.stdout)


@pytest.mark.parametrize("name", SPECS)
def test_the_options_are_those_that_are_described(name: str) -> None:
    module = importlib.import_module(f"ansible_collections.devops.incident_response.plugins.modules.{name}")
    described = yaml.safe_load(module.DOCUMENTATION)["options"]
    compared = ("type", "default", "required")
    assert {option: {key: given[key] for key in compared if key in given} for option, given in described.items()} == {
        option: {key: given[key] for key in compared if key in given} for option, given in SPECS[name].items()
    }


def test_what_is_returned_is_described() -> None:
    options = {"diagnostics": to_result(bad_deployment())}
    for module, key in ((rollback_confidence, "confidence"), (recommendation, "recommendation")):
        described = yaml.safe_load(module.RETURN)[key]["contains"]
        returned = run(module, **options)
        assert returned["changed"] is False
        assert set(returned[key]) == set(described)
        for name, field in described.items():
            for entry in returned[key][name] if "contains" in field else []:
                assert set(entry) == set(field["contains"]), name


@pytest.mark.parametrize(
    ("module", "options", "message"),
    [
        (rollback_confidence, {}, "one of the following is required"),
        (rollback_confidence, {"deployment_age": "2m", "diagnostics": {}}, "mutually exclusive"),
        (rollback_confidence, {"deployment_age": "soon"}, "Option 'deployment_age'"),
        (recommendation, {}, "missing required arguments: diagnostics"),
        (recommendation, {"diagnostics": {"a": 1}}, "Option 'diagnostics'"),
        (deployment_comparison_info, {"service": "app"}, "missing required arguments: version"),
        (deployment_comparison_info, {"service": "app", "version": "v1", "timeframe": "x"}, "Option 'timeframe'"),
    ],
)
def test_wrong_options_are_one_clear_message(module: Any, options: dict[str, Any], message: str) -> None:
    found = run(module, **options)
    assert found["failed"]
    assert message in found["msg"]
