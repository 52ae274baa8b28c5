# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A team's own commands that say whether the target fits what is there now: the database schema, the callers of the API."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..clients.answers import excerpt
from ..clients.cluster import ClusterClient, ClusterError, Forbidden
from ..evidence.objects import labels_of, main_container, mapping, name_of, sequence
from ..lean import dataclass
from ..model.check import Check, Verdict
from ..model.rollout import Revision
from ..model.service import Service
from .check_job import job_for, run_job
from .clock import Clock
from .progress import HASH_LABELS
from .target import describe


@dataclass(frozen=True, slots=True)
class JobLimits:
    """``timeout`` is seconds for the command; with ``dry_run`` nothing runs."""

    timeout: float
    clock: Clock
    dry_run: bool = False


_NOT_RUN = (126, 127)
"""Exit codes of a shell for "not executable" and "not found"; from 128 on, the command was killed."""
_KILLED_FROM = 128


@dataclass(frozen=True, slots=True)
class CompatibilityCheck:
    """``field`` is the catalogue's, ``instead`` the one that does without a command; the titles are for pass, fail and unknown."""

    name: str
    field: str
    instead: str
    passed: str
    failed: str
    unknown: str


SCHEMA = CompatibilityCheck(
    "schema_compatible",
    "schema_check",
    "schema_versions",
    "Database schema compatible",
    "Database schema not compatible",
    "Whether the database schema is compatible is unknown",
)
API = CompatibilityCheck(
    "api_compatible",
    "api_check",
    "openapi",
    "No breaking API changes detected",
    "Breaking API changes detected",
    "Whether the API changed in a breaking way is unknown",
)


def check_by_command(
    question: CompatibilityCheck,
    command: Sequence[str],
    client: ClusterClient,
    service: Service,
    target: Revision,
    pods: Sequence[Mapping[str, Any]],
    timeout: float,
) -> Check:
    """Runs ``command`` with the target version as its last argument in one of ``pods``: exit code 0 is pass, another is fail.

    Unknown where there is no command, no pod to run it in, or the command itself could not be run or end within ``timeout`` seconds.
    """
    if not command:
        reason = f"The catalogue names no command for it: set '{question.field}' or '{question.instead}' of {service.name}."
        return Check(question.name, Verdict.UNKNOWN, question.unknown, reason)
    chosen = choose_pod(pods, target, service.container)
    if chosen is None:
        reason = f"No pod of {service.workload} runs in which to ask. With 'checks_run_in: job' in its catalogue entry, none needs to."
        return Check(question.name, Verdict.UNKNOWN, question.unknown, reason)
    pod, container = chosen
    asked = [*command, target.version or str(target.number)]
    try:
        code, output = client.exec(service.namespace, pod, container, asked, timeout)
    except ClusterError as error:
        return Check(question.name, Verdict.UNKNOWN, question.unknown, error.message)
    return judge(question, target, f"'{' '.join(asked)}' in pod {pod}", code, output)


def check_in_job(
    question: CompatibilityCheck,
    command: Sequence[str],
    client: ClusterClient,
    service: Service,
    target: Revision,
    pod: Mapping[str, Any],
    asked: JobLimits,
) -> Check:
    """As ``check_by_command``, in a Job that runs as the target's ``pod`` (a spec) would, and is removed afterwards."""
    words = [*command, target.version or str(target.number)]
    body = job_for(service, pod, words, question.name, asked.timeout)
    try:
        answer = run_job(client, body, asked.timeout, asked.clock, asked.dry_run)
    except Forbidden as error:
        reason = f"{error.message} It takes the verbs create and delete for jobs.batch; or set 'checks_run_in' of {service.name} to pod."
        return Check(question.name, Verdict.UNKNOWN, question.unknown, reason)
    except ClusterError as error:
        return Check(question.name, Verdict.UNKNOWN, question.unknown, error.message)
    where = f"'{' '.join(words)}' in Job {answer.job} with the image of {describe(target)}"
    if answer.code is None:
        return Check(question.name, Verdict.UNKNOWN, question.unknown, f"{where}: {answer.said.rstrip('.')}.")
    return judge(question, target, where, answer.code, answer.said)


def judge(question: CompatibilityCheck, target: Revision, where: str, code: int, output: str) -> Check:
    """What an exit code means; ``where`` is the command and the place in which it ran."""
    said = excerpt(output) or "no output"
    if code == 0:
        return Check(question.name, Verdict.PASS, question.passed, f"{where}: {said}")
    if code in _NOT_RUN or code >= _KILLED_FROM:
        return Check(question.name, Verdict.UNKNOWN, question.unknown, f"{where} could not be run (exit code {code}): {said}")
    detail = f"{where} says no to {describe(target)} (exit code {code}): {said}. Prefer a hotfix to a rollback."
    return Check(question.name, Verdict.FAIL, question.failed, detail)


def choose_pod(pods: Sequence[Mapping[str, Any]], target: Revision, wanted: str | None) -> tuple[str, str | None] | None:
    """Name and container of the pod to ask: a ready one before one that only runs, one of the target before another."""
    candidates = []
    for pod in pods:
        container = main_container(mapping(pod.get("spec")), wanted).get("name")
        running, ready = _state(pod, container)
        if running:
            ours = any(labels_of(pod).get(label) == target.template_hash for label in HASH_LABELS if target.template_hash)
            candidates.append((not ready, not ours, name_of(pod), container))
    if not candidates:
        return None
    *_unused, name, container = min(candidates, key=lambda candidate: candidate[:3])
    return name, container


def _state(pod: Mapping[str, Any], container: str | None) -> tuple[bool, bool]:
    """Whether the container runs, and whether it is ready."""
    for status in sequence(mapping(pod.get("status")).get("containerStatuses")):
        if status.get("name") == container:
            return "running" in mapping(status.get("state")), bool(status.get("ready"))
    return False, False
