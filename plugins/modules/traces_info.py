#!/usr/bin/python
# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: traces_info
short_description: Ask the traces of a service where the time goes and where errors start
version_added: 0.1.0
description:
  - Asks Jaeger or Tempo for failed and slow traces, the slow statements in them, queries that are repeated within one trace,
    and the service graph.
  - Whether a slow statement has its index is looked up in the catalogues of the PostgreSQL databases among the service's dependencies.
  - The part of M(devops.incident_response.diagnostics_info) of that name, by itself. When the source is down, slow, forbidden or answers
    with nonsense, the module does not fail; the evidence is V(unavailable), and its C(reason) says what to do about it.
author:
  - devops.incident_response contributors (@devops)
options:
  jaeger_url:
    description:
      - URL of Jaeger's query service. Where neither it nor O(tempo_url) is given, traces are V(skipped).
    type: str
  tempo_url:
    description:
      - URL of Tempo, for traces where there is no Jaeger. With O(jaeger_url) given as well, Jaeger is asked.
    type: str
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
  - devops.incident_response.service
  - devops.incident_response.attributes
  - devops.incident_response.attributes.info_module
seealso:
  - module: devops.incident_response.diagnostics_info
"""

EXAMPLES = r"""
- name: See where the time of the payment API goes
  devops.incident_response.traces_info:
    service: payment-api
    jaeger_url: http://jaeger:16686
  register: seen
"""

RETURN = r"""
traces:
  description: The evidence.
  type: dict
  returned: success
  contains:
    source:
      description: The source's name.
      type: str
      returned: always
      sample: traces
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
      description: Durations now and before, bottlenecks with their statements, where errors begin.
      type: dict
      returned: always
      sample: {"average_duration": 8.2, "baseline_duration": 0.12}
findings:
  description: Judged facts drawn from it, the worst first.
  type: list
  elements: dict
  returned: success
  sample: [{"id": "traces.missing_index", "source": "traces", "level": "critical", "title": "Missing index on transactions.user_id"}]
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.devops.incident_response.plugins.module_utils.faces.connections import run
from ansible_collections.devops.incident_response.plugins.module_utils.faces.one_source import source_result, source_spec
from ansible_collections.devops.incident_response.plugins.module_utils.model.evidence import Source


def main() -> None:
    module = AnsibleModule(argument_spec=source_spec(Source.TRACES), supports_check_mode=True)
    run(module, lambda: source_result(module.params, Source.TRACES))


if __name__ == "__main__":
    main()
