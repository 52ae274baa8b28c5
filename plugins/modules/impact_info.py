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
  - Asks Prometheus for sessions and failed requests, and says what they come to; each figure tells how it was computed.
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
    data:
      description: Sessions, failed requests, revenue, objective; each with its basis.
      type: dict
      returned: always
      sample: {"failed_requests": {"value": 1247.0, "basis": "failed requests in the last 5 minutes"}}
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
