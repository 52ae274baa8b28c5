# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter: a record as the message to stakeholders."""

from __future__ import annotations

DOCUMENTATION = r"""
name: stakeholder_update
short_description: Write the update to stakeholders
version_added: 0.1.0
description:
  - Gives the message that tells stakeholders where an incident stands, its impact, what is being done and when the next update comes.
author:
  - devops.incident_response contributors (@devops)
options:
  _input:
    description: The record, as C(docs/record.md) describes it.
    type: dict
    required: true
  templates:
    description: Directories with templates of your own.
    type: list
    elements: path
    default: []
"""

EXAMPLES = r"""
- name: Send the update by mail
  community.general.mail:
    to: stakeholders@example.com
    subject: "{{ record.service.name }}"
    body: "{{ record | devops.incident_response.stakeholder_update }}"
  vars:
    record: "{{ lookup('ansible.builtin.file', 'incidents/2025-10-21-payment-api-outage.json') | from_json }}"
"""

RETURN = r"""
_value:
  description: The message; its first line is the subject.
  type: str
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from ansible.errors import AnsibleFilterError

from ..module_utils.errors import IncidentResponseError
from ..module_utils.model.codec import from_result
from ..module_utils.model.incident import Incident
from ..module_utils.record import reports
from ..module_utils.record.redaction import redact


def stakeholder_update(record: Any, templates: Any = ()) -> str:
    try:
        incident = from_result(Incident, redact(record))
        return reports.stakeholder_update(incident, datetime.now(UTC), reports.check_templates(templates))
    except IncidentResponseError as error:
        raise AnsibleFilterError(f"stakeholder_update: {error.message}") from error


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"stakeholder_update": stakeholder_update}
