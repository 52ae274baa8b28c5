# SPDX-License-Identifier: GPL-3.0-or-later
"""Pods that ran well at first and do not start any more: a licence that ran out looks like a version that crashes."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from ansible_collections.devops.incident_response.plugins.module_utils.decision.recommendation import recommend
from ansible_collections.devops.incident_response.plugins.module_utils.model.recommendation import Recommendation
from ansible_collections.devops.incident_response.plugins.module_utils.model.workload import Pod, PodWarning
from ansible_collections.devops.incident_response.tests.unit.plugins.module_utils.factories import (
    AUTOMATIC,
    MINUTE,
    NOW,
    deployed,
    diagnostics,
    errors,
    latency,
    metrics,
    pods,
    traffic,
    workload,
)

AGE, ONSET = 12 * MINUTE, 10 * MINUTE


def ago(seconds: float) -> object:
    return NOW - timedelta(seconds=seconds)


def crashing(first_warning: float = ONSET, last_run: float | None = 8.0) -> tuple[Pod, ...]:
    """Two pods of the new version, 12 minutes old, of which the cluster warned first so many seconds ago."""
    told = PodWarning("BackOff", "Back-off restarting failed container", 6, NOW - timedelta(seconds=first_warning), NOW)
    return pods(0, 2, created_at=ago(AGE), last_run=last_run, warnings=(told,))


def seen(new: tuple[Pod, ...], **old: object) -> Recommendation:
    """Pods of both versions beside each other; nothing else is known."""
    state = workload(*pods(3, number=3, **old), *new, updated=2)
    felt = metrics(errors(0.6, 0.002, ONSET), latency(0.15, 0.15), traffic(30, 30))
    given = diagnostics(workload=state, rollouts=deployed(AGE, in_progress=True), metrics=felt, logs=None, traces=None, dependencies=None)
    return recommend(given, AUTOMATIC, NOW)


def test_pods_that_never_ran_are_the_versions_own() -> None:
    found = seen(crashing(first_warning=AGE - 15))
    assert found.automatic
    assert any("only its pods fail" in line for line in found.hypotheses[0].evidence_for)


def test_pods_that_ran_well_and_do_not_start_any_more_ask_a_person() -> None:
    found = seen(crashing())
    assert not found.automatic
    assert "no pod, log, trace or dependency tells" in found.automatic_reason
    assert any("do not start any more" in line for line in found.hypotheses[0].evidence_against)


@pytest.mark.parametrize("old", [{"created_at": ago(5 * MINUTE)}, {"restarts": 1, "last_restart_at": ago(2 * MINUTE)}])
def test_unless_another_version_was_started_since(old: dict[str, object]) -> None:
    assert seen(crashing(), **old).automatic


@pytest.mark.parametrize("last_run", [None, 90.0])
def test_what_runs_for_a_while_each_time_is_no_such_case(last_run: float | None) -> None:
    assert seen(crashing(last_run=last_run)).automatic


def test_what_the_memory_limit_ends_is_no_such_case() -> None:
    """A leak fills the memory slowly, and what comes after a restart may fill it at once."""
    given = seen(tuple(replace(pod, reason="OOMKilled") for pod in crashing()))
    assert any("only its pods fail" in line for line in given.hypotheses[0].evidence_for)
