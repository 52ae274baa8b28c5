# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a message to one recipient looks like, and which address it goes to.

Only addresses that the team wrote into its catalogue are used. Their form says what is understood there:

- ``https://…`` gets a JSON document with the incident's key facts and a ``text``.
- ``slack+https://…``, and Slack's own hooks, get ``{"text": …}``, which Mattermost and Rocket.Chat understand too.
- ``pagerduty+https://events.pagerduty.com/v2/enqueue?routing_key=…`` gets a PagerDuty event (Events API v2).
- Anything else, a handle for example, is nowhere that can be sent to.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit, urlunsplit

from ..errors import IncidentResponseError
from ..lean import dataclass
from ..model.codec import format_time
from ..model.incident import Incident, IncidentStatus, Policy, Severity

KINDS = ("page", "notify", "ticket", "update", "resolved")
CHANNEL = "channel"

_RECIPIENT_TITLES = {"on_call": "on-call engineer", "incident_commander": "incident commander", "war_room": "war room"}
_PAGERDUTY_SEVERITY = {Severity.P0: "critical", Severity.P1: "error", Severity.P2: "warning", Severity.P3: "info"}
_SLACK_HOSTS = ("hooks.slack.com", "hooks.slack-gov.com")


@dataclass(frozen=True, slots=True)
class Message:
    """A JSON document for one URL."""

    recipient: str
    url: str
    document: Mapping[str, Any]


def recipients(kind: str, policy: Policy) -> tuple[str, ...]:
    """Who gets a message of ``kind``: roles of the catalogue's ``on_call``; ``channel`` is the stakeholders' one."""
    if kind in ("page", "notify"):
        return policy.page
    if kind == "resolved":
        return (*policy.page, CHANNEL)
    return ("ticket",) if kind == "ticket" else (CHANNEL,)


def message(recipient: str, address: str | None, kind: str, incident: Incident, subject: str, text: str) -> Message:
    """The message for ``recipient``. IncidentResponseError says why there can't be one."""
    if not address:
        raise IncidentResponseError(f"no route: the catalogue entry of {incident.service.name} has no on_call.{recipient}")
    form, plus, rest = address.partition("+")
    url = rest if plus and form in ("slack", "pagerduty") else address
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise IncidentResponseError(f"no address that can be sent to: on_call.{recipient} is {address!r}, not a URL")
    if form == "pagerduty" and plus:
        key = parse_qs(parts.query).get("routing_key", [""])[0]
        return Message(recipient, urlunsplit(parts._replace(query="")), _pagerduty(key, kind, incident, subject))
    if (form == "slack" and plus) or parts.hostname in _SLACK_HOSTS or recipient == CHANNEL:
        return Message(recipient, url, {"text": _slack(f"*{subject}*\n{text}" if kind == "page" else text)})
    return Message(recipient, url, _facts(kind, recipient, incident, subject, text))


def recipient_title(recipient: str) -> str:
    """What people call a recipient: a role of the catalogue by its words, a channel as it is named."""
    return _RECIPIENT_TITLES.get(recipient, recipient.replace("_", " "))


def _facts(kind: str, recipient: str, incident: Incident, subject: str, text: str) -> dict[str, Any]:
    return {
        "kind": kind,
        "recipient": recipient,
        "subject": subject,
        "text": text,
        "incident": incident.id,
        "service": incident.service.name,
        "namespace": incident.service.namespace,
        "severity": incident.severity.value,
        "status": incident.status.value,
        "started_at": format_time(incident.started_at),
        "symptoms": list(incident.symptoms),
    }


def _pagerduty(key: str, kind: str, incident: Incident, subject: str) -> dict[str, Any]:
    """https://developer.pagerduty.com/docs/events-api-v2/trigger-events/; one incident is one alert by its ``dedup_key``."""
    over = kind == "resolved" or incident.status is IncidentStatus.RESOLVED
    event: dict[str, Any] = {"routing_key": key, "event_action": "resolve" if over else "trigger", "dedup_key": incident.id}
    if over:
        return event
    details = {"namespace": incident.service.namespace, "symptoms": list(incident.symptoms), "status": incident.status.value}
    return {
        **event,
        "payload": {
            "summary": subject[:1024],
            "source": incident.service.name,
            "severity": _PAGERDUTY_SEVERITY[incident.severity],
            "timestamp": format_time(incident.started_at),
            "component": incident.service.workload,
            "group": incident.service.namespace,
            "custom_details": details,
        },
    }


def _slack(text: str) -> str:
    """Escaped as Slack asks for, so that nothing in it calls a channel together or hides where a link goes."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
