#!/usr/bin/python
# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: rollback_check
short_description: Plan a rollback and check that it is safe
version_added: 0.1.0
description:
  - Works out what a rollback would change and settles, all at once, what must be settled before it. Nothing is changed.
  - V(image) - the target's image is still in the registry.
  - V(stability) - the target was in production for 6 hours or more, nobody rolled back from it, and in its last 24 hours at most 5 % of its
    requests failed (or what the service's objective says). Where Prometheus can't tell, the rollout history alone decides, and the detail
    says so.
  - V(schema_compatible) and V(api_compatible) - the commands that the catalogue names (C(schema_check), C(api_check)), run in a pod of the
    service with the target version as last argument, exit with 0. A pod that is ready is preferred, and one of the target version.
    With C(checks_run_in=job) in the catalogue, a Job runs them with the image, account, environment and configuration of the target; it
    is removed when it has answered, and by the cluster itself when this run is killed. In check mode no Job is made, and the verdict is
    unknown.
    Where there is no command, what the catalogue declares decides - the schemas of both versions (C(schema_versions)), and the OpenAPI
    documents of both (C(openapi)), by what callers of the current version could no longer do.
  - V(permission) - these credentials may patch the workload.
  - V(target_exists) - the rollout history has the target. Where it has not, the module fails and lists what there is.
  - V(rollout) - the rollout is not paused and replaces pods by itself, no other incident is rolling it back, and the API server takes the
    change and a pod of the target when it tries them (C(dryRun=All)), so that what policies, webhooks and Pod Security refuse is known.
  - V(owner) - neither Argo CD nor Flux would put its own version back, or they are suspended first (O(suspend_owner)), and no Rollout of
    Argo Rollouts makes the pods.
  - V(capacity) - quotas leave room for the pods of the target, with the numbers, and limit ranges allow them.
  - V(autoscaler) - what the HorizontalPodAutoscaler will do meanwhile. It never holds a rollback up, so that this does not fail.
  - V(disruption_budget) - the strategy does not take every pod away where a PodDisruptionBudget promises that some stay. Apart from that, a
    rollout asks no budget, and the detail says what it is for and where it stands.
  - V(references) - secrets to pull the image with, service account, configuration and volume claims that only the target needs exist.
  - V(pull) - the nodes can get the target's image, since some hold it or run an image of the same repository that was pulled with the same
    credentials. It fails when nodes were refused that image, or a secret to pull it with is gone.
  - V(first_attempt) - this incident has not been rolled back before.
  - A check is V(pass), V(fail) or V(unknown) with its reason. Unknown is not pass.
  - Commands of the catalogue that run in a pod do so in check mode too; they are expected to only look.
author:
  - devops.incident_response contributors (@devops)
options:
  target:
    description: As for O(devops.incident_response.rollback#module:target).
    type: str
    required: true
  registry_url:
    description:
      - URL of the registry that holds the service's images, such as V(https://registry.example.com). A login in it
        (V(https://user:token@registry.example.com)) is used for basic authentication and for tokens.
      - Where it is not given, V(image) is unknown.
    type: str
  registry_ca_cert:
    description: File with the certificate authority of an HTTPS O(registry_url).
    type: path
  acceptable_unknown:
    description: Names of checks that need not be known for RV(passed).
    type: list
    elements: str
    default: []
    choices:
      - image
      - stability
      - schema_compatible
      - api_compatible
      - permission
      - target_exists
      - rollout
      - owner
      - capacity
      - autoscaler
      - disruption_budget
      - references
      - pull
      - first_attempt
  approval:
    description: Who or what allows the rollback, to be told with the permission, for example V(auto-approved for P0).
    type: str
  incident:
    description: Id of the incident on whose behalf this is done. A rollback of another incident that is under way is told by it.
    type: str
  attempts:
    description:
      - RV(devops.incident_response.incident#module:rollback_attempts), for V(first_attempt). Without it, that check is left out.
    type: list
    elements: dict
  suspend_owner:
    description: Whether an owner that would undo the rollback is going to be suspended first, so that V(owner) passes.
    type: bool
    default: false
  check_timeout:
    description: Seconds that each command of the catalogue, each document, and each request to the registry may take.
    type: float
    default: 15.0
extends_documentation_fragment:
  - devops.incident_response.cluster
  - devops.incident_response.prometheus
  - devops.incident_response.service
  - devops.incident_response.attributes
  - devops.incident_response.attributes.info_module
seealso:
  - module: devops.incident_response.rollback
"""

EXAMPLES = r"""
- name: Check a rollback to the last stable version
  devops.incident_response.rollback_check:
    service: payment-api
    target: latest-stable
    registry_url: https://registry.example.com
    catalogue:
      schema_check: [./scripts/check-schema-compatibility.sh]
    acceptable_unknown: [api_compatible]
  register: rollback_checked
"""

RETURN = r"""
plan:
  description: What would be changed, as in RV(devops.incident_response.rollback#module:plan).
  type: dict
  returned: success
  sample: {"kind": "Deployment", "workload": "payment-api", "from_version": "v2.3.1", "to_version": "v2.3.0", "to_revision": 4}
target:
  description: The revision that O(target) means.
  type: dict
  returned: success
  contains:
    number:
      description: Its number.
      type: int
      returned: always
      sample: 4
    version:
      description: Its version; null when unknown.
      type: str
      returned: always
      sample: v2.3.0
    image:
      description: Its image.
      type: str
      returned: always
      sample: registry.example.com/shop/payment-api:v2.3.0
    name:
      description: Name of its ReplicaSet or ControllerRevision. A target by this name stays the same when Kubernetes renumbers it.
      type: str
      returned: always
      sample: payment-api-6d4f8b7c5
    template_hash:
      description: What its pods carry as C(pod-template-hash) or C(controller-revision-hash).
      type: str
      returned: always
      sample: 6d4f8b7c5
    created_at:
      description: When it was first rolled out.
      type: str
      returned: always
      sample: "2025-10-18T14:23:10Z"
    active_from:
      description: Since when it was last in production; null when unknown.
      type: str
      returned: always
      sample: "2025-10-18T14:23:10Z"
    active_until:
      description: Until when; null when unknown and for the current revision.
      type: str
      returned: always
      sample: "2025-10-21T14:23:15Z"
    current:
      description: Whether it is the current revision.
      type: bool
      returned: always
      sample: false
    cause:
      description: Its change cause.
      type: str
      returned: always
      sample: Release v2.3.0
    author:
      description: Who rolled it out.
      type: str
      returned: always
      sample: devops-bot
    ready_pods:
      description: Its pods that are ready.
      type: int
      returned: always
      sample: 0
    pods:
      description: Its pods.
      type: int
      returned: always
      sample: 0
    was_rollback:
      description: Whether it was last rolled out by a rollback.
      type: bool
      returned: always
      sample: false
needed:
  description: Whether there is anything to roll back; V(false) when the workload asks for the target already.
  type: bool
  returned: success
  sample: true
owner_reverts:
  description: Whether Argo CD or Flux owns the manifest and puts its own version back by itself.
  type: bool
  returned: success
  sample: false
owner_suspended:
  description: Whether that owner is suspended by the module M(devops.incident_response.mitigation), in this run or in one before it.
  type: bool
  returned: success
  sample: false
checks:
  description: Each check with its verdict.
  type: list
  elements: dict
  returned: success
  contains:
    name:
      description: Its name, as in O(acceptable_unknown).
      type: str
      returned: always
      sample: stability
    verdict:
      description: V(pass), V(fail) or V(unknown).
      type: str
      returned: always
      sample: pass
    title:
      description: The verdict as a line that a person reads.
      type: str
      returned: always
      sample: v2.3.0 was stable for 72 hours
    detail:
      description: How it was found out, and what to do when it is not V(pass).
      type: str
      returned: always
      sample: Active from 2025-10-18 14:23 to 2025-10-21 14:23 UTC; nobody rolled back from it.
    overridable:
      description: Whether the rollback could be made all the same; false where M(devops.incident_response.rollback) would refuse it.
      type: bool
      returned: always
      sample: true
passed:
  description: Whether no check fails and none is unknown but those in O(acceptable_unknown).
  type: bool
  returned: success
  sample: true
blocking:
  description: The names of the checks because of which RV(passed) is not true.
  type: list
  elements: str
  returned: success
  sample: []
"""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.clients.registry import RegistryClient
from ..module_utils.faces.arguments import CLUSTER, PROMETHEUS, SERVICE
from ..module_utils.faces.connections import prometheus_from, run
from ..module_utils.faces.rollback import CLOCK, workload_from
from ..module_utils.model.codec import to_result
from ..module_utils.record.redaction import redact
from ..module_utils.rollback.checks import CHECK_NAMES, Asked, blocking, run_checks
from ..module_utils.rollback.claim import Claim
from ..module_utils.rollback.gitops import suspended_by_us
from ..module_utils.rollback.plan import make_change

_TRIES = 5
"""Times that a question is put to a busy cluster: within eight seconds or so."""


def check(params: dict[str, Any], check_mode: bool) -> dict[str, Any]:
    (asker, service), timeout, now = workload_from(params), params["check_timeout"], datetime.now(UTC)
    # One answer that does not come must not keep a whole rollback from being made.
    client = asker.persistent(_TRIES, CLOCK.sleep)
    registry = RegistryClient(params["registry_url"], params["registry_ca_cert"], timeout) if params["registry_url"] else None
    change = make_change(client, service, params["target"], now, Claim(params["incident"], now) if params["incident"] else None)
    asked = Asked(params["approval"], timeout, params["attempts"], params["suspend_owner"], check_mode, CLOCK)
    checked = run_checks(client, service, change, registry, prometheus_from(params), asked)
    blockers = blocking(checked.checks, params["acceptable_unknown"])
    result = {
        "plan": replace(change.plan, notes=(*change.plan.notes, *checked.notes)),
        "target": change.target,
        "checks": checked.checks,
    }
    return {
        "changed": False,
        **redact(to_result(result)),
        "needed": change.needed,
        "owner_reverts": change.rollouts.owner_reverts,
        "owner_suspended": change.rollouts.owner is not None and suspended_by_us(client, change.workload),
        "passed": not blockers,
        "blocking": [blocker.name for blocker in blockers],
    }


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            **CLUSTER,
            **PROMETHEUS,
            **SERVICE,
            "target": {"type": "str", "required": True},
            "registry_url": {"type": "str"},
            "registry_ca_cert": {"type": "path"},
            "acceptable_unknown": {"type": "list", "elements": "str", "default": [], "choices": list(CHECK_NAMES)},
            "approval": {"type": "str"},
            "incident": {"type": "str"},
            "attempts": {"type": "list", "elements": "dict"},
            "suspend_owner": {"type": "bool", "default": False},
            "check_timeout": {"type": "float", "default": 15.0},
        },
        supports_check_mode=True,
    )
    run(module, lambda: check(module.params, module.check_mode))


if __name__ == "__main__":
    main()
