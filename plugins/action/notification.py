# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tells the people who must know, and records whom it told."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

from ansible_collections.devops.incident_response.plugins.plugin_utils import bytecode  # noqa: F401  # pylint: disable=unused-import

# isort: split
from ansible_collections.devops.incident_response.plugins.module_utils.errors import IncidentResponseError
from ansible_collections.devops.incident_response.plugins.module_utils.model.codec import to_result
from ansible_collections.devops.incident_response.plugins.module_utils.model.incident import Incident, Notification
from ansible_collections.devops.incident_response.plugins.module_utils.record import incident as transitions
from ansible_collections.devops.incident_response.plugins.module_utils.record import reports, store
from ansible_collections.devops.incident_response.plugins.module_utils.record.audit import operator
from ansible_collections.devops.incident_response.plugins.module_utils.record.delivery import deliver
from ansible_collections.devops.incident_response.plugins.module_utils.record.notification import (
    CHANNEL,
    KINDS,
    Message,
    message,
    recipient_title,
    recipients,
)
from ansible_collections.devops.incident_response.plugins.module_utils.record.update import update
from ansible_collections.devops.incident_response.plugins.plugin_utils.actions import ControllerAction

_SIGNS = {"sent": "📣", "failed": "⚠️ ", "skipped": "·"}


class ActionModule(ControllerAction):
    """See plugins/modules/notification.py."""

    ARGUMENT_SPEC: ClassVar[Mapping[str, Any]] = {
        "record": {"type": "path", "required": True},
        "kind": {"type": "str", "required": True, "choices": list(KINDS)},
        "routes": {"type": "dict", "default": {}, "no_log": True},
        "recipients": {"type": "list", "elements": "str"},
        "templates": {"type": "list", "elements": "path", "default": []},
        "timeout": {"type": "float", "default": 4.0},
        "retries": {"type": "int", "default": 1},
    }

    def perform(self, arguments: Mapping[str, Any], task_vars: Mapping[str, Any]) -> dict[str, Any]:
        incident = store.read(Path(arguments["record"]))
        notifications = self._send(arguments, incident)
        for line in dict.fromkeys(_line(notification) for notification in notifications):
            self.show(line)
        path = self.path_to_write(Path(arguments["record"]))
        with store.locked(path.parent):
            current = store.read(Path(arguments["record"]))
            store.write(transitions.notified(current, notifications, datetime.now(UTC), operator(task_vars, os.environ)), path)
        sent = sum(notification.status == "sent" for notification in notifications)
        return {"changed": sent > 0, "sent": sent, "notifications": to_result(notifications), "record": str(path)}

    def _send(self, arguments: Mapping[str, Any], incident: Incident) -> tuple[Notification, ...]:
        now, kind = datetime.now(UTC), arguments["kind"]
        subject = update(incident, now).subject
        text = reports.of_incident("update", incident, now, reports.check_templates(arguments["templates"]))
        names = arguments["recipients"] if arguments["recipients"] is not None else recipients(kind, incident.policy)
        messages: list[Message] = []
        skipped: dict[str, str] = {}
        for name in dict.fromkeys(names):
            try:
                messages.append(message(name, arguments["routes"].get(name), kind, incident, subject, text))
            except IncidentResponseError as error:
                skipped[name] = error.message
        if self.dry:
            skipped |= {one.recipient: "dry run: nothing is sent" for one in messages}
            messages = []
        outcomes = {outcome.message.recipient: outcome.problem for outcome in deliver(messages, arguments["timeout"], arguments["retries"])}
        return tuple(_notification(incident, kind, name, subject, skipped, outcomes) for name in dict.fromkeys(names))


def _notification(
    incident: Incident, kind: str, name: str, subject: str, skipped: Mapping[str, str], outcomes: Mapping[str, str | None]
) -> Notification:
    recipient = incident.service.channel or name if name == CHANNEL else name
    problem = skipped.get(name) or outcomes.get(name)
    status = "skipped" if name in skipped else "failed" if problem else "sent"
    return Notification(at=datetime.now(UTC), kind=kind, recipient=recipient, status=status, subject=subject, detail=problem)


def _line(notification: Notification) -> str:
    to = recipient_title(notification.recipient)
    what = {
        "page": f"Page to the {to}",
        "notify": f"Notification to the {to}",
        "ticket": "Ticket",
        "update": f"Update to {to}",
        "resolved": f"All-clear to {to}" if to.startswith("#") else f"All-clear to the {to}",
    }[notification.kind]
    why = f": {notification.detail}" if notification.detail else ""
    return f"{_SIGNS[notification.status]} {what} {notification.status}{why}"
