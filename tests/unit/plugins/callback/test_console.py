# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.devops.incident_response.plugins.callback.console import CallbackModule


class Screen:
    """Stands for Ansible's display: keeps what is shown."""

    def __init__(self, verbosity: int = 0) -> None:
        self.verbosity = verbosity
        self.lines: list[str] = []

    def display(self, text: str, **_options: Any) -> None:
        self.lines.append(text)


def console(verbosity: int = 0) -> tuple[CallbackModule, Screen]:
    screen = Screen(verbosity)
    return CallbackModule(display=screen), screen


def result(action: str = "devops.incident_response.incident", **data: Any) -> Any:
    task = SimpleNamespace(action=action, get_name=lambda: "Declare the incident")
    return SimpleNamespace(result=data, task=task, host=SimpleNamespace(get_name=lambda: "payment-api"))


def test_what_goes_well_goes_without_a_word() -> None:
    callback, screen = console()
    callback.v2_playbook_on_task_start(result().task, False)
    callback.v2_runner_on_ok(result(changed=True, record="incidents/x.json"))
    assert screen.lines == []


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"msg": "Option 'service' is required."}, "Option 'service' is required."),
        ({"module_stderr": "Killed"}, "Killed"),
        ({}, "the task failed without a message"),
    ],
)
def test_a_failure_is_one_message(data: dict[str, Any], message: str) -> None:
    callback, screen = console()
    callback.v2_runner_on_failed(result(**data))
    assert screen.lines == [f"\n❌ {message}"]


def test_a_failure_that_is_ignored_says_that_it_goes_on() -> None:
    callback, screen = console()
    callback.v2_runner_on_failed(result(msg="no registry"), ignore_errors=True)
    assert screen.lines == ["⚠️  no registry (goes on)"]


def test_a_host_that_can_not_be_reached_is_named() -> None:
    callback, screen = console()
    callback.v2_runner_on_unreachable(result(msg="ssh: connection timed out"))
    assert screen.lines == ["\n❌ payment-api can't be reached: ssh: connection timed out"]


def test_a_retry_is_one_line() -> None:
    callback, screen = console()
    callback.v2_runner_retry(result(attempts=2, retries=5))
    assert screen.lines == ["· trying again (2 of 5)"]


def test_verbose_names_the_tasks_and_what_they_return() -> None:
    callback, screen = console(2)
    callback.v2_playbook_on_task_start(result().task, False)
    callback.v2_runner_on_ok(result(record="incidents/x.json"))
    callback.v2_runner_on_failed(result(msg="broken"))
    text = "\n".join(screen.lines)
    assert screen.lines[0] == "· Declare the incident"
    assert "incidents/x.json" in text
    assert "while: Declare the incident" in text


def test_what_a_playbook_wants_to_say_is_said() -> None:
    callback, screen = console()
    callback.v2_runner_on_ok(result("ansible.builtin.debug", msg="Nothing was changed", changed=False))
    assert screen.lines == ["Nothing was changed"]


def test_a_play_without_hosts_does_not_end_in_silence() -> None:
    callback, screen = console()
    callback.v2_playbook_on_no_hosts_matched()
    assert screen.lines == ["⚠️  No host matched; nothing was done."]
