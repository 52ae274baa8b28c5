#!/usr/bin/python
# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: logs_info
short_description: Read the logs of all pods of a service as patterns with counts
version_added: 0.1.0
description:
  - Reads every container of every pod, the ones before a restart too, all at once, and groups the lines into patterns. With O(loki_url),
    pods that are gone are read too.
  - JSON, logfmt, klog and plain lines are understood, and a stack trace (Python, Java, Go, Node, Rust, .NET,
    Ruby, PHP, Elixir) is one entry with the cause at its bottom. In an access log, an HTTP status 5xx is an error.
  - At most 60 logs, 120,000 lines and 48 MiB are read; when something was cut, the evidence is V(partial), and its C(reason) says what.
  - The part of M(devops.incident_response.diagnostics_info) of that name, by itself. When the source is down, slow, forbidden or answers
    with nonsense, the module does not fail; the evidence is V(unavailable), and its C(reason) says what to do about it.
author:
  - devops.incident_response contributors (@devops)
options:
  log_window:
    description: How far back logs are read.
    type: str
    default: 15m
  deadline:
    description: Seconds that it may take in all.
    type: float
    default: 15.0
extends_documentation_fragment:
  - devops.incident_response.cluster
  - devops.incident_response.loki
  - devops.incident_response.service
  - devops.incident_response.attributes
  - devops.incident_response.attributes.info_module
seealso:
  - module: devops.incident_response.diagnostics_info
"""

EXAMPLES = r"""
- name: See what the payment API logs
  devops.incident_response.logs_info:
    service: payment-api
    log_window: 30m
  register: seen

- name: See what its pods logged before they were replaced, too
  devops.incident_response.logs_info:
    service: payment-api
    loki_url: http://loki:3100
    loki_tenant: payments
"""

RETURN = r"""
logs:
  description: The evidence.
  type: dict
  returned: success
  contains:
    source:
      description: The source's name.
      type: str
      returned: always
      sample: logs
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
      sample: 12
    data:
      description: What was read; V(null) when nothing was.
      type: dict
      returned: always
      contains:
        window:
          description: Seconds that were asked for.
          type: float
          returned: always
          sample: 900.0
        lines:
          description: Lines that were read.
          type: int
          returned: always
          sample: 2041
        containers:
          description: Container logs that were read; one before a restart counts, and so does one of a pod that is gone.
          type: int
          returned: always
          sample: 8
        notes:
          description: What could not be read, and where something was cut.
          type: list
          elements: str
          returned: always
          sample: ["payment-api-7c9f4-x2x1z/payment-api: only its last 20,000 lines were read"]
        patterns:
          description: The worst level first, then by count; at most 30.
          type: list
          elements: dict
          returned: always
          contains:
            level:
              description: V(FATAL), V(ERROR), V(WARN), V(UNKNOWN), V(INFO) or V(DEBUG).
              type: str
              returned: always
              sample: ERROR
            template:
              description: The message with its variable parts as C(<*>); where only one message was seen, that message.
              type: str
              returned: always
              sample: Database connection timeout after <*>
            count:
              description: How many entries it has.
              type: int
              returned: always
              sample: 823
            sample:
              description: One line of it.
              type: str
              returned: always
              sample: "2025-10-21 14:24:01,312 ERROR [pool] Database connection timeout after 5002 ms"
            first_seen:
              description: When it was first seen in what was read (ISO 8601, UTC); V(null) where the lines have no time.
              type: str
              returned: always
              sample: "2025-10-21T14:23:20Z"
            last_seen:
              description: When it was last seen.
              type: str
              returned: always
              sample: "2025-10-21T14:25:26Z"
            versions:
              description: Versions whose pods logged it.
              type: list
              elements: str
              returned: always
              sample: ["v2.3.1"]
            new_since_deployment:
              description:
                - Whether it is only seen since the current rollout began.
                - V(null) when it cannot be told, since the logs do not reach back far enough before the rollout.
              type: bool
              returned: always
              sample: true
            files:
              description: Source files that its stack traces name, at most 20.
              type: list
              elements: str
              returned: always
              sample: ["payments/validation.py"]
findings:
  description: Judged facts drawn from it, the worst first.
  type: list
  elements: dict
  returned: success
  sample: [{"id": "logs.1", "source": "logs", "level": "critical", "title": "ERROR: Database connection timeout", "observed": 823.0}]
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.devops.incident_response.plugins.module_utils.faces.connections import run
from ansible_collections.devops.incident_response.plugins.module_utils.faces.one_source import source_result, source_spec
from ansible_collections.devops.incident_response.plugins.module_utils.model.evidence import Source


def main() -> None:
    module = AnsibleModule(argument_spec=source_spec(Source.LOGS), supports_check_mode=True)
    run(module, lambda: source_result(module.params, Source.LOGS))


if __name__ == "__main__":
    main()
