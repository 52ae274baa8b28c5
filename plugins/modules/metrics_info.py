#!/usr/bin/python
# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: metrics_info
short_description: Compare the golden signals of a service with what is usual
version_added: 0.1.0
description:
  - Asks Prometheus for the error rate, the request rate, latencies, memory, CPU and the team's own queries, now and before.
  - The part of M(devops.incident_response.diagnostics_info) of that name, by itself. When the source is down, slow, forbidden or answers
    with nonsense, the module does not fail; the evidence is V(unavailable), and its C(reason) says what to do about it.
author:
  - devops.incident_response contributors (@devops)
options:
  timeframe:
    description: How far back to look, for example V(1h), V(4h) or V(24h).
    type: str
    default: 4h
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
- name: See what has changed in the metrics of the payment API
  devops.incident_response.metrics_info:
    service: payment-api
    prometheus_url: http://prometheus:9090
  register: seen
"""

RETURN = r"""
metrics:
  description: The evidence.
  type: dict
  returned: success
  contains:
    source:
      description: The source's name.
      type: str
      returned: always
      sample: metrics
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
    data:
      description: Signals with value, baseline, ratio, onset and shape. What is not known is V(null) with a reason.
      type: dict
      returned: always
      sample: {"signals": [{"name": "error_rate", "value": 0.45, "baseline": 0.001, "ratio": 450.0, "unit": "fraction"}]}
findings:
  description: Judged facts drawn from it, the worst first.
  type: list
  elements: dict
  returned: success
  sample: [{"id": "metrics.error_rate", "source": "metrics", "level": "critical", "observed": 0.45, "baseline": 0.001, "ratio": 450.0}]
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.devops.incident_response.plugins.module_utils.faces.connections import run
from ansible_collections.devops.incident_response.plugins.module_utils.faces.one_source import source_result, source_spec
from ansible_collections.devops.incident_response.plugins.module_utils.model.evidence import Source


def main() -> None:
    module = AnsibleModule(argument_spec=source_spec(Source.METRICS), supports_check_mode=True)
    run(module, lambda: source_result(module.params, Source.METRICS))


if __name__ == "__main__":
    main()
