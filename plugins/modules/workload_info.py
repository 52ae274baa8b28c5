#!/usr/bin/python
# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: workload_info
short_description: Ask the cluster how the workload of a service is doing
version_added: 0.1.0
description:
  - Reads the workload (Deployment, StatefulSet or DaemonSet), its pods and why they fail, its events, usage and autoscaler.
  - Looks around it as well. Nodes of the pods, Services and their endpoints, Ingresses, HTTPRoutes and their Gateways where the Gateway API
    is installed, NetworkPolicies, volume claims, disruption budgets, quotas, Jobs and CronJobs of the service, admission webhooks that
    have to allow its pods and can't answer, certificates, the ServiceAccount, PriorityClass and RuntimeClass that the pods name, and their
    ConfigMaps and Secrets. Of these only names, keys and times are read, and the certificate of TLS Secrets; never a value. What happened
    to the nodes lately is read from their events, which are in the namespace C(default).
  - The number of requests does not grow with the number of pods. What the credentials may not read is left out and said in C(reason).
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
  - devops.incident_response.cluster
  - devops.incident_response.service
  - devops.incident_response.attributes
  - devops.incident_response.attributes.info_module
seealso:
  - module: devops.incident_response.diagnostics_info
"""

EXAMPLES = r"""
- name: See how the payment API's pods are doing
  devops.incident_response.workload_info:
    service: payment-api
  register: seen
"""

RETURN = r"""
workload:
  description: The evidence.
  type: dict
  returned: success
  contains:
    source:
      description: The source's name.
      type: str
      returned: always
      sample: workload
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
      sample: 26
    data:
      description:
        - Counts, pods with the reason that explains each one best, events, autoscaler, conditions, surroundings.
        - C(docs/record.md) lists the fields.
      type: dict
      returned: always
      sample: {"kind": "Deployment", "name": "payment-api", "desired": 5, "ready": 2, "surroundings": {"nodes": [], "services": []}}
findings:
  description:
    - Judged facts drawn from it, the worst first. C(workload.pods) is always there; the others where there is something to say, such as
      C(workload.image), C(workload.crash), C(workload.quota), C(workload.node), C(workload.endpoints) or C(workload.certificate).
    - A service that is well has none of level V(warning) or V(critical).
  type: list
  elements: dict
  returned: success
  sample:
    - id: workload.image
      source: workload
      level: critical
      title: Image shop/payment-api:v9 can't be pulled by 2 pods (ImagePullBackOff)
      detail: "not found. Check the tag, whether the registry answers, and the pull secret"
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.devops.incident_response.plugins.module_utils.faces.connections import run
from ansible_collections.devops.incident_response.plugins.module_utils.faces.one_source import source_result, source_spec
from ansible_collections.devops.incident_response.plugins.module_utils.model.evidence import Source


def main() -> None:
    module = AnsibleModule(argument_spec=source_spec(Source.WORKLOAD), supports_check_mode=True)
    run(module, lambda: source_result(module.params, Source.WORKLOAD))


if __name__ == "__main__":
    main()
