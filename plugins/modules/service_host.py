#!/usr/bin/python
# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: service_host
short_description: Check the options of a response and add its service as a host
version_added: 0.1.0
description:
  - Checks every option of the playbooks before anything is touched. The message for a wrong one names the option, its value and what is
    accepted.
  - Adds the service as a host to the group C(incident_service), with C(incident_service) (its catalogue entry, every field, but
    C(workload_kind) only where it is given) and C(incident_request) (the checked options) as variables. A service of the inventory keeps
    its entry, its groups and its variables.
  - Modules for the service run on the controller, unless the inventory gives the host an C(ansible_connection) or C(ansible_host), such as
    a bastion that reaches the cluster.
  - An option that the task does not give is read from the variable of the same name, literally. It is never evaluated as a template,
    since it may come from an alert.
  - An empty text counts as not given.
author:
  - devops.incident_response contributors (@devops)
options:
  service:
    description: Name of the affected service, as its workload or its catalogue entry is called.
    type: raw
  severity:
    description: V(critical), V(high), V(medium), V(low), or V(P0) to V(P3). A different one in the variable is refused.
    type: raw
  namespace:
    description: Kubernetes namespace. The default is the catalogue entry's, else V(production).
    type: raw
  symptoms:
    description: What was noticed; text, with commas between symptoms, or a list of texts.
    type: raw
  timeframe:
    description: How far to look back, such as V(1h), V(4h) or V(24h); at most V(30d). The default is V(4h).
    type: raw
  analyze_deployment:
    description: Version to compare with the one before it.
    type: raw
  rollback:
    description:
      - V(true) asks for a rollback to O(target), and is the approval of it where the severity's policy wants one.
      - V(false) forbids it, whatever is recommended. Otherwise the policy decides.
    type: raw
  target:
    description:
      - Version to roll back to, V(previous), V(latest-stable), a revision number, or an image by its reference or digest.
      - Required with O(rollback=true).
    type: raw
  post_mortem:
    description: Whether to write the post-mortem. By default it is written when the incident is resolved.
    type: raw
  dry_run:
    description: Whether to look at everything and change and send nothing, as with C(--check).
    type: raw
  use_logs_only:
    description: Whether to decide without Prometheus.
    type: raw
  incident_id:
    description: The incident to report on; the newest of the service where not given.
    type: raw
  remedy:
    description: What to do against the trouble, an action of M(devops.incident_response.mitigation).
    type: raw
  replicas:
    description: Pods that there should be, for O(remedy=scale).
    type: raw
  requires:
    description: Options, besides O(service), that this run can't do without.
    type: list
    elements: str
    choices: [severity, target, analyze_deployment, remedy]
    default: []
extends_documentation_fragment:
  - devops.incident_response.attributes
attributes:
  check_mode:
    support: full
    details:
      - In check mode RV(request) has C(dry_run) set.
  diff_mode:
    support: none
  action_group:
    support: full
"""

EXAMPLES = r"""
- name: Check what was asked for, and find the service
  hosts: localhost
  gather_facts: false
  tasks:
    - name: Take the options from the command line
      devops.incident_response.service_host:
        severity: P0

- name: Look at the service
  hosts: incident_service
  gather_facts: false
  roles:
    - devops.incident_response.diagnose
"""

RETURN = r"""
service:
  description: Name of the service and of its host.
  type: str
  returned: success
  sample: payment-api
request:
  description:
    - The options as they will be used; null where the policy or a default decides.
  type: dict
  returned: success
  contains:
    severity:
      description: P0 to P3.
      type: str
      sample: P0
    namespace:
      description: Kubernetes namespace.
      type: str
      sample: production
    symptoms:
      description: What was noticed.
      type: list
      elements: str
      sample: [500 errors, high latency]
    timeframe:
      description: How far to look back.
      type: str
      sample: 4h
    analyze_deployment:
      description: Version to look at.
      type: str
      sample: v3.1.5
    rollback:
      description: Asked for, forbidden, or null.
      type: bool
      sample: true
    target:
      description: Version to roll back to.
      type: str
      sample: v2.3.0
    post_mortem:
      description: Asked for, forbidden, or null.
      type: bool
      sample: true
    dry_run:
      description: Nothing may be changed or sent.
      type: bool
      sample: false
    use_logs_only:
      description: Decide without Prometheus.
      type: bool
      sample: false
    incident_id:
      description: The incident to report on.
      type: str
      sample: 2025-10-21-payment-api-outage
    remedy:
      description: What to do against the trouble.
      type: str
      sample: restart
    replicas:
      description: Pods that there should be.
      type: int
      sample: 12
"""
