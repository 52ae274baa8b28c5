# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Scores a rollback in the controller's own process: the arithmetic takes less time than starting a module."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from ansible_collections.devops.incident_response.plugins.plugin_utils import bytecode  # noqa: F401  # pylint: disable=unused-import

# isort: split
from ansible_collections.devops.incident_response.plugins.module_utils.faces.decision import CONFIDENCE, CONFIDENCE_RULES, confidence_result
from ansible_collections.devops.incident_response.plugins.plugin_utils.actions import ControllerAction


class ActionModule(ControllerAction):
    """See plugins/modules/rollback_confidence.py."""

    ARGUMENT_SPEC: ClassVar[Mapping[str, Any]] = CONFIDENCE
    MUTUALLY: ClassVar[Mapping[str, Any]] = CONFIDENCE_RULES

    def perform(self, arguments: Mapping[str, Any], task_vars: Mapping[str, Any]) -> dict[str, Any]:
        return confidence_result(arguments)
