#!/usr/bin/python
# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: rollback
short_description: Roll a service back to an earlier version
version_added: 0.1.0
description:
  - Puts the pod template of an earlier revision back into a Deployment, StatefulSet or DaemonSet, as C(kubectl rollout undo) does, and
    shows the progress while it happens.
  - Nothing but the pod template changes. Replicas and annotations (those of Helm and Argo CD among them) stay; only
    C(kubernetes.io/change-cause) becomes that of the target revision, and O(incident) is named while the rollback goes on.
  - The change is made to exactly the object that was looked at (C(uid) and C(resourceVersion)). When somebody else changes it in the same
    moment, it is looked at again; a request whose answer was lost is never repeated blindly. Two rollbacks to the same target at the same
    moment become one.
  - An API server that is busy, away or restarting is waited for, 90 seconds long.
  - When the workload is at the target already, nothing is changed; when its rollout is still under way, it is followed.
  - A paused rollout is refused, and so is a StatefulSet whose partition keeps every pod.
  - In check mode the API server tries the change itself (C(dryRun=All)) and nothing is changed.
  - Run M(devops.incident_response.rollback_check) before it, and M(devops.incident_response.recovery_info) after it.
author:
  - devops.incident_response contributors (@devops)
options:
  target:
    description:
      - A version such as V(v2.3.0), a revision number, the name of a ReplicaSet or ControllerRevision, an image by its reference or by its
        digest (V(sha256:…)), V(previous) or V(latest-stable).
      - A version is the current revision where that has it, else the newest that has it.
      - V(previous) is the revision before the current one. It is refused when the current one is itself the result of a rollback.
      - V(latest-stable) is the newest revision that was in production for 6 hours or more and that nobody rolled back from; where there is
        none, the newest that was active about as long as any. After a rollback it is the revision that was rolled back to.
      - While a rollback is under way, both mean the revision that it goes to.
    type: str
    required: true
  from_revision:
    description:
      - The current revision for which the rollback was checked and approved. When another one is current by now, nothing is changed and
        the task fails.
    type: int
  uid:
    description: C(metadata.uid) of the workload for which the rollback was checked and approved, with the same effect.
    type: str
  incident:
    description:
      - Id of the incident on whose behalf this is done. The same request that changes the template names it on the workload, in the
        annotation C(incident-response.devops/rollback), so that a run on another controller knows whose rollback it meets.
      - The annotation holds for 20 minutes, and O(conclude) takes it away. Without this option, no annotation is set.
    type: str
  conclude:
    description: Take the annotation of O(incident) away and do nothing else, since the rollback is over.
    type: bool
    default: false
  replace_broken_pods:
    description:
      - Whether to delete the broken pods that a StatefulSet waits for. With the pod management policy C(OrderedReady), the controller
        replaces nothing while a pod is broken, not even when its template is put back
        (U(https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#forced-rollback)).
      - Only pods of other revisions than the target that crash, or can't pull their image or be scheduled are deleted, and only once the
        controller has seen the new template. Their volumes stay.
    type: bool
    default: true
  wait:
    description: Whether to wait until every pod runs the target, and to show the progress meanwhile.
    type: bool
    default: true
  wait_timeout:
    description: How long to wait at most, as in V(5m). The rollout goes on after that.
    type: str
    default: 5m
extends_documentation_fragment:
  - devops.incident_response.cluster
  - devops.incident_response.service
  - devops.incident_response.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
    details:
      - Shows the pod template, redacted, and nothing else, since nothing else changes.
  action_group:
    support: full
notes:
  - The waiting and its live output are done by an action plugin of the same name, which runs
    M(devops.incident_response.rollback_progress_info) again and again on the same host, or does its work in the controller's process
    where a module would find the same.
seealso:
  - module: devops.incident_response.rollback_check
  - module: devops.incident_response.rollback_progress_info
  - module: devops.incident_response.recovery_info
"""

EXAMPLES = r"""
- name: Roll the payment API back to v2.3.0 and show the progress
  devops.incident_response.rollback:
    service: payment-api
    target: v2.3.0

- name: Roll back to what was checked and approved, and to nothing else
  devops.incident_response.rollback:
    service: payment-api
    target: "{{ rollback_checked.target.name }}"
    from_revision: "{{ rollback_checked.plan.from_revision }}"
    uid: "{{ rollback_checked.plan.uid }}"

- name: Roll a StatefulSet back in the background
  devops.incident_response.rollback:
    service: ledger
    namespace: finance
    catalogue:
      workload_kind: StatefulSet
    target: latest-stable
    wait: false
"""

RETURN = r"""
state:
  description: V(planned) in check mode, V(applying) while pods are replaced, V(verifying) when every pod runs the target,
    V(not_recovered) when the rollout got stuck.
  type: str
  returned: when the plan could be made
  sample: verifying
plan:
  description: What was changed.
  type: dict
  returned: when the plan could be made
  contains:
    kind:
      description: Deployment, StatefulSet or DaemonSet.
      type: str
      returned: always
      sample: Deployment
    workload:
      description: Its name.
      type: str
      returned: always
      sample: payment-api
    namespace:
      description: Its namespace.
      type: str
      returned: always
      sample: production
    from_revision:
      description: The revision before.
      type: int
      returned: always
      sample: 5
    from_version:
      description: Its version; null when unknown.
      type: str
      returned: always
      sample: v2.3.1
    to_revision:
      description: The revision that was rolled back to, by the number it had before. A Deployment gives it a new one.
      type: int
      returned: always
      sample: 4
    to_version:
      description: Its version; null when unknown.
      type: str
      returned: always
      sample: v2.3.0
    replicas:
      description: Pods that the workload should have.
      type: int
      returned: always
      sample: 5
    strategy:
      description: How pods are replaced, and what users notice of it.
      type: str
      returned: always
      sample: Rolling update (zero-downtime)
    resource_version:
      description: C(metadata.resourceVersion) of the workload that the plan was made for.
      type: str
      returned: always
      sample: "48151"
    uid:
      description: C(metadata.uid) of the workload.
      type: str
      returned: always
      sample: 0f9d2f9e-8d3b-4a55-9a0e-4c2a1f5f0d11
    stable_for:
      description: Seconds that the target was active before; null when unknown.
      type: float
      returned: always
      sample: 259200.0
    notes:
      description: What autoscaler, disruption budget, owner of the manifest and annotations do about it.
      type: list
      elements: str
      returned: always
      sample: ["All other annotations stay."]
rollback:
  description: The rollback's part of an incident record, as the option O(devops.incident_response.incident#module:rollback) takes it.
  type: dict
  returned: when the plan could be made
  sample: {"state": "verifying", "requested_target": "v2.3.0", "started_at": "2025-10-21T14:26:10Z"}
progress:
  description: Where the rollout stands.
  type: dict
  returned: when the plan could be made, not in check mode
  contains:
    state:
      description: V(progressing), V(complete) or V(stuck).
      type: str
      returned: always
      sample: complete
    done:
      description: Healthy pods of the target.
      type: int
      returned: always
      sample: 5
    desired:
      description: Pods that there should be.
      type: int
      returned: always
      sample: 5
    versions:
      description: Pods by version, the target first.
      type: list
      elements: dict
      returned: always
      sample: [{"version": "v2.3.0", "revision": 4, "pods": 5, "ready": 5}]
    lines:
      description: What happened since the look before, as a person would say it.
      type: list
      elements: dict
      returned: always
      sample: [{"at": "2025-10-21T14:26:25Z", "title": "Scaled up v2.3.0: 0 → 1 pod (healthy)"}]
    remaining:
      description: Seconds until every pod is replaced, by the pace so far; null while that can't be told.
      type: float
      returned: always
      sample: 90.0
    stuck_reason:
      description: Why it does not go on; null when it does.
      type: str
      returned: always
      sample: "ImagePullBackOff (payment-api-6d4f8b7c5-x2x9k): Back-off pulling image"
    waits_for:
      description: What is missing until the rollout is complete; null when it is.
      type: str
      returned: always
      sample: 2 of 5 new pods to become available
    target_fails:
      description: Whether the target's pods do not come up, and fewer of them are ready than there were of what they replace.
      type: bool
      returned: always
      sample: false
target:
  description: The revision that O(target) meant, as in RV(devops.incident_response.rollback_check#module:target).
  type: dict
  returned: when the plan could be made
  sample: {"number": 4, "version": "v2.3.0", "name": "payment-api-6d4f8b7c5"}
following:
  description: What M(devops.incident_response.rollback_progress_info) needs to go on from here.
  type: dict
  returned: when the plan could be made, not in check mode
  sample: {"started_at": "2025-10-21T14:26:10Z", "looks": 1}
attempts:
  description: How many times the workload was looked at until the change was made, or found made.
  type: int
  returned: when the plan could be made
  sample: 1
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.faces.connections import run
from ..module_utils.faces.rollback import ROLLBACK, rollback_result


def main() -> None:
    module = AnsibleModule(argument_spec=ROLLBACK, supports_check_mode=True)
    run(module, lambda: rollback_result(module.params, module.check_mode))


if __name__ == "__main__":
    main()
