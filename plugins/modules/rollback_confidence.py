#!/usr/bin/python
# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: rollback_confidence
short_description: Score how well the evidence fits a bad deployment
version_added: 0.1.0
description:
  - Adds up points for how young the deployment is, how much errors and latency rose, and how long the target version was stable.
  - Ages count when they are strictly below a limit, everything else when it is strictly above one. A target that was stable for exactly 72
    hours gets the points for more than 24 hours.
  - Evidence that is missing gives no points and is named. RV(confidence.possible) is the score if all of it spoke for a rollback.
  - Errors where there were none before are above every limit. Without a baseline their increase is missing.
  - The score says how well the evidence fits. Whether acting on it is right is what M(devops.incident_response.recommendation) says.
author:
  - devops.incident_response contributors (@devops)
options:
  deployment_age:
    description: How long ago the current version was deployed, in seconds or as a duration such as V(2m).
    type: str
  error_rate:
    description: Share of failed requests now, such as V(0.45).
    type: float
  error_rate_baseline:
    description: The usual share of failed requests.
    type: float
  latency_p95:
    description: Latency at the 95th percentile now, in seconds or as a duration.
    type: str
  latency_p95_baseline:
    description: The usual latency at the 95th percentile.
    type: str
  stable_for:
    description: How long the target version was in production before, in seconds or as a duration such as V(3d).
    type: str
  diagnostics:
    description: RV(devops.incident_response.diagnostics_info#module:diagnostics) of M(devops.incident_response.diagnostics_info), instead
      of the single observations.
    type: dict
  scoring:
    description:
      - Parts of the scoring table to replace.
      - C(factors) maps V(deployment_age), V(error_rate), V(latency) and V(stable_target) to C(max) and C(bands). A band is C(below) (for
        V(deployment_age)) or C(above), and C(points); the strongest comes first.
      - C(levels) maps V(high), V(medium) and V(low) to the score from which they begin.
      - C(total) is what all C(max) add up to; V(100) where it is not given.
    type: dict
extends_documentation_fragment:
  - devops.incident_response.attributes
  - devops.incident_response.attributes.info_module
seealso:
  - module: devops.incident_response.recommendation
"""

EXAMPLES = r"""
- name: Score a rollback by what was seen
  devops.incident_response.rollback_confidence:
    deployment_age: 2m
    error_rate: 0.45
    error_rate_baseline: 0.001
    latency_p95: 8.5
    latency_p95_baseline: 0.15
    stable_for: 72h
  register: scored

- name: Score it by a table of our own, in which young deployments are less suspect
  devops.incident_response.rollback_confidence:
    diagnostics: "{{ diagnosed.diagnostics }}"
    scoring:
      factors:
        deployment_age:
          bands:
            - {below: 10m, points: 40}
            - {below: 2h, points: 20}
      levels: {high: 85}
"""

RETURN = r"""
confidence:
  description: The score.
  type: dict
  returned: success
  contains:
    score:
      description: From 0 to 100.
      type: int
      returned: always
      sample: 95
    possible:
      description: The score if every missing piece of evidence spoke for a rollback.
      type: int
      returned: always
      sample: 95
    factors:
      description: What the score is made of.
      type: list
      elements: dict
      returned: always
      contains:
        name:
          description: V(deployment_age), V(error_rate), V(latency) or V(stable_target).
          type: str
          returned: always
          sample: error_rate
        title:
          description: What people call it.
          type: str
          returned: always
          sample: Error rate increase
        points:
          description: Its points; null when the evidence for it is missing.
          type: int
          returned: always
          sample: 30
        max:
          description: The most points that it can have.
          type: int
          returned: always
          sample: 30
        observed:
          description: Seconds, or a multiple of the baseline; null when unknown, or when there were errors where there were none before.
          type: float
          returned: always
          sample: 450.0
        reason:
          description: What was observed, or what is missing.
          type: str
          returned: always
          sample: "45% against 0.1%: 450x"
    level:
      description: V(high), V(medium), V(low) or V(none).
      type: str
      returned: always
      sample: high
    verdict:
      description: What the level recommends, as long as nothing speaks against it.
      type: str
      returned: always
      sample: IMMEDIATE ROLLBACK (High Confidence)
    missing:
      description: Names of the factors whose evidence is missing.
      type: list
      elements: str
      returned: always
      sample: []
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
from ansible_collections.devops.incident_response.plugins.module_utils.faces.decision import CONFIDENCE, CONFIDENCE_RULES, confidence_result


def main() -> None:
    module = AnsibleModule(argument_spec=CONFIDENCE, supports_check_mode=True, **CONFIDENCE_RULES)
    run(module, lambda: confidence_result(module.params))


if __name__ == "__main__":
    main()
