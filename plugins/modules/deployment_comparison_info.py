#!/usr/bin/python
# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: deployment_comparison_info
short_description: Compare a deployment with the version before it
version_added: 0.1.0
description:
  - Compares the service's metrics in the last half hour with those in the half hour before the deployment, and says how likely the
    deployment contributed to what became worse, and whether to keep it, watch it or roll it back. Where the deployment is younger, or
    replaced a version that was active for less, both windows are shorter alike. For a version that does not run any more the last one ends
    when it was replaced.
  - A signal that can't be had is unknown, with its reason. Without Prometheus all of them are.
author:
  - devops.incident_response contributors (@devops)
options:
  version:
    description: Version whose deployment is looked at; a revision number or V(previous) will do too.
    type: str
    required: true
  timeframe:
    description: The longest that a window may be, for example V(10m). More than half an hour changes nothing.
    type: str
    default: 4h
extends_documentation_fragment:
  - devops.incident_response.cluster
  - devops.incident_response.prometheus
  - devops.incident_response.service
  - devops.incident_response.attributes
  - devops.incident_response.attributes.info_module
seealso:
  - module: devops.incident_response.recommendation
"""

EXAMPLES = r"""
- name: See whether v3.1.5 made the user API worse
  devops.incident_response.deployment_comparison_info:
    service: user-api
    version: v3.1.5
    prometheus_url: http://prometheus:9090
  register: compared

- name: Say it
  ansible.builtin.debug:
    msg: "{{ compared.comparison.headline }} ({{ compared.comparison.confidence }}% that it contributed)"

- name: Watch it with alerts
  ansible.builtin.copy:
    dest: /etc/prometheus/rules/user-api.yml
    mode: "0644"
    content: "{{ compared.comparison.rules }}"
  when: compared.comparison.rules
"""

RETURN = r"""
comparison:
  description: The deployment, before against after.
  type: dict
  returned: success
  contains:
    version:
      description: The version that was looked at.
      type: str
      returned: always
      sample: v3.1.5
    previous_version:
      description: The version that it replaced; null when unknown.
      type: str
      returned: always
      sample: v3.1.4
    deployed_at:
      description: When its rollout began.
      type: str
      returned: always
      sample: "2025-10-21T10:15:30Z"
    author:
      description: Who deployed it; null when unknown.
      type: str
      returned: always
      sample: engineer-alice
    before:
      description: Start and end of the window before.
      type: list
      elements: str
      returned: always
      sample: ["2025-10-21T09:45:30Z", "2025-10-21T10:15:30Z"]
    after:
      description: Start and end of the window after.
      type: list
      elements: str
      returned: always
      sample: ["2025-10-21T13:57:30Z", "2025-10-21T14:27:30Z"]
    signals:
      description: The signals, before against after.
      type: list
      elements: dict
      returned: always
      contains:
        name:
          description: V(error_rate), V(latency_p95), V(request_rate), V(memory), V(cpu) or the name of a team's own signal.
          type: str
          returned: always
          sample: error_rate
        title:
          description: What people call it.
          type: str
          returned: always
          sample: Error rate
        unit:
          description: V(share) (0 to 1), V(seconds), V(per_second), V(bytes) or V(number).
          type: str
          returned: always
          sample: share
        before:
          description: Its value before; null when unknown.
          type: float
          returned: always
          sample: 0.002
        after:
          description: Its value after; null when unknown.
          type: float
          returned: always
          sample: 0.008
        change:
          description: The relative change, 3.0 for three times more on top; null when it can't be computed.
          type: float
          returned: always
          sample: 3.0
        verdict:
          description: V(better), V(same), V(worse) or V(unknown).
          type: str
          returned: always
          sample: worse
        reason:
          description: Why something is unknown; null when nothing is.
          type: str
          returned: always
          sample: null
    confidence:
      description: Probability, in percent, that the deployment contributed to what is worse.
      type: int
      returned: always
      sample: 65
    level:
      description: V(high), V(medium), V(low), V(none) or V(unknown).
      type: str
      returned: always
      sample: medium
    evidence:
      description: What the probability stands on.
      type: list
      elements: str
      returned: always
      sample: ["Error rate increased 30min after deployment", "Latency degradation is gradual, not immediate"]
    headline:
      description: The recommendation in one line.
      type: str
      returned: always
      sample: MONITOR for additional 2 hours before rollback decision
    reasoning:
      description: Why.
      type: list
      elements: str
      returned: always
      sample: ["Degradation is moderate (not critical)"]
    monitoring:
      description: What to watch, and what to prepare.
      type: list
      elements: str
      returned: always
      sample: ["Set alert: Error rate > 2% → auto-rollback"]
    alerts:
      description: The same as alerts for Prometheus.
      type: list
      elements: dict
      returned: always
      contains:
        name:
          description: Name of the alert.
          type: str
          returned: always
          sample: UserApiErrorRateHigh
        expr:
          description: Its PromQL, complete.
          type: str
          returned: always
          sample: 'sum(rate(failures_total{job="user-api"}[5m])) / sum(rate(requests_total{job="user-api"}[5m])) > 0.02'
        for_seconds:
          description: Seconds for which it has to hold.
          type: float
          returned: always
          sample: 120.0
        title:
          description: What it says.
          type: str
          returned: always
          sample: Error rate > 2%
        then:
          description: What should happen when it fires.
          type: str
          returned: always
          sample: roll back
    guards:
      description: What forbids conclusions, such as too little time since the deployment; fields as in
        RV(devops.incident_response.recommendation#module:recommendation.guards).
      type: list
      elements: dict
      returned: always
      sample: []
    monitor_for:
      description: Seconds to go on watching; null when that is not what to do.
      type: float
      returned: always
      sample: 7200.0
    rules:
      description: The alerts as the text of a rule file for Prometheus, which C(promtool check rules) accepts; empty where there are none.
      type: str
      returned: always
      sample: |
        groups:
          - name: "user-api after v3.1.5"
            rules: []
"""

from datetime import UTC, datetime
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.devops.incident_response.plugins.module_utils.faces.arguments import CLUSTER, PROMETHEUS, SERVICE
from ansible_collections.devops.incident_response.plugins.module_utils.faces.comparison import comparison_from
from ansible_collections.devops.incident_response.plugins.module_utils.faces.connections import run
from ansible_collections.devops.incident_response.plugins.module_utils.model.codec import to_result
from ansible_collections.devops.incident_response.plugins.module_utils.record.redaction import redact


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            **CLUSTER,
            **PROMETHEUS,
            **SERVICE,
            "version": {"type": "str", "required": True},
            "timeframe": {"type": "str", "default": "4h"},
        },
        supports_check_mode=True,
    )

    def compared() -> dict[str, Any]:
        return {"changed": False, "comparison": redact(to_result(comparison_from(module.params, datetime.now(UTC))))}

    run(module, compared)


if __name__ == "__main__":
    main()
