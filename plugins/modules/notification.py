#!/usr/bin/python
# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: notification
short_description: Page, notify and update people about an incident
version_added: 0.1.0
description:
  - Sends a message by HTTP to each recipient, all at once, from the controller, and writes into the record whom it told, or why not.
  - It only sends to O(routes). A recipient without one is skipped with that reason.
  - A message that can't be sent is shown and recorded. It never stops the response.
  - In check mode nothing is sent.
author:
  - devops.incident_response contributors (@devops)
options:
  record:
    description: Path of the record, as RV(devops.incident_response.incident#module:record) gives it.
    type: path
    required: true
  kind:
    description:
      - V(page) and V(notify) go to the roles that the severity's policy names, V(ticket) to the role C(ticket), V(update) to the role
        C(channel), the stakeholders' authorised channel, and V(resolved) to everybody who was paged and to the channel.
      - An V(update) that was sent sets when the next one is due.
    type: str
    required: true
    choices: [page, notify, ticket, update, resolved]
  routes:
    description:
      - Address by role; C(on_call) of the catalogue entry.
      - A URL gets a JSON document with the incident's key facts and a C(text). C(slack+https://…), Slack's own hooks and the role
        C(channel) get the C(text) alone. C(pagerduty+https://events.pagerduty.com/v2/enqueue?routing_key=…) gets a PagerDuty event.
      - Redirects are not followed.
    type: dict
    default: {}
  recipients:
    description: Roles to send to, instead of those of O(kind).
    type: list
    elements: str
  templates:
    description: Directories with templates of your own; see the option of the same name of M(devops.incident_response.report).
    type: list
    elements: path
    default: []
  timeout:
    description: Seconds that one attempt may take.
    type: float
    default: 4.0
  retries:
    description: Further attempts after one that might succeed later.
    type: int
    default: 1
extends_documentation_fragment:
  - devops.incident_response.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
  action_group:
    support: full
"""

EXAMPLES = r"""
- name: Page whoever is on call
  devops.incident_response.notification:
    record: "{{ incident_declared.record }}"
    kind: page
    routes: "{{ incident_service.on_call }}"
"""

RETURN = r"""
sent:
  description: How many messages were sent.
  type: int
  returned: success
  sample: 2
notifications:
  description: Every recipient, with what became of the message.
  type: list
  elements: dict
  returned: success
  contains:
    at:
      description: When, UTC.
      type: str
      sample: "2025-10-21T14:25:45Z"
    kind:
      description: The option O(kind).
      type: str
      sample: page
    recipient:
      description: Role, or name of the channel.
      type: str
      sample: on_call
    status:
      description: V(sent), V(failed) or V(skipped).
      type: str
      sample: sent
    subject:
      description: What it was about.
      type: str
      sample: "[P0] Payment API Outage - Investigating"
    detail:
      description: Why it was not sent; null when it was.
      type: str
      sample: "no answer within 4 s"
record:
  description: Path of the record that holds this.
  type: str
  returned: success
  sample: incidents/2025-10-21-payment-api-outage.json
"""
