#!/usr/bin/python
# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: rollback_progress_info
short_description: Follow a rollback that was begun
version_added: 0.1.0
description:
  - Says what has happened since the last look at a rollback, how far it has come, and when it will be done.
  - Returns soon after something has happened, at once when the rollout is complete or stuck, and after O(at_most) seconds otherwise.
  - Complete means the same as for C(kubectl rollout status). Stuck is told early, from the pods themselves (an image that can't be pulled,
    a crash loop, no node or no quota for them) when that lasts for 30 seconds while no pod becomes healthy.
author:
  - devops.incident_response contributors (@devops)
options:
  following:
    description: What M(devops.incident_response.rollback) or the run of this module before it returned as RV(following).
    type: dict
    required: true
  at_most:
    description: Seconds to wait for something to happen.
    type: float
    default: 5.0
extends_documentation_fragment:
  - devops.incident_response.cluster
  - devops.incident_response.service
  - devops.incident_response.attributes
  - devops.incident_response.attributes.info_module
seealso:
  - module: devops.incident_response.rollback
"""

EXAMPLES = r"""
- name: Begin a rollback
  devops.incident_response.rollback:
    service: payment-api
    target: previous
    wait: false
  register: begun

- name: See what has happened since
  devops.incident_response.rollback_progress_info:
    service: payment-api
    following: "{{ begun.following }}"
  register: seen
"""

RETURN = r"""
progress:
  description: Where the rollout stands, as in RV(devops.incident_response.rollback#module:progress).
  type: dict
  returned: success
  sample: {"state": "progressing", "done": 3, "desired": 5, "remaining": 90.0, "stuck_reason": null,
           "waits_for": "2 of 5 new pods to become available", "target_fails": false}
share:
  description: How much of the work is done, 0 to 1. Half of it is pods of the target that are healthy, half is pods of other versions
    that are gone.
  type: float
  returned: success
  sample: 0.7
following:
  description: What the next run needs to go on from here.
  type: dict
  returned: success
  sample: {"started_at": "2025-10-21T14:26:10Z", "looks": 7}
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.faces.connections import run
from ..module_utils.faces.rollback import PROGRESS, progress_result


def main() -> None:
    module = AnsibleModule(argument_spec=PROGRESS, supports_check_mode=True)
    run(module, lambda: progress_result(module.params))


if __name__ == "__main__":
    main()
