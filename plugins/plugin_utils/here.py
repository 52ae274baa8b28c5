# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A module's work in the controller's own process, where the module would find the same: packing it and starting an interpreter for it
takes longer than most of what it asks."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import Any

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.plugins.action import ActionBase

from . import bytecode  # noqa: F401  # pylint: disable=unused-import

# isort: split
from ..module_utils.errors import IncidentResponseError
from ..module_utils.faces.connections import missing_library

Function = Callable[[Mapping[str, Any]], Mapping[str, Any]]


def would_run_here(action: ActionBase, task_vars: Mapping[str, Any]) -> bool:
    """Whether a module would find the same host, user, environment and libraries as this process."""
    return (
        action._connection.transport == "local"
        and action._templar.template(task_vars.get("ansible_python_interpreter")) == sys.executable
        and not action._task.become
        and not any(action._task.environment or [])
        and not action._task.async_val
        # macOS ends forked processes that look up names or proxies.
        and sys.platform != "darwin"
    )


def do_here(spec: Mapping[str, Any], arguments: Mapping[str, Any], function: Function) -> dict[str, Any]:
    """What a module with the argument spec ``spec`` would return for ``arguments`` when it does ``function``."""
    checked = ArgumentSpecValidator(dict(spec)).validate(dict(arguments))
    if checked.error_messages:
        return {"failed": True, "changed": False, "msg": "; ".join(checked.error_messages)}
    try:
        return dict(function(checked.validated_parameters))
    except IncidentResponseError as error:
        return {**error.details, "failed": True, "changed": False, "msg": error.message}
    except ImportError as error:
        return {"failed": True, "changed": False, "msg": missing_library(error)}
