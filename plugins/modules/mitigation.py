#!/usr/bin/python
# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: mitigation
short_description: Make an outage bearable without a rollback, and take that back
version_added: 0.1.0
description:
  - Does one of the remedies that a recommendation may name - scale, restart, hold the autoscaler still, suspend the GitOps object that
    would undo changes, or turn the team's own maintenance page on - and takes it back with O(state=undone).
  - Each is one request for one object, which applies only to the object as it was looked at. When somebody else changes it in the same
    moment, it is looked at again; what is so already is left alone, and the task is not changed.
  - What undoing needs is in RV(mitigation), and on the object itself too, as an annotation below C(incident-response.devops/) that the same
    request sets. So a run that was killed before it could say what it did is told by the next one, with the way back.
  - In check mode the API server tries the change itself (C(dryRun=All)) and nothing is changed; a maintenance hook is not run.
author:
  - devops.incident_response contributors (@devops)
options:
  action:
    description:
      - V(scale) asks for O(replicas) pods. Where an autoscaler chooses their number, its bounds are changed instead, since it would choose
        again at once; where it is held still, the workload is scaled.
      - V(restart) replaces every pod by a fresh one, as C(kubectl rollout restart) does.
      - V(pause_autoscaling) has the HorizontalPodAutoscaler choose nothing (C(selectPolicy=Disabled) in both directions). An autoscaler of
        KEDA is paused by KEDA.
      - V(suspend_gitops) stops the automated sync of the Argo CD application, or suspends the Flux Kustomization or HelmRelease, that owns
        the workload.
      - V(maintenance) runs the service's own hook, C(maintenance) of the catalogue, on the host of this task - C(enable) and C(disable),
        each a command or a URL that a POST is sent to, and C(check), a command or URL that succeeds when maintenance is on.
    type: str
    required: true
    choices: [scale, restart, pause_autoscaling, suspend_gitops, maintenance]
  state:
    description:
      - V(undone) takes the action back. O(action=scale) goes back before O(saved), or before its last step where that is not given, and is
        refused when somebody has scaled meanwhile.
      - A restart can't be undone.
    type: str
    default: done
    choices: [done, undone]
  replicas:
    description: Pods that there should be, for O(action=scale).
    type: int
  unless_restarted_within:
    description: A workload that was restarted so short a time ago is not restarted again.
    type: str
    default: 5m
  saved:
    description: RV(mitigation) of the run that is taken back. Only O(action=scale) looks at it.
    type: dict
  hook_timeout:
    description: Seconds that a maintenance hook may take.
    type: float
    default: 30.0
extends_documentation_fragment:
  - devops.incident_response.cluster
  - devops.incident_response.service
  - devops.incident_response.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  action_group:
    support: full
notes:
  - A maintenance hook without C(check) is run each time, and the task is changed each time.
seealso:
  - module: devops.incident_response.rollback
  - module: devops.incident_response.recommendation
"""

EXAMPLES = r"""
- name: Scale up for a surge
  devops.incident_response.mitigation:
    service: payment-api
    action: scale
    replicas: 12
  register: scaled

- name: Keep it with the incident
  devops.incident_response.incident:
    state: updated
    service: payment-api
    mitigation: "{{ scaled.mitigation }}"

- name: Scale back when the surge is over
  devops.incident_response.mitigation:
    service: payment-api
    action: scale
    state: undone
    saved: "{{ scaled.mitigation }}"

- name: Restart what leaks
  devops.incident_response.mitigation:
    service: payment-api
    action: restart

- name: Show the maintenance page
  devops.incident_response.mitigation:
    service: payment-api
    action: maintenance
    catalogue:
      maintenance:
        enable: [/opt/shop/maintenance, "on"]
        disable: [/opt/shop/maintenance, "off"]
        check: [/opt/shop/maintenance, is-on]
"""

RETURN = r"""
msg:
  description: What was done, or is so already, as a person would say it.
  type: str
  returned: success
  sample: Scaled Deployment payment-api from 5 to 12 pods
standing:
  description:
    - Whether nothing was changed because it is so already, by an earlier run that may have been killed before it could say so.
      RV(mitigation) is then that of the earlier run, with the way back. Who has turned a maintenance hook on can't be told.
  type: bool
  returned: success
  sample: false
mitigation:
  description: What was done, as the option O(devops.incident_response.incident#module:mitigation) and O(saved) take it.
  type: dict
  returned: success
  contains:
    action:
      description: The action.
      type: str
      returned: always
      sample: scale
    kind:
      description: Kind of the object that was changed; V(Hook) for a maintenance hook.
      type: str
      returned: always
      sample: Deployment
    name:
      description: Its name.
      type: str
      returned: always
      sample: payment-api
    namespace:
      description: Namespace of the service.
      type: str
      returned: always
      sample: production
    at:
      description: When it was done, UTC.
      type: str
      returned: always
      sample: "2025-10-21T14:26:10Z"
    title:
      description: What was done, as a person would say it.
      type: str
      returned: always
      sample: Scaled Deployment payment-api from 5 to 12 pods
    before:
      description: What was changed, as it was before, by field. null is "not set".
      type: dict
      returned: always
      sample: {"replicas": 5}
    after:
      description: The same, as it is now.
      type: dict
      returned: always
      sample: {"replicas": 12}
    undo:
      description: How to take it back; null when it can't be, when it was, and when nothing was changed and RV(standing) is false.
      type: str
      returned: always
      sample: Scale it back to 5
    undone:
      description: Whether this took an earlier one back.
      type: bool
      returned: always
      sample: false
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.faces.connections import run
from ..module_utils.faces.mitigation import MITIGATION, mitigation_result


def main() -> None:
    module = AnsibleModule(argument_spec=MITIGATION, supports_check_mode=True)
    run(module, lambda: mitigation_result(module.params, module.check_mode))


if __name__ == "__main__":
    main()
