# SPDX-License-Identifier: GPL-3.0-or-later
"""The waiting and its output, with modules that answer from a script."""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.devops.incident_response.plugins.action import rollback as action

BEGUN = {
    "changed": True,
    "state": "applying",
    "plan": {"kind": "Deployment", "workload": "payment-api", "from_revision": 5, "to_revision": 4, "to_version": "v2.3.0"},
    "target": {"name": "payment-api-6d4f8", "was_rollback": False},
    "rollback": {"state": "applying", "finished_at": None, "progress": [{"at": "2025-10-21T14:26:10Z", "title": "Rollback initiated"}]},
    "progress": {"state": "progressing", "done": 0, "desired": 5, "versions": [], "lines": []},
    "following": {"looks": 1},
}


def seen(state: str, done: int, title: str | None = None, stuck: str | None = None) -> dict[str, Any]:
    lines = [{"at": "2025-10-21T14:26:25Z", "title": title}] if title else []
    progress = {"state": state, "done": done, "desired": 5, "versions": [], "lines": lines, "stuck_reason": stuck}
    return {"progress": progress, "following": {"looks": done + 2}, "share": done / 5}


class Run:
    """An action whose module runs answer one of ``answers`` after another, a second each."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, answers: list[dict[str, Any]], **arguments: Any) -> None:
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.shown: list[str] = []
        self.seconds = 0.0
        self._answers = iter(answers)
        self.plugin = object.__new__(action.ActionModule)
        self.plugin._task = SimpleNamespace(args={"service": "payment-api", "target": "v2.3.0", "kubeconfig": "/k", **arguments})
        self.plugin._connection = SimpleNamespace(transport="ssh")
        monkeypatch.setattr(action.ActionBase, "run", lambda *_unused: {})
        monkeypatch.setattr(action, "Display", lambda: SimpleNamespace(display=self.shown.append))
        monkeypatch.setattr(action.time, "monotonic", lambda: self.seconds)
        monkeypatch.setattr(action.time, "sleep", self._pass)
        monkeypatch.setattr(self.plugin, "_execute_module", self._execute)

    def _pass(self, seconds: float) -> None:
        self.seconds += seconds

    def _execute(self, module_name: str, module_args: dict[str, Any], task_vars: Any) -> dict[str, Any]:
        self.asked.append((module_name.rpartition(".")[2], module_args))
        self.seconds += 1.0
        return next(self._answers)

    def result(self) -> dict[str, Any]:
        return self.plugin.run(task_vars={})

    @property
    def text(self) -> str:
        return "\n".join(self.shown)


def begun() -> dict[str, Any]:
    return {**BEGUN, "rollback": {**BEGUN["rollback"], "progress": list(BEGUN["rollback"]["progress"])}}


def test_it_is_followed_to_the_end_and_shown_on_the_way(monkeypatch: pytest.MonkeyPatch) -> None:
    up = "Scaled up v2.3.0: 0 → 1 pod (healthy)"
    run = Run(monkeypatch, [begun(), seen("progressing", 1, up), seen("complete", 5)])
    result = run.result()
    assert [name for name, _unused in run.asked] == ["rollback", "rollback_progress_info", "rollback_progress_info"]
    assert run.asked[1][1] == {"service": "payment-api", "kubeconfig": "/k", "following": {"looks": 1}, "at_most": 5.0}
    assert run.asked[2][1]["following"] == {"looks": 3}
    assert "🚀 Executing Rollback" in run.text
    assert "  14:26:10 - Rollback initiated" in run.text
    assert f"  14:26:25 - {up}" in run.text
    assert "[██████░░░░░░░░░░░░░░░░░░░░░░░░] 20% - Rolling back pods (1/5)" in run.text
    assert "\r" not in run.text
    assert result["state"] == result["rollback"]["state"] == "verifying"
    assert [line["title"] for line in result["rollback"]["progress"]] == ["Rollback initiated", up]
    assert result["rollback"]["finished_at"] is not None
    assert not result.get("failed")


def test_a_stuck_rollout_fails_with_its_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    result = Run(monkeypatch, [begun(), seen("stuck", 1, stuck="ImagePullBackOff (payment-api-x)")]).result()
    assert result["failed"]
    assert result["msg"] == "The rollout is stuck: ImagePullBackOff (payment-api-x)."
    assert result["rollback"]["state"] == "not_recovered"
    assert result["rollback"]["reason"] == result["msg"]


def test_a_target_that_runs_already_and_does_not_come_up_is_told_as_such(monkeypatch: pytest.MonkeyPatch) -> None:
    same = {**begun(), "changed": False, "plan": {**BEGUN["plan"], "from_revision": 4}}
    result = Run(monkeypatch, [same, seen("stuck", 1, stuck="CrashLoopBackOff (payment-api-x)")]).result()
    assert result["msg"] == (
        "Nothing was changed: payment-api is told to run v2.3.0 already, and that does not come up. "
        "The rollout is stuck: CrashLoopBackOff (payment-api-x). Name an earlier version as 'target'."
    )


def stateful(changed: bool = True, *titles: str) -> dict[str, Any]:
    lines = [{"at": "2025-10-21T14:26:10Z", "title": title} for title in titles]
    return {
        **begun(),
        "changed": changed,
        "plan": {**BEGUN["plan"], "kind": "StatefulSet"},
        "rollback": {"state": "applying", "progress": lines},
    }


def test_a_stateful_set_that_is_stuck_is_freed_and_followed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    stuck = seen("stuck", 1, stuck="CrashLoopBackOff (payment-api-1)")
    freed = stateful(False, "Already under way", "Deleted payment-api-1, for which the StatefulSet would wait")
    run = Run(monkeypatch, [stateful(), stuck, freed, seen("complete", 5)])
    result = run.result()
    assert result["state"] == "verifying"
    assert [line["title"].split(",")[0] for line in result["rollback"]["progress"]] == ["Deleted payment-api-1"]
    assert run.asked[2][1]["from_revision"] == -1, "so that nothing but that can happen"


def test_a_stateful_set_whose_pods_are_to_stay_is_not_freed(monkeypatch: pytest.MonkeyPatch) -> None:
    stuck = seen("stuck", 1, stuck="CrashLoopBackOff (payment-api-1)")
    assert Run(monkeypatch, [stateful(), stuck], replace_broken_pods=False).result()["state"] == "not_recovered"


def test_the_time_is_up_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    run = Run(monkeypatch, [begun(), *[seen("progressing", 1)] * 20], wait_timeout="8s")
    result = run.result()
    assert result["failed"]
    assert "after 8s" in result["msg"]
    assert [arguments["at_most"] for _unused, arguments in run.asked[1:]] == [5.0, 5.0, 5.0, 4.0, 3.0, 2.0, 1.0]


def test_a_cluster_that_goes_away_meanwhile_is_told_with_what_was_done(monkeypatch: pytest.MonkeyPatch) -> None:
    result = Run(monkeypatch, [begun(), {"failed": True, "msg": "The cluster is away."}]).result()
    assert result["failed"]
    assert result["changed"]
    assert "was begun" in result["msg"]
    assert "The cluster is away." in result["msg"]


def test_a_cluster_that_is_away_for_a_moment_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    away = {"failed": True, "msg": "The cluster is away.", "transient": True}
    run = Run(monkeypatch, [begun(), away, away, seen("complete", 5)])
    assert run.result()["state"] == "verifying"
    assert run.text.count("The cluster is away.") == 1


def test_a_cluster_that_stays_away_ends_with_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    away = {"failed": True, "msg": "The cluster is away.", "transient": True}
    result = Run(monkeypatch, [begun(), *[away] * 20], wait_timeout="20s").result()
    assert (result["failed"], result["changed"], result["rollback"]["state"]) == (True, True, "applying")
    assert "after 20s; the rollout goes on" in result["msg"]


class Follower:
    find = "found once"
    seconds = 0.0

    def __call__(self, params: dict[str, Any]) -> dict[str, Any]:
        return seen("complete", int(self.seconds))


def test_where_a_module_would_find_the_same_it_is_done_here(monkeypatch: pytest.MonkeyPatch) -> None:
    run = Run(monkeypatch, [])
    run.plugin._connection.transport = "local"
    run.plugin._templar = SimpleNamespace(template=lambda value: value)
    vars(run.plugin._task).update(become=False, environment=[], async_val=0, check_mode=False)
    monkeypatch.setattr(
        action, "rollback_result", lambda params, check_mode, follower: {**begun(), "asked": [params["wait_timeout"], follower.find]}
    )
    monkeypatch.setattr(action, "Follower", Follower)
    result = run.plugin.run(task_vars={"ansible_python_interpreter": sys.executable})
    assert (result["asked"], result["state"], result["progress"]["done"], run.asked) == (["5m", "found once"], "verifying", 300, [])


def test_a_wrong_option_is_told_as_a_module_tells_it(monkeypatch: pytest.MonkeyPatch) -> None:
    run = Run(monkeypatch, [], from_revision="five")
    run.plugin._connection.transport = "local"
    run.plugin._templar = SimpleNamespace(template=lambda value: value)
    vars(run.plugin._task).update(become=False, environment=[], async_val=0, check_mode=False)
    result = run.plugin.run(task_vars={"ansible_python_interpreter": sys.executable})
    assert result["failed"]
    assert "from_revision" in result["msg"]


def test_concluding_is_only_a_change_of_the_annotation(monkeypatch: pytest.MonkeyPatch) -> None:
    run = Run(monkeypatch, [{"changed": True}], conclude=True, incident="one")
    assert run.result() == {"changed": True}
    assert run.shown == []


def test_a_refusal_is_the_modules_own(monkeypatch: pytest.MonkeyPatch) -> None:
    run = Run(monkeypatch, [{"failed": True, "msg": "paused"}])
    assert run.result() == {"failed": True, "msg": "paused"}
    assert run.shown == []


@pytest.mark.parametrize("wait", [False, "no"])
def test_without_waiting_nothing_is_followed(monkeypatch: pytest.MonkeyPatch, wait: object) -> None:
    run = Run(monkeypatch, [begun()], wait=wait)
    assert run.result()["state"] == "applying"
    assert len(run.asked) == 1


def test_check_mode_says_that_nothing_was_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    run = Run(monkeypatch, [{**begun(), "state": "planned", "progress": None, "following": None}])
    assert run.result()["state"] == "planned"
    assert "Nothing was changed" in run.text


def test_when_the_time_is_up_what_is_missing_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    late = seen("progressing", 1)
    late["progress"]["waits_for"] = "1 old pods to end; payment-api-x runs and is not ready"
    result = Run(monkeypatch, [begun(), *[late] * 9], wait_timeout="3s").result()
    assert (result["failed"], result["state"]) == (True, "applying")
    assert result["msg"] == (
        "Not every pod runs the target after 3s; the rollout goes on. It waits for 1 old pods to end; payment-api-x runs and is not ready."
    )
