# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Shows each look at a service's recovery while it is made, in a terminal and in a log alike."""

from __future__ import annotations

from datetime import UTC
from typing import Any

from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

from ..plugin_utils import bytecode  # noqa: F401  # pylint: disable=unused-import

# isort: split
from ..module_utils.faces.recovery import RECOVERY, recovery_result
from ..module_utils.model.codec import from_result
from ..module_utils.model.rollback import Recovery
from ..module_utils.rollback import console
from ..module_utils.rollback.verification import Look
from ..plugin_utils.here import do_here, would_run_here

_MODULE = "devops.incident_response.recovery_info"


class ActionModule(ActionBase):
    """See plugins/modules/recovery_info.py."""

    _supports_check_mode = True
    _supports_diff = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        super().run(tmp, task_vars)
        arguments = {name: value for name, value in self._task.args.items() if name != "at_most"}
        one_run = self._task.args.get("at_most") is not None
        looks: list[dict[str, Any]] = []
        while True:
            module_args = {**arguments, "at_most": self._task.args["at_most"] if one_run else 0}
            result = self._look(module_args, task_vars)
            if result.get("failed"):
                return result
            for look in (from_result(Look, seen) for seen in result["looks"]):
                self._show([f"  {look.at.astimezone(UTC):%H:%M:%S} - {console.look_line(look.measures)}"])
            looks += result["looks"]
            if result["final"]:
                self._show([console.recovery_line(from_result(Recovery, result["recovery"])), ""])
            if result["final"] or one_run:
                return {**result, "looks": looks}
            arguments = {name: value for name, value in arguments.items() if name not in ("baseline", "diagnostics", "since", "began")}
            arguments["following"] = result["following"]

    def _look(self, arguments: dict[str, Any], task_vars: dict[str, Any] | None) -> dict[str, Any]:
        if would_run_here(self, task_vars or {}):
            return do_here(RECOVERY, arguments, recovery_result)
        looked: dict[str, Any] = self._execute_module(module_name=_MODULE, module_args=arguments, task_vars=task_vars)
        return looked

    def _show(self, lines: list[str]) -> None:
        Display().display("\n".join(lines))
