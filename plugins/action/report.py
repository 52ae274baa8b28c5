# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Shows and saves a report of an incident; everything in it comes from the record."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

from ansible_collections.devops.incident_response.plugins.plugin_utils import bytecode  # noqa: F401  # pylint: disable=unused-import

# isort: split
from ansible_collections.devops.incident_response.plugins.module_utils.errors import IncidentResponseError
from ansible_collections.devops.incident_response.plugins.module_utils.faces.arguments import SERVICE
from ansible_collections.devops.incident_response.plugins.module_utils.faces.connections import service_from
from ansible_collections.devops.incident_response.plugins.module_utils.model.codec import DocumentError, from_result
from ansible_collections.devops.incident_response.plugins.module_utils.model.comparison import DeploymentComparison
from ansible_collections.devops.incident_response.plugins.module_utils.model.incident import Incident
from ansible_collections.devops.incident_response.plugins.module_utils.record import reports, store
from ansible_collections.devops.incident_response.plugins.module_utils.record.policy import severity_from
from ansible_collections.devops.incident_response.plugins.module_utils.record.redaction import redact
from ansible_collections.devops.incident_response.plugins.module_utils.record.text import Medium
from ansible_collections.devops.incident_response.plugins.plugin_utils.actions import ControllerAction


class ActionModule(ControllerAction):
    """See plugins/modules/report.py."""

    ARGUMENT_SPEC: ClassVar[Mapping[str, Any]] = {
        **SERVICE,
        "service": {"type": "str"},
        "rendering": {"type": "str", "default": "report", "choices": list(reports.NAMES)},
        "record": {"type": "path"},
        "incidents_dir": {"type": "path", "default": "incidents"},
        "incident_id": {"type": "str"},
        "comparison": {"type": "dict"},
        "severity": {"type": "str", "default": "P2"},
        "templates": {"type": "list", "elements": "path", "default": []},
        "show": {"type": "bool", "default": True},
        "dest": {"type": "path"},
    }
    MUTUALLY: ClassVar[Mapping[str, Any]] = {
        "required_one_of": [("record", "service")],
        "required_by": {"comparison": ["service"], "incident_id": ["service"]},
    }

    def perform(self, arguments: Mapping[str, Any], task_vars: Mapping[str, Any]) -> dict[str, Any]:
        del task_vars
        now = datetime.now(UTC)
        search = reports.check_templates(arguments["templates"])
        if arguments["comparison"] is not None:
            text, saved = _comparison(arguments, now, search), _given_path(arguments)
        else:
            record = _record(arguments)
            incident = store.read(record)
            if arguments["rendering"] == "post_mortem":
                return self._post_mortem(arguments, incident, record, now)
            if arguments["rendering"] == "page":
                return self._page(arguments, incident, record, now)
            text, saved = reports.of_incident(arguments["rendering"], incident, now, search), _given_path(arguments)
        if arguments["show"]:
            self.show(text)
        return {"changed": self._save(saved, text), "text": text, "path": str(saved) if saved else None}

    def _post_mortem(self, arguments: Mapping[str, Any], incident: Incident, record: Path, now: datetime) -> dict[str, Any]:
        """Saved as Markdown beside its record, unless told otherwise; shown with the same words, or named."""
        search = reports.check_templates(arguments["templates"])
        path = _given_path(arguments) or record.with_suffix(".md")
        saved_to = None if self.dry else _readable(path)
        if arguments["show"]:
            self.show(reports.post_mortem(incident, now, search, Medium.CONSOLE, saved_to))
        elif saved_to:
            self.show(f"📋 Post-mortem written: {saved_to}")
        text = reports.post_mortem(incident, now, search, Medium.MARKDOWN, saved_to)
        return {"changed": self._save(path, text), "text": text, "path": str(path)}

    def _page(self, arguments: Mapping[str, Any], incident: Incident, record: Path, now: datetime) -> dict[str, Any]:
        """Saved beside its record, unless told otherwise; only where it lies is shown."""
        path = _given_path(arguments) or record.with_suffix(".html")
        text = reports.page(incident, now, reports.check_templates(arguments["templates"]))
        if arguments["show"] and not self.dry:
            self.show(f"📄 Report written: {_readable(path)}")
        return {"changed": self._save(path, text), "text": text, "path": str(path)}

    def _save(self, path: Path | None, text: str) -> bool:
        if path is None or (path.exists() and path.read_text(encoding="utf-8", errors="replace") == text):
            return False
        if not self.dry:
            store.write_text(path, text)
        return True


def _comparison(arguments: Mapping[str, Any], now: datetime, search: tuple[Path, ...]) -> str:
    try:
        comparison = from_result(DeploymentComparison, redact(arguments["comparison"]))
    except DocumentError as error:
        raise IncidentResponseError(f"Option 'comparison' is not what deployment_comparison_info returns: {error.message}") from error
    return reports.deployment_comparison(comparison, service_from(arguments), severity_from(arguments["severity"]), now, search)


def _record(arguments: Mapping[str, Any]) -> Path:
    if arguments["record"]:
        return Path(arguments["record"])
    service = service_from(arguments)
    return store.newest(Path(arguments["incidents_dir"]), service.name, arguments["incident_id"])


def _given_path(arguments: Mapping[str, Any]) -> Path | None:
    return Path(arguments["dest"]) if arguments["dest"] else None


def _readable(path: Path) -> str:
    """Relative to where the command was run, when it lies below."""
    absolute = path.absolute()
    return str(absolute.relative_to(Path.cwd())) if absolute.is_relative_to(Path.cwd()) else str(absolute)
