# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes the record of an incident on the controller."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

from ansible_collections.devops.incident_response.plugins.plugin_utils import bytecode  # noqa: F401  # pylint: disable=unused-import

# isort: split
from ansible_collections.devops.incident_response.plugins.module_utils.errors import IncidentResponseError
from ansible_collections.devops.incident_response.plugins.module_utils.faces.arguments import SERVICE
from ansible_collections.devops.incident_response.plugins.module_utils.faces.connections import service_from
from ansible_collections.devops.incident_response.plugins.module_utils.model.codec import DocumentError, from_result, to_result
from ansible_collections.devops.incident_response.plugins.module_utils.model.comparison import DeploymentComparison
from ansible_collections.devops.incident_response.plugins.module_utils.model.diagnostics import Diagnostics
from ansible_collections.devops.incident_response.plugins.module_utils.model.incident import Incident, IncidentStatus
from ansible_collections.devops.incident_response.plugins.module_utils.model.mitigation import Mitigation
from ansible_collections.devops.incident_response.plugins.module_utils.model.recommendation import Recommendation
from ansible_collections.devops.incident_response.plugins.module_utils.model.rollback import Rollback
from ansible_collections.devops.incident_response.plugins.module_utils.record import incident as transitions
from ansible_collections.devops.incident_response.plugins.module_utils.record import store
from ansible_collections.devops.incident_response.plugins.module_utils.record.attempts import attempts, so_far
from ansible_collections.devops.incident_response.plugins.module_utils.record.audit import operator
from ansible_collections.devops.incident_response.plugins.module_utils.record.mitigations import in_force
from ansible_collections.devops.incident_response.plugins.module_utils.record.policy import policy_from, severity_from
from ansible_collections.devops.incident_response.plugins.plugin_utils.actions import ControllerAction

_DOCUMENTS = {
    "diagnostics": Diagnostics,
    "recommendation": Recommendation,
    "comparison": DeploymentComparison,
    "rollback": Rollback,
    "mitigation": Mitigation,
}


class ActionModule(ControllerAction):
    """See plugins/modules/incident.py."""

    ARGUMENT_SPEC: ClassVar[Mapping[str, Any]] = {
        **SERVICE,
        "service": {"type": "str"},
        "state": {"type": "str", "required": True, "choices": ["declared", "updated", "resolved"]},
        "incidents_dir": {"type": "path", "default": "incidents"},
        "record": {"type": "path"},
        "severity": {"type": "str"},
        "policy": {"type": "dict"},
        "symptoms": {"type": "list", "elements": "str", "default": []},
        "commander": {"type": "str"},
        "status": {"type": "str", "choices": [status.value for status in IncidentStatus if status is not IncidentStatus.RESOLVED]},
        "note": {"type": "str"},
        **{name: {"type": "dict"} for name in _DOCUMENTS},
    }
    MUTUALLY: ClassVar[Mapping[str, Any]] = {
        "required_if": [
            ("state", "declared", ["service", "severity", "policy"]),
            ("state", "updated", ["record", "service"], True),
            ("state", "resolved", ["record", "service"], True),
        ]
    }

    def perform(self, arguments: Mapping[str, Any], task_vars: Mapping[str, Any]) -> dict[str, Any]:
        now = datetime.now(UTC)
        actor = operator(task_vars, os.environ)
        if arguments["state"] == "declared":
            return self._declare(arguments, now, actor)
        known = _record(arguments)
        path = self.path_to_write(known)
        with store.locked(path.parent):
            before = store.read(known)
            after = transitions.take(before, _step(arguments), now, actor)
            if arguments["state"] == "resolved":
                after = transitions.resolve(after, now, actor)
            if after != before:
                store.write(after, path)
        closed = before.resolved_at is None and after.resolved_at is not None
        return {
            **_summary(after, path, changed=after != before),
            "closed": closed,
            "rollback_attempts": attempts(after.rollback),
            "mitigations": to_result(after.mitigations),
            "in_force": to_result(in_force(after.mitigations)),
        }

    def _declare(self, arguments: Mapping[str, Any], now: datetime, actor: str | None) -> dict[str, Any]:
        given = transitions.Declaration(
            service=service_from(arguments),
            severity=severity_from(arguments["severity"]),
            policy=policy_from(arguments["policy"]),
            symptoms=tuple(arguments["symptoms"]),
            commander=arguments["commander"],
            diagnostics=_document(arguments, "diagnostics"),
            dry_run=self.dry,
        )
        known = Path(arguments["incidents_dir"])
        target = self.directory_to_write(known)
        with store.locked(target):
            path = store.open_incident(known, given.service.name, given.service.namespace, now)
            if path:
                incident = transitions.resume(store.read(path), given, now, actor)
            else:
                path = store.new_path(known, given.service.name, now)
                incident = transitions.declare(given, path.stem, now, actor)
            store.write(incident, target / path.name)
        resumed = incident.declared_at != now
        return {
            **_summary(incident, target / path.name, changed=True),
            "resumed": resumed,
            "rollback_attempts": so_far(incident.rollback),
        }


def _record(arguments: Mapping[str, Any]) -> Path:
    if arguments["record"]:
        return Path(arguments["record"])
    return store.newest(Path(arguments["incidents_dir"]), service_from(arguments).name)


def _step(arguments: Mapping[str, Any]) -> transitions.Step:
    return transitions.Step(
        **{name: _document(arguments, name) for name in _DOCUMENTS},
        status=IncidentStatus(arguments["status"]) if arguments["status"] else None,
        note=arguments["note"],
    )


def _document(arguments: Mapping[str, Any], name: str) -> Any:
    if arguments[name] is None:
        return None
    try:
        return from_result(_DOCUMENTS[name], arguments[name])
    except DocumentError as error:
        raise IncidentResponseError(f"Option '{name}' is not what the module of that name returns: {error.message}") from error


def _summary(incident: Incident, path: Path, *, changed: bool) -> dict[str, Any]:
    """What later tasks need of the record, which itself is large and stays in its file."""
    return {
        "changed": changed,
        "record": str(path.absolute()),
        "incident_id": incident.id,
        **to_result(
            {
                "severity": incident.severity,
                "status": incident.status,
                "declared_at": incident.declared_at,
                "started_at": incident.started_at,
                "resolved_at": incident.resolved_at,
                "next_update_at": incident.next_update_at,
                "policy": incident.policy,
            }
        ),
        "duration": incident.duration,
    }
