# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything that must be settled before a rollback, asked at once."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from datetime import UTC, datetime
from typing import Any

from ..clients.cluster import ClusterClient, ClusterError
from ..clients.prometheus import PrometheusClient
from ..clients.registry import RegistryClient
from ..concurrency import start
from ..errors import IncidentResponseError
from ..evidence.objects import mapping
from ..lean import dataclass
from ..model.check import Check, Verdict
from ..model.service import CheckPlace, Service
from .check_admission import check_admission
from .check_attempts import check_attempts
from .check_capacity import check_capacity
from .check_command import API, SCHEMA, CompatibilityCheck, JobLimits, check_by_command, check_in_job
from .check_declared import check_declared_schema, check_openapi
from .check_image import check_image
from .check_owner import check_owner
from .check_pull import check_pull
from .check_references import check_references
from .check_stability import check_stability
from .check_surroundings import check_autoscaler, check_budget
from .clock import Clock
from .plan import Change, RollbackRefusedError, refuse
from .pods import pods_of
from .surroundings import Surroundings, notes, read_surroundings
from .target import describe

CHECK_NAMES = (
    "image",
    "stability",
    "schema_compatible",
    "api_compatible",
    "permission",
    "target_exists",
    "rollout",
    "owner",
    "capacity",
    "autoscaler",
    "disruption_budget",
    "references",
    "pull",
    "first_attempt",
)
_PLURALS = {"Deployment": "deployments", "StatefulSet": "statefulsets", "DaemonSet": "daemonsets"}


@dataclass(frozen=True, slots=True)
class Asked:
    """What the checks are to take into account.

    ``approval`` ("auto-approved for P0") is told with the permission; ``timeout`` is seconds for each command and each document;
    ``attempts`` are the incident's rollbacks before this one, None where there is no incident; ``suspend_owner`` says that a controller
    which would undo the rollback is suspended first.
    """

    approval: str | None = None
    timeout: float = 15.0
    attempts: Sequence[Mapping[str, Any]] | None = None
    suspend_owner: bool = False
    dry_run: bool = False
    """Nothing may be made, not even a Job that is removed again."""
    clock: Clock = field(default_factory=lambda: Clock(lambda: datetime.now(UTC), time.monotonic, time.sleep))


@dataclass(frozen=True, slots=True)
class Checked:
    """``checks`` in the order of CHECK_NAMES; ``notes`` is what the surroundings will do."""

    checks: tuple[Check, ...]
    notes: tuple[str, ...]


def run_checks(
    client: ClusterClient,
    service: Service,
    change: Change,
    registry: RegistryClient | None,
    prometheus: PrometheusClient | None,
    asked: Asked,
) -> Checked:
    """All checks side by side.

    A check that can't be made is unknown, with the reason; nothing is raised.
    """
    target, history = change.target, change.rollouts
    if not change.needed:
        return Checked((check_target_exists(change),), ())
    image = start(lambda: check_image(target, registry), "image")
    stability = start(lambda: check_stability(target, history, service, prometheus), "stability")
    around = start(lambda: read_surroundings(client, service.namespace), "surroundings")
    permission = start(lambda: check_permission(client, service, asked.approval), "permission")
    owner = start(
        lambda: check_owner(client, service, change, asked.clock.now() + client.server_clock.ahead(), asked.suspend_owner), "owner"
    )
    pull = start(lambda: check_pull(client, service, change), "pull")
    references = start(lambda: check_references(client, change), "references")
    rollout = start(lambda: check_rollout(client, change), "rollout")
    commands = [start(_asking(question, client, service, change, asked), question.name) for question in (SCHEMA, API)]
    surroundings: Surroundings = around.result()
    checks = (
        image.result(),
        stability.result(),
        *(command.result() for command in commands),
        permission.result(),
        check_target_exists(change),
        rollout.result(),
        owner.result(),
        check_capacity(change, surroundings),
        check_autoscaler(change, surroundings),
        check_budget(change, surroundings),
        references.result(),
        pull.result(),
        *((check_attempts(change, asked.attempts),) if asked.attempts is not None else ()),
    )
    return Checked(checks, notes(change, surroundings))


def blocking(checks: Sequence[Check], acceptable_unknown: Sequence[str]) -> tuple[Check, ...]:
    """The checks that stop an automatic rollback: each that fails, and each unknown that is not among ``acceptable_unknown``."""
    return tuple(
        check
        for check in checks
        if check.verdict is Verdict.FAIL or (check.verdict is Verdict.UNKNOWN and check.name not in acceptable_unknown)
    )


def check_target_exists(change: Change) -> Check:
    """Passes: a target that does not exist has no plan. Says which revision it is, and when nothing is left to do."""
    target = change.target
    detail = f"{target.name} holds its pod template." if change.needed else change.plan.notes[0]
    return Check("target_exists", Verdict.PASS, f"{describe(target)} exists in the rollout history", detail)


def check_rollout(client: ClusterClient, change: Change) -> Check:
    """Whether a change of the template would be taken and reach the pods at all, and whether another rollback is under way."""
    other = change.claimed_by_another
    if other is not None:
        detail = f"Incident {other.incident} began it at {other.at:%Y-%m-%d %H:%M:%S} UTC and asks for something else. Talk to who runs it."
        return Check("rollout", Verdict.FAIL, "Another rollback is under way", detail)
    try:
        refuse(change)
    except RollbackRefusedError as error:
        return Check("rollout", Verdict.FAIL, "A rollback would not roll out", error.message, overridable=False)
    if change.strategy.name == "OnDelete":
        detail = "The update strategy is OnDelete: delete the pods after the rollback, or change spec.updateStrategy first."
        return Check("rollout", Verdict.FAIL, "Pods would not be replaced by themselves", detail)
    refused = check_admission(client, change)
    replaced = max(change.plan.replicas - change.strategy.partition, 0)
    return refused or Check("rollout", Verdict.PASS, f"{change.strategy.title} rolls out", f"{replaced} pods are replaced.")


def check_permission(client: ClusterClient, service: Service, approval: str | None) -> Check:
    """Asks the API server whether these credentials may patch the workload (SelfSubjectAccessReview)."""
    resource = _PLURALS[service.workload_kind.value]
    attributes = {
        "namespace": service.namespace,
        "verb": "patch",
        "group": "apps",
        "resource": resource,
        "name": service.workload,
    }
    review = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": attributes},
    }
    try:
        status = mapping(client.post("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", review).get("status"))
    except ClusterError as error:
        return Check("permission", Verdict.UNKNOWN, "Whether a rollback is permitted is unknown", error.message)
    if status.get("allowed"):
        title = f"Rollback permission granted ({approval})" if approval else "Rollback permission granted"
        return Check("permission", Verdict.PASS, title, f"These credentials may patch {resource}.apps in {service.namespace}.")
    detail = f"These credentials may not patch {resource}.apps {service.workload} in {service.namespace}. Grant it by a Role."
    return Check("permission", Verdict.FAIL, "Rollback permission denied", detail)


def _asking(question: CompatibilityCheck, client: ClusterClient, service: Service, change: Change, asked: Asked) -> Callable[[], Check]:
    command = service.schema_check if question is SCHEMA else service.api_check

    def ask() -> Check:
        if not command:
            declared = check_declared_schema(service, change) if question is SCHEMA else check_openapi(service, change, asked.timeout)
            if declared is not None:
                return declared
        elif service.checks_run_in is CheckPlace.JOB:
            pod, limits = mapping(change.after.get("spec")), JobLimits(asked.timeout, asked.clock, asked.dry_run)
            return check_in_job(question, command, client, service, change.target, pod, limits)
        try:
            pods = pods_of(client, service.namespace, change.workload) if command else []
        except IncidentResponseError as error:
            return Check(question.name, Verdict.UNKNOWN, question.unknown, error.message)
        return check_by_command(question, command, client, service, change.target, pods, asked.timeout)

    return ask
