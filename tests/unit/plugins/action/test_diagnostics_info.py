# SPDX-License-Identifier: GPL-3.0-or-later
"""Where it diagnoses: here when a module would find the same, else as a module."""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.devops.incident_response.plugins.action import diagnostics_info as action
from ansible_collections.devops.incident_response.plugins.module_utils.errors import NotFoundError
from ansible_collections.devops.incident_response.plugins.plugin_utils import here

HERE = {"ansible_python_interpreter": sys.executable}


class Run:
    """The action in a task; ``transport`` is the connection's and ``task`` more of the task's keywords."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, transport: str = "local", **task: Any) -> None:
        self.modules: list[dict[str, Any]] = []
        self.plugin = object.__new__(action.ActionModule)
        keywords = {"args": {"service": "payment-api"}, "become": False, "environment": [], "async_val": 0, **task}
        self.plugin._task = SimpleNamespace(**keywords)
        self.plugin._connection = SimpleNamespace(transport=transport)
        self.plugin._templar = SimpleNamespace(template=lambda value: value)
        monkeypatch.setattr(action.ActionBase, "run", lambda *_: {})
        monkeypatch.setattr(here.sys, "platform", "linux")
        monkeypatch.setattr(action, "diagnostics_result", lambda params: {"changed": False, "diagnostics": params["service"]})
        monkeypatch.setattr(self.plugin, "_execute_module", self._execute)

    def _execute(self, **asked: Any) -> dict[str, Any]:
        self.modules.append(asked)
        return {"changed": False, "diagnostics": "from a module"}

    def result(self, **variables: Any) -> dict[str, Any]:
        return self.plugin.run(task_vars=variables)


def test_it_diagnoses_in_this_process_where_a_module_would_find_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    run = Run(monkeypatch)
    assert run.result(**HERE) == {"changed": False, "diagnostics": "payment-api"}
    assert run.modules == []


@pytest.mark.parametrize(
    ("transport", "task", "variables"),
    [
        ("ssh", {}, HERE),
        ("local", {}, {}),
        ("local", {}, {"ansible_python_interpreter": "/opt/other/bin/python3"}),
        ("local", {"become": True}, HERE),
        ("local", {"environment": [{"KUBECONFIG": "/k"}]}, HERE),
        ("local", {"async_val": 30}, HERE),
    ],
)
def test_elsewhere_it_is_a_module(monkeypatch: pytest.MonkeyPatch, transport: str, task: dict[str, Any], variables: dict[str, Any]) -> None:
    run = Run(monkeypatch, transport, **task)
    assert run.result(**variables)["diagnostics"] == "from a module"
    assert [(asked["module_name"], asked["wrap_async"]) for asked in run.modules] == [
        ("devops.incident_response.diagnostics_info", task.get("async_val", 0))
    ]


def test_forked_processes_of_macos_are_not_trusted_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    run = Run(monkeypatch)
    monkeypatch.setattr(here.sys, "platform", "darwin")
    assert run.result(**HERE)["diagnostics"] == "from a module"


def test_what_fails_is_one_message(monkeypatch: pytest.MonkeyPatch) -> None:
    run = Run(monkeypatch)

    def nothing_there(_params: Any) -> dict[str, Any]:
        raise NotFoundError("There is no Deployment payment-apy in production.", near=["payment-api"])

    monkeypatch.setattr(action, "diagnostics_result", nothing_there)
    result = run.result(**HERE)
    assert (result["failed"], result["msg"], result["near"]) == (True, "There is no Deployment payment-apy in production.", ["payment-api"])


def test_a_missing_library_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    run = Run(monkeypatch)

    def no_library(_params: Any) -> dict[str, Any]:
        raise ImportError("No module named 'kubernetes'", name="kubernetes")

    monkeypatch.setattr(action, "diagnostics_result", no_library)
    result = run.result(**HERE)
    assert result["failed"] is True
    assert "kubernetes" in result["msg"]
