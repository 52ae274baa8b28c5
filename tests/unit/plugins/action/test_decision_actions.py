# SPDX-License-Identifier: GPL-3.0-or-later
"""The actions that decide are the modules of the same name, in another process."""

from __future__ import annotations

import importlib
import json
from types import ModuleType
from typing import Any

import pytest
from ansible_collections.devops.incident_response.plugins.module_utils.faces.decision import (
    CONFIDENCE,
    RECOMMENDATION,
    confidence_result,
    recommendation_result,
)
from ansible_collections.devops.incident_response.plugins.module_utils.model.codec import to_result
from ansible_collections.devops.incident_response.tests.unit.plugins.module_utils.factories import bad_deployment

TWINS = {"rollback_confidence": (CONFIDENCE, confidence_result), "recommendation": (RECOMMENDATION, recommendation_result)}


def plugin(kind: str, name: str) -> ModuleType:
    return importlib.import_module(f"ansible_collections.devops.incident_response.plugins.{kind}.{name}")


@pytest.mark.parametrize("name", TWINS)
def test_both_take_the_same_options_and_call_the_same_function(name: str) -> None:
    options, function = TWINS[name]
    assert plugin("action", name).ActionModule.ARGUMENT_SPEC is options
    for kind in ("action", "modules"):
        assert getattr(plugin(kind, name), function.__name__) is function


def test_the_action_returns_what_the_function_says() -> None:
    options: dict[str, Any] = {
        "diagnostics": to_result(bad_deployment()),
        "severity": "P0",
        "policy": {"rollback": "automatic"},
        "rollback_allowed": True,
    }
    action = plugin("action", "recommendation").ActionModule
    by_action = action.perform(object.__new__(action), options, {})
    assert by_action["recommendation"]["headline"].startswith("IMMEDIATE ROLLBACK")
    assert json.loads(json.dumps(by_action)) == json.loads(json.dumps(recommendation_result(options)))
