# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A stdout callback for people: what the response shows, and nothing of how Ansible got there."""

from __future__ import annotations

DOCUMENTATION = r"""
name: console
type: stdout
short_description: Show what the response says, and nothing else
version_added: 0.1.0
description:
  - Leaves out Ansible's own headings, so that the report, the progress and the messages stand for themselves.
  - A failure is one message. An unreachable host, a retry and a warning are one line.
  - With C(-v) the name of each task is shown as it starts, with C(-vv) also what it returned.
author:
  - devops.incident_response contributors (@devops)
extends_documentation_fragment:
  - default_callback
  - result_format_callback
"""

EXAMPLES = r"""
# ansible.cfg
# [defaults]
# stdout_callback = devops.incident_response.console
"""

from typing import Any

from ansible import constants
from ansible.plugins.callback import CallbackBase


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "stdout"
    CALLBACK_NAME = "devops.incident_response.console"

    def v2_playbook_on_task_start(self, task: Any, is_conditional: bool) -> None:
        del is_conditional
        if self._display.verbosity >= 1:
            self._display.display(f"· {task.get_name().strip()}", color=constants.COLOR_VERBOSE)

    def v2_playbook_on_handler_task_start(self, task: Any) -> None:
        self.v2_playbook_on_task_start(task, False)

    def v2_runner_on_ok(self, result: Any) -> None:
        self._handle_warnings(result.result)
        if self._display.verbosity >= 2:
            self._display.display(self._dump_results(result.result), color=constants.COLOR_OK)
        if result.task.action in ("debug", "ansible.builtin.debug"):
            self._show_debug(result.result)

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        data = result.result
        if ignore_errors:
            self._display.display(f"⚠️  {_message(data)} (goes on)", color=constants.COLOR_WARN)
            return
        self._display.display(f"\n❌ {_message(data)}", color=constants.COLOR_ERROR)
        if self._display.verbosity >= 1:
            self._display.display(f"   while: {result.task.get_name().strip()}", color=constants.COLOR_ERROR)
        if self._display.verbosity >= 2:
            self._display.display(self._dump_results(data), color=constants.COLOR_ERROR)

    def v2_runner_item_on_failed(self, result: Any) -> None:
        self.v2_runner_on_failed(result)

    def v2_runner_on_unreachable(self, result: Any) -> None:
        host = result.host.get_name()
        self._display.display(f"\n❌ {host} can't be reached: {_message(result.result)}", color=constants.COLOR_UNREACHABLE)

    def v2_runner_retry(self, result: Any) -> None:
        data = result.result
        self._display.display(f"· trying again ({data.get('attempts')} of {data.get('retries')})", color=constants.COLOR_VERBOSE)

    def v2_playbook_on_no_hosts_matched(self) -> None:
        self._display.display("⚠️  No host matched; nothing was done.", color=constants.COLOR_SKIP)

    def _show_debug(self, data: dict[str, Any]) -> None:
        shown = {name: value for name, value in data.items() if name not in ("changed", "failed") and not name.startswith("_")}
        self._display.display("\n".join(str(value) for value in shown.values()))


def _message(data: dict[str, Any]) -> str:
    message = data.get("msg") or data.get("module_stderr") or data.get("reason") or "the task failed without a message"
    return str(message).strip()
