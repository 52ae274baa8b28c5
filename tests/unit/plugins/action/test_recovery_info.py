# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.devops.incident_response.plugins.action import recovery_info as action


def answer(value: str, final: bool = False, recovered: bool | None = None) -> dict[str, Any]:
    measure = {"name": "error_rate", "title": "Error rate", "passed": final, "detail": value}
    recovery = {"recovered": recovered, "passes": 3, "required_passes": 3, "looks": 3, "waited": 9.0, "measures": [], "reason": "Good."}
    look = {"at": "2025-10-21T14:27:30Z", "measures": [measure]}
    return {"final": final, "recovery": recovery, "looks": [look], "following": {"after": value}}


class Run:
    def __init__(self, monkeypatch: pytest.MonkeyPatch, answers: list[dict[str, Any]], **arguments: Any) -> None:
        self.asked: list[dict[str, Any]] = []
        self.shown: list[str] = []
        self._answers = iter(answers)
        self.plugin = object.__new__(action.ActionModule)
        self.plugin._task = SimpleNamespace(args={"service": "payment-api", "diagnostics": {"big": 1}, "passes": 2, **arguments})
        self.plugin._connection = SimpleNamespace(transport="ssh")
        monkeypatch.setattr(action.ActionBase, "run", lambda *_: {})
        monkeypatch.setattr(action, "Display", lambda: SimpleNamespace(display=self.shown.append))
        monkeypatch.setattr(self.plugin, "_execute_module", self._execute)

    def _execute(self, module_name: str, module_args: dict[str, Any], task_vars: Any) -> dict[str, Any]:
        self.asked.append(module_args)
        return next(self._answers)


def test_each_look_is_shown_while_it_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    run = Run(monkeypatch, [answer("12%"), answer("0.1%", final=True, recovered=True)])
    result = run.plugin.run(task_vars={})
    assert run.asked == [
        {"service": "payment-api", "diagnostics": {"big": 1}, "passes": 2, "at_most": 0},
        {"service": "payment-api", "passes": 2, "at_most": 0, "following": {"after": "12%"}},
    ]
    assert run.shown == ["  14:27:30 - ❌ Error rate: 12%", "  14:27:30 - ✓ everything back to normal", "  ✓ Recovered: Good.\n"]
    assert len(result["looks"]) == 2


def test_a_run_that_is_to_be_short_is_one_run(monkeypatch: pytest.MonkeyPatch) -> None:
    run = Run(monkeypatch, [answer("12%")], at_most=7)
    assert run.plugin.run(task_vars={})["final"] is False
    assert [arguments["at_most"] for arguments in run.asked] == [7]


def test_a_failure_is_the_modules_own(monkeypatch: pytest.MonkeyPatch) -> None:
    run = Run(monkeypatch, [{"failed": True, "msg": "wrong option"}])
    assert run.plugin.run(task_vars={}) == {"failed": True, "msg": "wrong option"}
    assert run.shown == []
