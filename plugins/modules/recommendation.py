#!/usr/bin/python
# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: recommendation
short_description: Say what probably happened and what to do about it
version_added: 0.1.0
description:
  - Walks the troubleshooting decision tree with what M(devops.incident_response.diagnostics_info) found, ranks the hypotheses with what
    speaks for and against each, and recommends an action.
  - Its RV(recommendation.confidence) is meant as a probability, after everything that speaks against the cause. The score of
    M(devops.incident_response.rollback_confidence) stands beside it.
  - Guards are facts that make a rollback wrong however high the score is. Some are about the cause - the errors began before the
    deployment, nothing was deployed lately, traffic rose, a dependency fails by itself, pods of the old version fail too, a node is in
    trouble. Others are about the way back - the rollout is paused, Argo CD or Flux owns the version, there is nothing to go back to, the
    target was itself rolled back or fails, or a rollback was just made.
  - Missing evidence is named, and lowers what can be said. Without an error rate no rollback is automatic, nor where nothing but
    the time and the metrics speaks for it, and no pod, log, trace or dependency does.
author:
  - devops.incident_response contributors (@devops)
options:
  diagnostics:
    description: RV(devops.incident_response.diagnostics_info#module:diagnostics) of M(devops.incident_response.diagnostics_info).
    type: dict
    required: true
  policy:
    description:
      - What the severity means, with the fields C(page), C(rollback) (V(automatic), V(approval) or V(never)),
        C(automatic_rollback_score) and the others that the role C(incident) documents.
      - Where it is not given, nothing is automatic.
    type: dict
  severity:
    description: Severity of the incident, V(critical), V(high), V(medium), V(low) or V(P0) to V(P3). It is only used in the next steps.
    type: str
  rollback_allowed:
    description: Whether a rollback may be recommended at all.
    type: bool
    default: true
  use_logs_only:
    description: Whether metrics were left out on purpose, which is then said.
    type: bool
    default: false
  target:
    description:
      - Version, revision, V(previous) or V(latest-stable) to roll back to. Where it is not given, the newest earlier revision that was
        active for 6 hours or more and that nobody rolled back from.
    type: str
  attempts:
    description:
      - RV(devops.incident_response.incident#module:rollback_attempts). After a rollback that did not help no other one is recommended.
    type: list
    elements: dict
  decision_tree:
    description:
      - A decision tree of your own in place of the one that comes with the collection, which is
        C(roles/decide/files/decision_tree.yml), as the path of a YAML file or as its data.
      - It is checked as a whole before anything is decided. What is wrong is named with its line and the reason.
      - It sets the limits from which errors and latency are high, where the hypotheses about a deployment and a dependency start, what
        is done about the other causes, and the remedies. Guards, and what a rollback needs besides, stand above it.
    type: raw
  scoring:
    description: As for O(devops.incident_response.rollback_confidence#module:scoring).
    type: dict
extends_documentation_fragment:
  - devops.incident_response.attributes
  - devops.incident_response.attributes.info_module
seealso:
  - module: devops.incident_response.diagnostics_info
  - module: devops.incident_response.rollback_confidence
"""

EXAMPLES = r"""
- name: Gather the evidence
  devops.incident_response.diagnostics_info:
    service: payment-api
    prometheus_url: http://prometheus:9090
  register: diagnosed

- name: Recommend what to do
  devops.incident_response.recommendation:
    diagnostics: "{{ diagnosed.diagnostics }}"
    severity: critical
    policy:
      rollback: automatic
      automatic_rollback_score: 80
  register: decided

- name: Say it
  ansible.builtin.debug:
    msg: "{{ decided.recommendation.headline }} ({{ decided.recommendation.confidence }}%)"
"""

RETURN = r"""
recommendation:
  description: What probably happened, how sure that is, and what to do.
  type: dict
  returned: success
  contains:
    action:
      description: V(rollback), V(monitor), V(investigate), V(scale), V(restart), V(raise_limit), V(hotfix) or V(none).
      type: str
      returned: always
      sample: rollback
    headline:
      description: The recommendation in one line.
      type: str
      returned: always
      sample: IMMEDIATE ROLLBACK to v2.3.0 (last stable)
    confidence:
      description: Probability, in percent, that the likeliest hypothesis is true.
      type: int
      returned: always
      sample: 95
    target_version:
      description: Version to roll back to, should one be made; null when unknown.
      type: str
      returned: always
      sample: v2.3.0
    target_revision:
      description: Its revision; null when unknown.
      type: int
      returned: always
      sample: 4
    reasoning:
      description: The sentences that the recommendation stands on.
      type: list
      elements: str
      returned: always
      sample: ["Blast radius: High (45% error rate)", "Known good state: v2.3.0 stable for 3 days"]
    hypotheses:
      description: What may have happened, likeliest first.
      type: list
      elements: dict
      returned: always
      contains:
        cause:
          description:
            - V(deployment), V(dependency), V(resource_leak), V(load), V(crash), V(node), V(platform) (something that services share),
              V(configuration), V(caller) (in front of the service), V(recurring) (so every week at this time), what the logs name
              (V(certificate), V(licence), V(name_resolution), V(credentials), V(quota), V(storage)), or V(unknown).
          type: str
          returned: always
          sample: deployment
        title:
          description: The cause in a few words.
          type: str
          returned: always
          sample: Missing index on transactions.user_id
        confidence:
          description: Its probability in percent. All together are 100 at most.
          type: int
          returned: always
          sample: 95
        evidence_for:
          description: What speaks for it.
          type: list
          elements: str
          returned: always
          sample: ["It began 55s after the rollout began"]
        evidence_against:
          description: What speaks against it.
          type: list
          elements: str
          returned: always
          sample: []
        check_next:
          description: What would settle it.
          type: list
          elements: str
          returned: always
          sample: ["Match error patterns with new code paths"]
    guards:
      description: Facts that forbid a rollback or make it less certain.
      type: list
      elements: dict
      returned: always
      contains:
        name:
          description: Stable name.
          type: str
          returned: always
          sample: onset_before_deployment
        title:
          description: The fact in a few words.
          type: str
          returned: always
          sample: The errors began before the deployment
        detail:
          description: What it was drawn from.
          type: str
          returned: always
          sample: The trouble began 9m before v2.3.1 was deployed
        forbids:
          description: Whether it forbids a rollback.
          type: bool
          returned: always
          sample: true
    tree:
      description: The walk through the decision tree.
      type: list
      elements: dict
      returned: always
      contains:
        depth:
          description: How deep in the tree, from 0.
          type: int
          returned: always
          sample: 0
        question:
          description: What was asked.
          type: str
          returned: always
          sample: High error rate (> 5%)?
        answer:
          description: V(yes), V(no) or V(unknown).
          type: str
          returned: always
          sample: "yes"
        detail:
          description: What was found.
          type: str
          returned: always
          sample: 45% (baseline 0.1%)
        check:
          description: The fact that was checked.
          type: str
          returned: always
          sample: error_rate
        value:
          description: What it is, in its unit (shares, seconds, multiples); null where it is yes or no by itself, or not known.
          type: float
          returned: always
          sample: 0.45
        comparison:
          description: V(above), V(below), V(at_least) or V(at_most); null where it is yes or no by itself.
          type: str
          returned: always
          sample: above
        threshold:
          description: What it was compared with, in the same unit; null where it is yes or no by itself.
          type: float
          returned: always
          sample: 0.05
        branch:
          description: The branch that was taken, V(then), V(else) or V(unknown).
          type: str
          returned: always
          sample: then
        concluded:
          description: What this branch concludes, as cause, percent and action.
          type: list
          elements: str
          returned: always
          sample: ["deployment (85%): rollback"]
    score:
      description: The score, as RV(devops.incident_response.rollback_confidence#module:confidence).
      type: dict
      returned: always
      sample: {"score": 95, "possible": 95, "level": "high", "missing": []}
    remedies:
      description: What mends the cause, most useful first.
      type: list
      elements: str
      returned: always
      sample: ["Add index on transactions.user_id"]
    next_steps:
      description: What to do next, in order.
      type: list
      elements: str
      returned: always
      sample: ["Execute rollback (recommended)", "Notify stakeholders via #incidents channel"]
    automatic:
      description: Whether everything but the checks of the rollback itself allows it to happen without asking.
      type: bool
      returned: always
      sample: true
    automatic_reason:
      description: Why, or why not.
      type: str
      returned: always
      sample: The score of 95 reaches 80, no guard forbids it, and the policy allows it.
    known:
      description: What the sources saw.
      type: list
      elements: str
      returned: always
      sample: ["Error rate: 45% (baseline 0.1%)", "v2.3.1 was deployed 2m 15s ago"]
    inferred:
      description: What was concluded from that, and may be wrong.
      type: list
      elements: str
      returned: always
      sample: ["Cause: Missing index on transactions.user_id (95%)"]
    unknown:
      description: What the decision had to do without, with the reason.
      type: list
      elements: str
      returned: always
      sample: ["traces: no jaeger_url is given"]
scoring:
  description: The table that the score was made by, O(scoring) over the default one.
  type: dict
  returned: success
  contains:
    factors:
      description: The factors, each with its C(max) and C(bands). Limits are seconds or multiples of the baseline; C(below) says that a
        band holds below its limit, and not above it.
      type: list
      elements: dict
      returned: always
      sample:
        - {"name": "latency", "title": "Latency increase", "max": 15, "below": false, "bands": [{"limit": 5, "points": 15}]}
    levels:
      description: From which score on which level holds, highest first.
      type: list
      elements: dict
      returned: always
      sample: [{"at_least": 80, "level": "high", "verdict": "IMMEDIATE ROLLBACK (High Confidence)"}]
    total:
      description: What the factors' most points add up to.
      type: int
      returned: always
      sample: 100
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.devops.incident_response.plugins.module_utils.faces.connections import run
from ansible_collections.devops.incident_response.plugins.module_utils.faces.decision import RECOMMENDATION, recommendation_result


def main() -> None:
    module = AnsibleModule(argument_spec=RECOMMENDATION, supports_check_mode=True)
    run(module, lambda: recommendation_result(module.params))


if __name__ == "__main__":
    main()
