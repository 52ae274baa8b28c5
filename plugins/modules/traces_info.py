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
  - devops.incident_response.traces
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
    requests:
      description: Requests that were sent, to the cluster and to every other server.
      type: int
      returned: always
      sample: 5
    data:
      description: What they show; V(null) when there are none.
      type: dict
      returned: always
      contains:
        backend:
          description: Where the traces come from, V(Jaeger) or V(Tempo).
          type: str
          returned: always
          sample: Jaeger
        traces:
          description: Traces of the last five minutes, as far as they were read.
          type: int
          returned: always
          sample: 50
        error_traces:
          description: Failed traces of the last hour, as far as they were read.
          type: int
          returned: always
          sample: 50
        slow_traces:
          description: Traces of the last hour in which a span of the service took a second and more, as far as they were read.
          type: int
          returned: always
          sample: 30
        average_duration:
          description: Seconds that a trace takes now; V(null) when there are none.
          type: float
          returned: always
          sample: 8.2
        baseline_duration:
          description: Seconds that it took a day before; V(null) when there are none of then.
          type: float
          returned: always
          sample: 0.12
        bottlenecks:
          description: Operations by the time that they spend in themselves, most first. Each has C(service), C(operation), C(self_time) and
            C(baseline_self_time) (seconds, averages), C(calls), C(errors), C(statement), C(table_scan) (the column
            that lacks an index) and C(checked) (whether a database's catalogue says so, rather than the span).
          type: list
          elements: dict
          returned: always
          sample: [{"service": "payment-api", "operation": "SELECT transactions", "self_time": 7.9}]
        repeated:
          description: The same statement many times in one trace, with C(service), C(statement), C(calls), C(traces), C(duration)
            (seconds) and C(baseline_calls).
          type: list
          elements: dict
          returned: always
          sample: [{"service": "payment-api", "statement": "SELECT * FROM items WHERE id = ?", "calls": 120, "baseline_calls": 1}]
        error_services:
          description: Services in which errors start, each with how many traces do. A call that failed, and of which the other side sent no
            span, failed on that side.
          type: list
          elements: list
          returned: always
          sample: [["payment-api", 50]]
        callers:
          description: Services that call this one, directly or through others.
          type: list
          elements: str
          returned: always
          sample: [api-gateway]
        callees:
          description: Services that this one calls.
          type: list
          elements: str
          returned: always
          sample: [auth-service]
        waiting:
          description: What the time of the service goes to in the newest traces. C(own) and C(baseline_own) are seconds of one trace that
            it spends in itself, now and a day before; C(traces) and C(baseline_traces) say of how many. C(peers) are those that it calls,
            with C(name), C(calls) and C(baseline_calls) (in one trace), C(waited) and C(baseline_waited) (seconds of one trace),
            C(duration) and C(baseline_duration) (seconds of one call, of what was asked for the day before as well) and C(errors) (of
            C(calls), how many failed). V(null) where none of these traces has a span of the service.
          type: dict
          returned: always
          sample: {"traces": 50, "own": 0.04, "peers": [{"name": "ledger", "calls": 1.0, "duration": 2.1, "baseline_duration": 0.05}]}
        graph:
          description: Calls between the services around this one, with C(caller), C(callee) and C(calls).
          type: list
          elements: dict
          returned: always
          sample: [{"caller": "api-gateway", "callee": "payment-api", "calls": 8120}]
        notes:
          description: What was cut, what is missing, what is only inferred.
          type: list
          elements: str
          returned: always
          sample: ["error traces: only the newest 50 were read"]
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
