#!/usr/bin/python
# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: impact_info
short_description: Estimate what an incident costs users and business
version_added: 0.1.0
description:
  - Asks Prometheus for sessions, users, failed requests and breached objectives, and says what they come to, how much of the error budget
    they burn and how fast; each figure tells how it was computed, or why it is unknown.
  - The part of M(devops.incident_response.diagnostics_info) of that name, by itself. When the source is down, slow, forbidden or answers
    with nonsense, the module does not fail; the evidence is V(unavailable), and its C(reason) says what to do about it.
author:
  - devops.incident_response contributors (@devops)
options:
  deadline:
    description: Seconds that it may take in all.
    type: float
    default: 15.0
extends_documentation_fragment:
  - devops.incident_response.prometheus
  - devops.incident_response.service
  - devops.incident_response.attributes
  - devops.incident_response.attributes.info_module
seealso:
  - module: devops.incident_response.diagnostics_info
"""

EXAMPLES = r"""
- name: See how many users are affected
  devops.incident_response.impact_info:
    service: payment-api
    prometheus_url: http://prometheus:9090
  register: seen
"""

RETURN = r"""
impact:
  description: The evidence.
  type: dict
  returned: success
  contains:
    source:
      description: The source's name.
      type: str
      returned: always
      sample: impact
    status:
      description: V(ok), V(partial), V(unavailable) or V(skipped).
      type: str
      returned: always
      sample: ok
    reason:
      description: Why it is not V(ok).
      type: str
      returned: always
      sample: null
    collected_at:
      description: When it was asked (ISO 8601, UTC).
      type: str
      returned: always
      sample: "2025-10-21T14:25:30Z"
    took_ms:
      description: Milliseconds that it took.
      type: int
      returned: always
      sample: 96
    requests:
      description: Requests that were sent, to the cluster and to every other server.
      type: int
      returned: always
      sample: 10
    data:
      description:
        - The amounts. V(null) where the evidence is V(unavailable).
        - Each amount has a C(value), V(null) where it is unknown, and a C(basis), which says how it was computed, or why it is unknown.
      type: dict
      returned: always
      contains:
        sessions:
          description: Active sessions, by C(sessions_query) of the catalogue, or by the metric C(active_sessions).
          type: dict
          returned: always
          contains: &amount
            value:
              description: The amount; V(null) is unknown.
              type: float
              sample: 1247.0
            basis:
              description: How it was computed, or why it is unknown.
              type: str
              sample: increase of failed requests over 300 s, of 10,140 in all
        users:
          description: People who are affected, by C(users_query) of the catalogue; else all active sessions.
          type: dict
          returned: always
          contains: *amount
        failed_requests:
          description: Failed requests within C(window).
          type: dict
          returned: always
          contains: *amount
        revenue:
          description: Failed requests times C(transaction_value) of the catalogue, in C(currency).
          type: dict
          returned: always
          contains: *amount
        currency:
          description: As the catalogue has it.
          type: str
          returned: always
          sample: $
        window:
          description: Seconds over which requests were counted.
          type: float
          returned: always
          sample: 300.0
        objective:
          description:
            - 1 when an objective of the catalogue (error rate, latency) is breached, 0 when all that it has are kept.
            - Unknown where one can't be told and no other is breached.
          type: dict
          returned: always
          contains: *amount
        budget:
          description: >-
            Share of the error budget of 30 days that was burnt in the last six hours, or since there are requests, for even traffic.
          type: dict
          returned: always
          contains: *amount
        burn_rates:
          description:
            - How fast the error budget burns, over two pairs of windows, by The Site Reliability Workbook (chapter 5, table 5-8).
            - Empty without an objective for the error rate.
          type: list
          elements: dict
          returned: always
          contains:
            window:
              description: The longer window, in seconds.
              type: float
              sample: 3600.0
            short_window:
              description: The shorter one, which tells that it still burns.
              type: float
              sample: 300.0
            rate:
              description: The error rate over the longer window as a multiple of the objective's; 1 uses up the budget in its period.
              type: float
              sample: 20.0
            short_rate:
              description: The same over the shorter one.
              type: float
              sample: 45.0
            threshold:
              description: From here on in both, somebody is to be paged.
              type: float
              sample: 14.4
            alerting:
              description: Whether both are; V(null) where one is unknown.
              type: bool
              sample: true
        notes:
          description: Warnings of Prometheus or Thanos, and names that were found under another preset.
          type: list
          elements: str
          returned: always
          sample: []
findings:
  description: Judged facts drawn from it, the worst first.
  type: list
  elements: dict
  returned: success
  sample: [{"id": "impact.objective", "source": "impact", "level": "critical", "title": "Objective breached"}]
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.devops.incident_response.plugins.module_utils.faces.connections import run
from ansible_collections.devops.incident_response.plugins.module_utils.faces.one_source import source_result, source_spec
from ansible_collections.devops.incident_response.plugins.module_utils.model.evidence import Source


def main() -> None:
    module = AnsibleModule(argument_spec=source_spec(Source.IMPACT), supports_check_mode=True)
    run(module, lambda: source_result(module.params, Source.IMPACT))


if __name__ == "__main__":
    main()
