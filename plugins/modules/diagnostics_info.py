#!/usr/bin/python
# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: diagnostics_info
short_description: Ask every source at once how a service is doing
version_added: 0.1.0
description:
  - Asks the cluster, Prometheus, Jaeger or Tempo, the service's dependencies and its source repository, all at the same time and in one
    process, and draws findings and a timeline from what they say.
  - A source that is down, slow, forbidden or that returns nonsense becomes V(unavailable) with a reason to act on, and the rest goes on.
    What is not known is V(null) with a reason, never zero.
  - The module fails only when an option is wrong, when the cluster can't be reached or refuses the credentials, or when there is no such
    workload; the message then names those that look alike.
  - Secrets and personal data are taken out of what is returned.
author:
  - devops.incident_response contributors (@devops)
options:
  dependency_dsns:
    description:
      - Logins of dependencies, by their name in the catalogue entry, such as C(postgresql://user:password@host:5432/database) or
        C(redis://:password@host:6379). They are in no result, record or log.
      - The other way is C(dsn_env) of the catalogue entry, the name of an environment variable on the host that probes.
    type: dict
  compare_with:
    description:
      - Version whose commits are left out of what changed, such as the target of a rollback. Where it is not given, it is the version that
        was active before.
    type: str
  timeframe:
    description: How far back to look, for example V(1h), V(4h) or V(24h).
    type: str
    default: 4h
  log_window:
    description: How far back logs are read.
    type: str
    default: 15m
  sources:
    description: Sources to ask; the others are V(skipped).
    type: list
    elements: str
    choices: [workload, rollouts, logs, metrics, traces, dependencies, changes, impact]
    default: [workload, rollouts, logs, metrics, traces, dependencies, changes, impact]
  source_timeout:
    description: Seconds that each source may take.
    type: float
    default: 8.0
  deadline:
    description: Seconds that all sources together may take.
    type: float
    default: 15.0
  use_logs_only:
    description: Leave out everything that Prometheus would say.
    type: bool
    default: false
  probe_from:
    description:
      - Where dependencies are probed from. V(controller) is the host on which this module runs.
      - V(pod) runs C(nc), C(redis-cli), C(psql), C(getent) or C(curl) in a running pod of the service, which sees the network as
        the service does.
    type: str
    choices: [controller, pod]
    default: controller
extends_documentation_fragment:
  - devops.incident_response.cluster
  - devops.incident_response.prometheus
  - devops.incident_response.loki
  - devops.incident_response.service
  - devops.incident_response.traces
  - devops.incident_response.attributes
  - devops.incident_response.attributes.info_module
seealso:
  - module: devops.incident_response.recommendation
"""

EXAMPLES = r"""
- name: See how the payment API is doing
  devops.incident_response.diagnostics_info:
    service: payment-api
    prometheus_url: http://prometheus:9090
    jaeger_url: http://jaeger:16686
  register: diagnosed

- name: Say what stands out
  ansible.builtin.debug:
    msg: "{{ diagnosed.diagnostics.findings | rejectattr('level', 'equalto', 'ok') | map(attribute='title') }}"
"""

RETURN = r"""
diagnostics:
  description:
    - Everything that was seen. Times are ISO 8601 in UTC, durations are seconds, rates and shares are fractions.
    - Each source has C(status) (V(ok), V(partial), V(unavailable) or V(skipped)), a C(reason) when it is not V(ok), C(took_ms), how many
      C(requests) it sent, and its C(data) in the fields that C(docs/record.md) lists.
    - Sources share the lists of the cluster, whose requests are counted for the first of V(workload), V(rollouts), V(logs) and V(changes).
  type: dict
  returned: success
  contains:
    service:
      description: The service as it was asked for, with every default filled in.
      type: dict
      returned: always
      sample: {"name": "payment-api", "namespace": "production", "workload_kind": "Deployment"}
    collected_at:
      description: When it was looked at.
      type: str
      returned: always
      sample: "2025-10-21T14:25:30Z"
    timeframe:
      description: Seconds that were looked back.
      type: float
      returned: always
      sample: 14400.0
    took_ms:
      description: Milliseconds that it took.
      type: int
      returned: always
      sample: 412
    workload:
      description: Pods and why they fail, events, usage, autoscaler.
      type: dict
      returned: always
      sample: {"source": "workload", "status": "ok", "took_ms": 96, "reason": null, "requests": 19, "data": {"desired": 5, "ready": 2}}
    rollouts:
      description: Revisions, when each was active, who owns the manifest.
      type: dict
      returned: always
      sample: {"source": "rollouts", "status": "ok", "data": {"deployed_at": "2025-10-21T14:23:15Z"}}
    logs:
      description: Log patterns of all containers with their counts, worst level first.
      type: dict
      returned: always
      sample: {"source": "logs", "status": "ok", "data": {"patterns": [{"level": "ERROR", "count": 823}]}}
    metrics:
      description: The golden signals and the team's own, against the day before.
      type: dict
      returned: always
      sample: {"source": "metrics", "status": "ok", "data": {"signals": [{"name": "error_rate", "value": 0.45, "baseline": 0.001}]}}
    traces:
      description: Where the time goes, and where errors start.
      type: dict
      returned: always
      sample: {"source": "traces", "status": "skipped", "reason": "no jaeger_url or tempo_url is given", "data": null}
    dependencies:
      description: Health of everything that the service needs.
      type: dict
      returned: always
      sample: {"source": "dependencies", "status": "ok", "data": {"health": [{"name": "redis-cache", "level": "ok", "detail": "Healthy"}]}}
    changes:
      description: Commits between the previous and the current version.
      type: dict
      returned: always
      sample: {"source": "changes", "status": "skipped", "reason": "no repository in the service's catalogue entry", "data": null}
    impact:
      description: Sessions, failed requests, revenue, and whether the objective is breached.
      type: dict
      returned: always
      sample: {"source": "impact", "status": "ok", "data": {"failed_requests": {"value": 1247.0}}}
    findings:
      description: Judged facts, the worst first.
      type: list
      elements: dict
      returned: always
      sample: [{"id": "metrics.error_rate", "level": "critical", "observed": 0.45, "baseline": 0.001, "ratio": 450.0}]
    events:
      description: What the sources saw happen, in order.
      type: list
      elements: dict
      returned: always
      sample: [{"at": "2025-10-21T14:23:15Z", "kind": "deployment", "title": "Deployment v2.3.1 started"}]
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.devops.incident_response.plugins.module_utils.faces.connections import run
from ansible_collections.devops.incident_response.plugins.module_utils.faces.diagnostics import DIAGNOSTICS, diagnostics_result


def main() -> None:
    module = AnsibleModule(argument_spec=DIAGNOSTICS, supports_check_mode=True)
    run(module, lambda: diagnostics_result(module.params))


if __name__ == "__main__":
    main()
