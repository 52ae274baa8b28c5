# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Diagnoses in the controller's own process where the module would run in the same Python on the same host.

Packing a module, starting its interpreter and compiling it anew takes longer than asking all sources does.
"""

from __future__ import annotations

import sys
from typing import Any

from ansible.plugins.action import ActionBase

from ..module_utils.errors import IncidentResponseError
from ..module_utils.faces.connections import missing_library
from ..module_utils.faces.diagnostics import DIAGNOSTICS, diagnostics_result

_MODULE = "devops.incident_response.diagnostics_info"


class ActionModule(ActionBase):
    """See plugins/modules/diagnostics_info.py."""

    _supports_check_mode = True
    _supports_diff = False
    _supports_async = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result: dict[str, Any] = super().run(tmp, task_vars)
        if not self._would_run_here(task_vars or {}):
            done = self._execute_module(module_name=_MODULE, task_vars=task_vars, wrap_async=self._task.async_val)
            return {**result, **done}
        _validation, arguments = self.validate_argument_spec(argument_spec=DIAGNOSTICS)
        try:
            return {**result, **diagnostics_result(arguments)}
        except IncidentResponseError as error:
            return {**result, **error.details, "failed": True, "msg": error.message}
        except ImportError as error:
            return {**result, "failed": True, "msg": missing_library(error)}

    def _would_run_here(self, task_vars: dict[str, Any]) -> bool:
        """Whether a module would find the same host, user, environment and libraries as this process."""
        interpreter = self._templar.template(task_vars.get("ansible_python_interpreter"))
        return (
            self._connection.transport == "local"
            and interpreter == sys.executable
            and not self._task.become
            and not any(self._task.environment or [])
            and not self._task.async_val
            # macOS ends forked processes that look up names or proxies.
            and sys.platform != "darwin"
        )
