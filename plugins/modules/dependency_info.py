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
    data:
      description: Each dependency with its level, detail and the use of its capacity.
      type: dict
      returned: always
      sample: {"health": [{"name": "redis-cache", "level": "ok", "detail": "Healthy"}]}
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
