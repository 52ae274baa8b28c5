# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the actions of this collection have in common: they run in the controller's own process and end in one clear message."""

from __future__ import annotations

import tempfile
from abc import abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from ansible import constants
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

from . import bytecode  # noqa: F401  # pylint: disable=unused-import

# isort: split
from ..module_utils.errors import IncidentResponseError

display = Display()


class ControllerAction(ActionBase):
    """An action that needs no connection. Subclasses give ``ARGUMENT_SPEC`` and ``perform``."""

    ARGUMENT_SPEC: ClassVar[Mapping[str, Any]] = {}
    MUTUALLY: ClassVar[Mapping[str, Any]] = {}
    """Rules between options, as the keyword arguments of ``validate_argument_spec`` (required_if and the like)."""

    _requires_connection = False
    _supports_check_mode = True
    _supports_diff = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result: dict[str, Any] = super().run(tmp, task_vars)
        _validation, arguments = self.validate_argument_spec(argument_spec=dict(self.ARGUMENT_SPEC), **self.MUTUALLY)
        try:
            return {**result, "changed": False, **self.perform(arguments, task_vars or {})}
        except IncidentResponseError as error:
            return {**result, **error.details, "failed": True, "msg": error.message}

    @abstractmethod
    def perform(self, arguments: Mapping[str, Any], task_vars: Mapping[str, Any]) -> dict[str, Any]:
        """What the task returns. IncidentResponseError becomes its failure."""

    @property
    def dry(self) -> bool:
        """Nothing may be changed or sent."""
        return bool(self._task.check_mode)

    def show(self, text: str) -> None:
        """Prints ``text`` as it is, at once, whatever the stdout callback; a text of several lines with an empty one after it."""
        display.display(f"{text.rstrip()}\n\n" if "\n" in text else text)

    def directory_to_write(self, directory: Path) -> Path:
        """``directory``; where nothing may be changed, one that Ansible removes at the end of this very run."""
        return Path(constants.DEFAULT_LOCAL_TMP) / "incidents" if self.dry else directory

    def path_to_write(self, path: Path) -> Path:
        """``path``; where nothing may be changed, only when it is one that this run made for that purpose."""
        scratch = Path(constants.DEFAULT_LOCAL_TMP)
        if not self.dry or scratch in path.parents:
            return path
        return Path(tempfile.mkdtemp(dir=scratch)) / path.name
