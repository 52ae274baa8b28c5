# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter: a record as one of its reports."""

from __future__ import annotations

DOCUMENTATION = r"""
name: report
short_description: Render the record of an incident
version_added: 0.1.0
description:
  - Gives the text that the module M(devops.incident_response.report) shows, for a record that has been read.
author:
  - devops.incident_response contributors (@devops)
options:
  _input:
    description: The record, as C(docs/record.md) describes it.
    type: dict
    required: true
  rendering:
    description: As O(devops.incident_response.report#module:rendering).
    type: str
    default: report
    choices: [report, page, update, rollback_plan, rollback_result, approval, post_mortem, comparison]
  templates:
    description: Directories with templates of your own.
    type: list
    elements: path
    default: []
"""

EXAMPLES = r"""
- name: Keep the post-mortem in the wiki
  ansible.builtin.uri:
    url: https://wiki.example.com/pages
    method: POST
    body: "{{ record | devops.incident_response.report('post_mortem') }}"
  vars:
    record: "{{ lookup('ansible.builtin.file', 'incidents/2025-10-21-payment-api-outage.json') | from_json }}"
"""

RETURN = r"""
_value:
  description: The text; Markdown for V(post_mortem), HTML for V(page).
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


def report(record: Any, rendering: str = "report", templates: Any = ()) -> str:
    if rendering not in reports.NAMES:
        raise AnsibleFilterError(f"report: rendering {rendering!r} is not accepted. Use one of {', '.join(reports.NAMES)}.")
    try:
        incident = from_result(Incident, redact(record))
        return reports.of_incident(rendering, incident, datetime.now(UTC), reports.check_templates(templates))
    except IncidentResponseError as error:
        raise AnsibleFilterError(f"report: {error.message}") from error


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"report": report}
