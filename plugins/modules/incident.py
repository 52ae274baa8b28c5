#!/usr/bin/python
# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: incident
short_description: Keep the record of an incident
version_added: 0.1.0
description:
  - Writes one JSON document for an incident, C(<incidents_dir>/<date>-<service>-outage.json), in one step each time; the other parts of
    this collection, and every report, read it back.
  - Everything is redacted before it is written.
  - In check mode nothing is written to O(incidents_dir). RV(record) is then a copy that Ansible removes at the end of the run, so that the
    tasks after it work as usual.
author:
  - devops.incident_response contributors (@devops)
options:
  state:
    description:
      - V(declared) opens the incident. An unresolved incident of the same service and namespace that was declared less than 12 hours ago is
        continued instead, with its timeline; any other second incident of the day gets C(-2) behind its name.
      - V(updated) adds what O(recommendation), O(rollback) and so on say.
      - V(resolved) closes it. Resolving once more changes nothing.
    type: str
    required: true
    choices: [declared, updated, resolved]
  incidents_dir:
    description: Directory of the records, on the controller.
    type: path
    default: incidents
  record:
    description:
      - The record to change, as RV(record) gave it. Where it is not given, the newest of O(service) is changed.
    type: path
  service:
    description: Name of the service. Required with O(state=declared), and where no O(record) is given.
    type: str
    required: false
  severity:
    description: V(critical), V(high), V(medium), V(low), or V(P0) to V(P3). Required with O(state=declared).
    type: str
  policy:
    description:
      - What the severity means, as one entry of C(incident_policies) of the role C(incident). Durations are seconds or text such as V(10m).
      - Required with O(state=declared).
    type: dict
  symptoms:
    description: What was noticed, in people's words.
    type: list
    elements: str
    default: []
  commander:
    description: Who leads the response.
    type: str
  diagnostics:
    description: RV(devops.incident_response.diagnostics_info#module:diagnostics).
    type: dict
  recommendation:
    description: RV(devops.incident_response.recommendation#module:recommendation).
    type: dict
  comparison:
    description: RV(devops.incident_response.deployment_comparison_info#module:comparison).
    type: dict
  rollback:
    description:
      - The rollback's part of the record, as C(docs/record.md) describes it. Reaching a new C(state) adds a line to the timeline.
    type: dict
  mitigation:
    description: RV(devops.incident_response.mitigation#module:mitigation), added to what was done besides a rollback.
    type: dict
  status:
    description: Where the response stands. It follows the O(rollback)'s state where it is not given.
    type: str
    choices: [investigating, mitigating, monitoring]
  note:
    description: A line for the timeline.
    type: str
extends_documentation_fragment:
  - devops.incident_response.service
  - devops.incident_response.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
  action_group:
    support: full
"""

EXAMPLES = r"""
- name: Declare the incident
  devops.incident_response.incident:
    state: declared
    service: payment-api
    severity: P0
    policy:
      page: [on_call, incident_commander]
      rollback: automatic
      update_interval: 10m
      mttr_target: 10m
    diagnostics: "{{ diagnose_result.diagnostics }}"
  register: incident_declared

- name: Record what is recommended
  devops.incident_response.incident:
    state: updated
    record: "{{ incident_declared.record }}"
    recommendation: "{{ decide_result.recommendation }}"

- name: Close the incident
  devops.incident_response.incident:
    state: resolved
    record: "{{ incident_declared.record }}"
"""

RETURN = r"""
record:
  description: Absolute path of the record on the controller.
  type: str
  returned: success
  sample: incidents/2025-10-21-payment-api-outage.json
incident_id:
  description: The record's name without its ending.
  type: str
  returned: success
  sample: 2025-10-21-payment-api-outage
severity:
  description: P0 to P3.
  type: str
  returned: success
  sample: P0
status:
  description: V(investigating), V(mitigating), V(monitoring) or V(resolved).
  type: str
  returned: success
  sample: investigating
declared_at:
  description: When it was declared, UTC.
  type: str
  returned: success
  sample: "2025-10-21T14:25:30Z"
started_at:
  description: When it began for the users, UTC; when it was declared, where that is not known.
  type: str
  returned: success
  sample: "2025-10-21T14:23:15Z"
resolved_at:
  description: When it was resolved, UTC; null while it goes on.
  type: str
  returned: success
  sample: "2025-10-21T14:27:30Z"
duration:
  description: Seconds from RV(started_at) to RV(resolved_at); null while it goes on.
  type: float
  returned: success
  sample: 255.0
next_update_at:
  description: When stakeholders are due the next update, UTC; null when they are due none.
  type: str
  returned: success
  sample: "2025-10-21T14:35:30Z"
policy:
  description: The policy with every field; durations in seconds.
  type: dict
  returned: success
  sample: {"page": ["on_call"], "rollback": "approval", "update_interval": 1800.0, "mttr_target": 3600.0}
closed:
  description: Whether this task closed the incident.
  type: bool
  returned: when O(state=updated) or O(state=resolved)
  sample: true
rollback_attempts:
  description:
    - Rollbacks of this incident, oldest first, as far as their pods were about to be replaced. O(state=updated) and O(state=resolved)
      leave out the one that the record holds.
    - What O(devops.incident_response.rollback_check#module:attempts) takes.
  type: list
  elements: dict
  returned: success
  sample: [{"started_at": "2025-10-21T14:26:10Z", "state": "not_recovered", "from_revision": 5, "to_revision": 4, "to_version": "v2.3.0"}]
mitigations:
  description: What was done besides a rollback, in order, as RV(devops.incident_response.mitigation#module:mitigation).
  type: list
  elements: dict
  returned: when O(state=updated) or O(state=resolved)
  sample: [{"action": "scale", "kind": "Deployment", "before": {"replicas": 5}, "after": {"replicas": 12}}]
in_force:
  description: Those of RV(mitigations) that were not taken back; the last of an action is the next that can be.
  type: list
  elements: dict
  returned: when O(state=updated) or O(state=resolved)
  sample: [{"action": "scale", "kind": "Deployment", "before": {"replicas": 5}, "after": {"replicas": 12}}]
resumed:
  description: Whether an incident that was open already is continued.
  type: bool
  returned: when O(state=declared)
  sample: false
"""
