#!/usr/bin/python
# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: rollout_info
short_description: Ask the cluster what was rolled out when
version_added: 0.1.0
description:
  - Reads the revisions of the workload with version, image and digest, when each was active and for how long, who rolled it out and why,
    which are no longer kept, and how far a rollout that is under way has come.
  - Says what owns the manifest (Argo CD, Flux, Helm, Argo Rollouts, OpenShift, an operator), and what that does about a rollback.
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
  - devops.incident_response.cluster
  - devops.incident_response.service
  - devops.incident_response.attributes
  - devops.incident_response.attributes.info_module
seealso:
  - module: devops.incident_response.diagnostics_info
"""

EXAMPLES = r"""
- name: See which versions of the payment API there were
  devops.incident_response.rollout_info:
    service: payment-api
  register: seen
"""

RETURN = r"""
rollouts:
  description: The evidence.
  type: dict
  returned: success
  contains:
    source:
      description: The source's name.
      type: str
      returned: always
      sample: rollouts
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
      sample: 4
    data:
      description:
        - Revisions with version, image and the time each was active; the owner of the manifest.
        - C(docs/record.md) lists the fields.
      type: dict
      returned: always
      sample: {"deployed_at": "2025-10-21T14:23:15Z", "in_progress": false, "owner": "Helm release payments", "gaps": [3]}
findings:
  description: Judged facts drawn from it, the worst first.
  type: list
  elements: dict
  returned: success
  sample: [{"id": "rollouts.deployment", "source": "rollouts", "level": "warning", "title": "v2.3.1 deployed 2 minutes ago"}]
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.devops.incident_response.plugins.module_utils.faces.connections import run
from ansible_collections.devops.incident_response.plugins.module_utils.faces.one_source import source_result, source_spec
from ansible_collections.devops.incident_response.plugins.module_utils.model.evidence import Source


def main() -> None:
    module = AnsibleModule(argument_spec=source_spec(Source.ROLLOUTS), supports_check_mode=True)
    run(module, lambda: source_result(module.params, Source.ROLLOUTS))


if __name__ == "__main__":
    main()
