#!/usr/bin/python
# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: report
short_description: Show or save a report of an incident
version_added: 0.1.0
description:
  - Renders the record of an incident by a Jinja template, shows it on the terminal at once, and saves it where asked to.
  - A report holds what the record holds and nothing else. Text that came from outside is escaped, and is never a template.
author:
  - devops.incident_response contributors (@devops)
options:
  rendering:
    description:
      - V(report) is the console report, V(update) the message to stakeholders, V(approval) what waits for approval with the command for it,
        V(rollback_plan) the plan with its checks, V(rollback_result) how the rollback ended, V(comparison) the comparison of a deployment.
      - V(page) is the report as one HTML page, saved to O(dest) or else beside the record; where it lies is shown.
      - V(post_mortem) is also saved as Markdown, to O(dest) or else beside the record.
    type: str
    default: report
    choices: [report, page, update, rollback_plan, rollback_result, approval, post_mortem, comparison]
  record:
    description: Path of the record, as RV(devops.incident_response.incident#module:record) gives it.
    type: path
  service:
    description: Name of the service whose newest record is used. One of O(record) and O(service) is required.
    type: str
    required: false
  incidents_dir:
    description: Where the records of O(service) lie.
    type: path
    default: incidents
  incident_id:
    description: The incident of O(service) to use instead of its newest.
    type: str
  comparison:
    description:
      - RV(devops.incident_response.deployment_comparison_info#module:comparison), for a comparison that belongs to no incident.
      - Needs O(service).
    type: dict
  severity:
    description: The severity that the heading of O(comparison) names.
    type: str
    default: P2
  templates:
    description:
      - Directories with templates of your own, first one first. A file that is called like one of the collection's, which lie in
        C(roles/communicate/templates), takes its place.
    type: list
    elements: path
    default: []
  show:
    description: Whether to print it. Of a post-mortem that is not printed, the place where it was saved is.
    type: bool
    default: true
  dest:
    description: File to save it to.
    type: path
extends_documentation_fragment:
  - devops.incident_response.service
  - devops.incident_response.attributes
attributes:
  check_mode:
    support: full
    details:
      - In check mode reports are shown and not saved.
  diff_mode:
    support: none
  action_group:
    support: full
"""

EXAMPLES = r"""
- name: Show the report
  devops.incident_response.report:
    record: "{{ incident_declared.record }}"

- name: Write the post-mortem of the service's last incident
  devops.incident_response.report:
    service: payment-api
    rendering: post_mortem
    templates:
      - "{{ playbook_dir }}/templates"
"""

RETURN = r"""
text:
  description: The report. The post-mortem is Markdown.
  type: str
  returned: success
  sample: "🚨 INCIDENT RESPONSE - P0 CRITICAL …"
path:
  description: Where it was saved; null when it was not.
  type: str
  returned: success
  sample: incidents/2025-10-21-payment-api-outage.md
"""
