#!/usr/bin/python
# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: dependency_info
short_description: Probe everything that a service depends on
version_added: 0.1.0
description:
  - Probes the dependencies of the service's catalogue entry, each by its own protocol, and says how much of their capacity is used.
  - The part of M(devops.incident_response.diagnostics_info) of that name, by itself. When the source is down, slow, forbidden or answers
    with nonsense, the module does not fail; the evidence is V(unavailable), and its C(reason) says what to do about it.
author:
  - devops.incident_response contributors (@devops)
options:
  probe_from:
    description:
      - Where dependencies are probed from. V(controller) is the host on which this module runs.
      - V(pod) runs C(nc), C(redis-cli), C(psql), C(getent) or C(curl) in a running pod of the service, which sees the network as
        the service does.
    type: str
    choices: [controller, pod]
    default: controller
  dependency_dsns:
    description:
      - Logins of dependencies, by their name in the catalogue entry, such as C(postgresql://user:password@host:5432/database) or
        C(redis://:password@host:6379). They are in no result, record or log.
      - The other way is C(dsn_env) of the catalogue entry, the name of an environment variable on the host that probes.
    type: dict
  deadline:
    description: Seconds that it may take in all.
    type: float
    default: 15.0
extends_documentation_fragment:
  - devops.incident_response.cluster
  - devops.incident_response.prometheus
  - devops.incident_response.service
  - devops.incident_response.attributes
  - devops.incident_response.attributes.info_module
seealso:
  - module: devops.incident_response.diagnostics_info
"""

EXAMPLES = r"""
- name: See whether the cache of the payment API is well
  devops.incident_response.dependency_info:
    service: payment-api
    catalogue:
      dependencies:
        - name: redis-cache
          type: redis
          address: redis.production:6379
  register: seen
"""

RETURN = r"""
dependencies:
  description: The evidence.
  type: dict
  returned: success
  contains:
    source:
      description: The source's name.
      type: str
      returned: always
      sample: dependencies
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
      sample: 9
    data:
      description: How everything is; V(null) when there is nothing to ask.
      type: dict
      returned: always
      contains:
        health:
          description: Each dependency.
          type: list
          elements: dict
          returned: always
          contains:
            name:
              description: Its name in the catalogue entry.
              type: str
              returned: always
              sample: redis-cache
            title:
              description: What people call it.
              type: str
              returned: always
              sample: Redis cache
            type:
              description: V(tcp), V(http), V(redis), V(postgresql) or V(dns).
              type: str
              returned: always
              sample: redis
            address:
              description: Where it is, without a login.
              type: str
              returned: always
              sample: redis.production:6379
            level:
              description: V(ok), V(warning), V(critical), or V(unknown) when it could not be asked from here.
              type: str
              returned: always
              sample: warning
            detail:
              description: How it is, in one line.
              type: str
              returned: always
              sample: High memory usage (88%)
            latency:
              description: Seconds of the probe; V(null) when there was no answer or the probe does not tell.
              type: float
              returned: always
              sample: 0.004
            used:
              description: How much of its capacity is in use, in C(unit); V(null) when that is not known.
              type: float
              returned: always
              sample: 88000000.0
            capacity:
              description: How much there is, in C(unit); V(null) when it has no limit or that is not known.
              type: float
              returned: always
              sample: 100000000.0
            unit:
              description: V(connections), V(bytes), or C(usage_unit) of the catalogue entry.
              type: str
              returned: always
              sample: bytes
            problems:
              description: All that is wrong with it, worst first.
              type: list
              elements: str
              returned: always
              sample: ["High memory usage (88%)"]
            measures:
              description: What it says of itself, each with C(name), C(value) and C(unit).
              type: list
              elements: dict
              returned: always
              sample: [{"name": "miss_rate", "value": 0.45, "unit": "share"}]
            statements:
              description: Slow statements of a database without the values in them, with C(running) (sessions at this moment),
                C(longest) and C(average) (seconds), C(calls), and C(missing_index), the column by which it searches
                and which no valid index leads with.
              type: list
              elements: dict
              returned: always
              sample: []
            addresses:
              description: What its name resolves to (V(dns)).
              type: list
              elements: str
              returned: always
              sample: []
        notes:
          description: What is missing, and why.
          type: list
          elements: str
          returned: always
          sample: []
      sample: {"health": [{"name": "redis-cache", "level": "ok", "detail": "Healthy"}], "notes": []}
findings:
  description: Judged facts drawn from it, the worst first.
  type: list
  elements: dict
  returned: success
  sample: [{"id": "dependencies.redis-cache", "source": "dependencies", "level": "ok", "title": "Redis cache", "detail": "Healthy"}]
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.devops.incident_response.plugins.module_utils.faces.connections import run
from ansible_collections.devops.incident_response.plugins.module_utils.faces.one_source import source_result, source_spec
from ansible_collections.devops.incident_response.plugins.module_utils.model.evidence import Source


def main() -> None:
    module = AnsibleModule(argument_spec=source_spec(Source.DEPENDENCIES), supports_check_mode=True)
    run(module, lambda: source_result(module.params, Source.DEPENDENCIES))


if __name__ == "__main__":
    main()
