# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of actions whose module is documentation alone are those that it describes."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.devops.incident_response.plugins.doc_fragments.service import ModuleDocFragment

_PLUGINS = "ansible_collections.devops.incident_response.plugins"
_COMPARED = ("type", "default", "required", "choices", "elements")
_ABSENT = {"required": False}


def documented(name: str) -> dict[str, Any]:
    module = importlib.import_module(f"{_PLUGINS}.modules.{name}")
    document = yaml.safe_load(module.DOCUMENTATION)
    fragments = document.get("extends_documentation_fragment", [])
    shared = yaml.safe_load(ModuleDocFragment.DOCUMENTATION)["options"] if "devops.incident_response.service" in fragments else {}
    return {option: {**shared.get(option, {}), **document["options"].get(option, {})} for option in {**shared, **document["options"]}}


@pytest.mark.parametrize("name", ["incident", "notification", "report", "service_host"])
def test_the_options_are_those_that_are_described(name: str) -> None:
    spec = importlib.import_module(f"{_PLUGINS}.action.{name}").ActionModule.ARGUMENT_SPEC
    described = documented(name)
    assert set(spec) == set(described)
    for option, given in spec.items():
        for key in _COMPARED:
            assert given.get(key, _ABSENT.get(key)) == described[option].get(key, _ABSENT.get(key)), f"{option}.{key}"


def test_the_modules_have_no_code_of_their_own() -> None:
    for name in ("incident", "notification", "report", "service_host"):
        module = importlib.import_module(f"{_PLUGINS}.modules.{name}")
        assert "AnsibleModule" not in Path(str(module.__file__)).read_text(encoding="utf-8")
