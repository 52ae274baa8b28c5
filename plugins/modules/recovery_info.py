#!/usr/bin/python
# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: recovery_info
short_description: Verify that a service has recovered
version_added: 0.1.0
description:
  - Looks at a service again and again until enough looks in a row are good, and says whether it recovered.
  - A look is good when every measure passes. The measures are the error rate and the P95 latency against their baselines, pods (the rollout
    is complete and all are ready), restarts (none since the look before), and the usage of each dependency whose catalogue entry has a
    C(usage_query) and a C(capacity_query) against its C(warn_at).
  - Every other dependency is asked as M(devops.incident_response.dependency_info) asks it. It counts from its first answer on, at the
    diagnosis or at a look; one that has never answered from the host of the task says nothing, since the service may well reach it.
  - The metrics are asked for under the names that the diagnosis has found, else under those of the catalogue, else under those of the
    presets. Where the requests have no label to tell failures by, the error rate is unknown and not zero.
  - A rate passes at up to O(factor) times its baseline, or O(error_rate_tolerance) or O(latency_tolerance) above it, whichever is more.
    Without any baseline it is compared with the service's objective; without that too it is unknown.
  - Requests that are refused with 4xx count where the diagnosis tells of a V(client_error_rate), up to two of a hundred above its baseline.
  - Unknown is not pass. When Prometheus can't be asked, pods and restarts are still looked at, and RV(recovery.recovered) is null as soon
    as O(passes) looks in a row showed nothing wrong.
  - Rates are taken over the time since O(since), at most a minute but four scrapes in any case, so that the outage itself soon leaves
    them.
author:
  - devops.incident_response contributors (@devops)
options:
  baseline:
    description: Baselines of V(error_rate), as a share, and of V(latency_p95), in seconds.
    type: dict
  diagnostics:
    description:
      - RV(devops.incident_response.diagnostics_info#module:diagnostics), whose baselines are taken for what O(baseline) does not give. Its
        values are what the target must not be worse than, and its errors that are new since the deployment are looked for in the logs.
      - What neither gives is asked of Prometheus, as the hour one day before.
    type: dict
  dependency_dsns:
    description: Logins of dependencies by name, as for O(devops.incident_response.diagnostics_info#module:dependency_dsns).
    type: dict
  since:
    description: When the rollback completed, in ISO 8601. The default is now.
    type: str
  began:
    description:
      - When the rollback began, in ISO 8601. What the rates were then is what the target must not be worse than, where that is more than
        the values of O(diagnostics), since an outage may have grown after they were looked at.
    type: str
  passes:
    description: Good looks in a row that are wanted.
    type: int
    default: 3
  interval:
    description: Time between two looks.
    type: str
    default: 5s
  timeout:
    description: How long to look at most.
    type: str
    default: 5m
  factor:
    description: Multiple of its baseline up to which a rate passes.
    type: float
    default: 1.5
  error_rate_tolerance:
    description: Share above its baseline up to which the error rate passes.
    type: float
    default: 0.005
  latency_tolerance:
    description: Seconds above its baseline up to which the P95 latency passes.
    type: float
    default: 0.05
  at_most:
    description:
      - Seconds after which this run returns, whatever it knows by then. V(0) is one look.
      - The default is to stay until the result is final.
    type: float
  following:
    description: What an earlier run returned as RV(following), to go on from there.
    type: dict
extends_documentation_fragment:
  - devops.incident_response.cluster
  - devops.incident_response.prometheus
  - devops.incident_response.service
  - devops.incident_response.attributes
  - devops.incident_response.attributes.info_module
notes:
  - An action plugin of the same name prints each look while it is made, by running this module for one look at a time on the same host.
  - The module does not fail because a service has not recovered; look at RV(recovery.recovered).
seealso:
  - module: devops.incident_response.rollback
"""

EXAMPLES = r"""
- name: Wait until the payment API is back to normal
  devops.incident_response.recovery_info:
    service: payment-api
    prometheus_url: http://prometheus.example.com:9090
    diagnostics: "{{ diagnosed.diagnostics }}"
    since: "{{ rolled_back.rollback.finished_at }}"
    began: "{{ rolled_back.rollback.started_at }}"
  register: recovery_seen

- name: Take one look, against a baseline of one's own
  devops.incident_response.recovery_info:
    service: payment-api
    prometheus_url: http://prometheus.example.com:9090
    baseline:
      error_rate: 0.001
      latency_p95: 0.15
    at_most: 0
"""

RETURN = r"""
recovery:
  description: What is known by now.
  type: dict
  returned: success
  contains:
    recovered:
      description: Whether the service recovered; null when that is not known (yet), or could not be verified.
      type: bool
      returned: always
      sample: true
    passes:
      description: Good looks in a row.
      type: int
      returned: always
      sample: 3
    required_passes:
      description: Good looks in a row that are wanted.
      type: int
      returned: always
      sample: 3
    looks:
      description: Looks so far.
      type: int
      returned: always
      sample: 4
    waited:
      description: Seconds since the first look.
      type: float
      returned: always
      sample: 15.2
    measures:
      description: The last look, measure by measure.
      type: list
      elements: dict
      returned: always
      contains:
        name:
          description: V(readiness), V(restarts), V(error_patterns), V(error_rate), V(latency_p95) or V(dependency.<name>).
          type: str
          returned: always
          sample: error_rate
        title:
          description: What people call it.
          type: str
          returned: always
          sample: Error rate
        passed:
          description: Whether it passes; null when unknown.
          type: bool
          returned: always
          sample: true
        detail:
          description: Its value as a person reads it, and how that compares.
          type: str
          returned: always
          sample: 0.1% (back to baseline)
        value:
          description: Its value, in RV(recovery.measures[].unit); null when unknown.
          type: float
          returned: always
          sample: 0.001
        baseline:
          description: Its baseline, in the same unit; null when unknown.
          type: float
          returned: always
          sample: 0.001
        limit:
          description: The highest value that passes (for pods, the number that must be ready), in the same unit.
          type: float
          returned: always
          sample: 0.006
        unit:
          description: V(share), V(seconds), V(number), or the unit of a dependency.
          type: str
          returned: always
          sample: share
    reason:
      description: Why, in a sentence.
      type: str
      returned: always
      sample: 3 good looks in a row.
    worse:
      description: What is worse than it was before the rollback, with both values; a reason to undo it. Empty when nothing is.
      type: list
      elements: str
      returned: always
      sample: ["Error rate 60%, before the rollback 45%"]
final:
  description: Whether the result will not change by looking again.
  type: bool
  returned: success
  sample: true
looks:
  description: Every look of this run with its time and measures.
  type: list
  elements: dict
  returned: success
  sample: [{"at": "2025-10-21T14:27:30Z", "measures": []}]
following:
  description: What the next run needs to go on from here.
  type: dict
  returned: success
  sample: {"looks": 4, "passes": 3}
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.faces.connections import run
from ..module_utils.faces.recovery import RECOVERY, recovery_result


def main() -> None:
    module = AnsibleModule(argument_spec=RECOVERY, supports_check_mode=True)
    run(module, lambda: recovery_result(module.params))


if __name__ == "__main__":
    main()
