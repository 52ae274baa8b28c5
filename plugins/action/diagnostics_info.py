# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Diagnoses in the controller's own process where the module would run in the same Python on the same host.

Packing a module, starting its interpreter and compiling it anew takes longer than asking all sources does.
"""

from __future__ import annotations

from typing import Any

from ansible.plugins.action import ActionBase

from ..plugin_utils import bytecode  # noqa: F401  # pylint: disable=unused-import

# isort: split
from ..module_utils.faces.diagnostics import DIAGNOSTICS, diagnostics_result
from ..plugin_utils.here import do_here, would_run_here

_MODULE = "devops.incident_response.diagnostics_info"


class ActionModule(ActionBase):
    """See plugins/modules/diagnostics_info.py."""

    _supports_check_mode = True
    _supports_diff = False
    _supports_async = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result: dict[str, Any] = super().run(tmp, task_vars)
        if not would_run_here(self, task_vars or {}):
            done = self._execute_module(module_name=_MODULE, task_vars=task_vars, wrap_async=self._task.async_val)
            return {**result, **done}
        return {**result, **do_here(DIAGNOSTICS, self._task.args, diagnostics_result)}
