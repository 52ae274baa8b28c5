# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from ansible_collections.devops.incident_response.plugins.module_utils.model.codec import from_result, to_result
from ansible_collections.devops.incident_response.plugins.module_utils.model.rollback import Measure
from ansible_collections.devops.incident_response.plugins.module_utils.model.service import Dependency, DependencyType, Service
from ansible_collections.devops.incident_response.plugins.module_utils.rollback.recovery import (
    Limits,
    Patience,
    Reading,
    Verification,
    judge_dependency,
    judge_readiness,
    judge_reading,
    judge_restarts,
    outcome,
    restarts_of,
    worse_than_before,
)

NOW = datetime(2025, 10, 21, 14, 27, 30, tzinfo=UTC)
GOOD, BAD, UNKNOWN = (Measure("error_rate", "Error rate", passed, "x") for passed in (True, False, None))


def reading(name: str, value: float | None, baseline: float | None, objective: float | None = None) -> Reading:
    title, unit = "Latency P95" if name == "latency_p95" else "Error rate", "seconds" if name == "latency_p95" else "share"
    return Reading(name, title, unit, value, baseline, objective, "no requests" if value is None else None)


@pytest.mark.parametrize(
    ("name", "value", "baseline", "passed", "detail"),
    [
        ("error_rate", 0.001, 0.001, True, "0.1% (back to baseline)"),
        ("error_rate", 0.006, 0.001, True, "0.6% (back to baseline)"),
        ("error_rate", 0.0061, 0.001, False, "0.61% (baseline: 0.1%)"),
        ("error_rate", 0.15, 0.10, True, "15% (back to baseline)"),
        ("error_rate", 0.16, 0.10, False, "16% (baseline: 10%)"),
        ("error_rate", 0.0, 0.0, True, "0% (back to baseline)"),
        ("client_error_rate", 0.05, 0.03, True, "5% (back to baseline)"),
        ("client_error_rate", 0.051, 0.03, False, "5.1% (baseline: 3%)"),
        ("latency_p95", 0.14, 0.15, True, "140ms (back to baseline)"),
        ("latency_p95", 0.225, 0.15, True, "225ms (back to baseline)"),
        ("latency_p95", 8.5, 0.15, False, "8.5s (baseline: 150ms)"),
        ("latency_p95", 0.059, 0.01, True, "59ms (back to baseline)"),
    ],
)
def test_a_rate_passes_at_a_multiple_of_its_baseline_or_a_little_above_it(
    name: str, value: float, baseline: float, passed: bool, detail: str
) -> None:
    measure = judge_reading(reading(name, value, baseline), Limits())
    assert (measure.passed, measure.detail) == (passed, detail)


def test_without_a_baseline_the_objective_decides() -> None:
    assert judge_reading(reading("error_rate", 0.01, None, 0.01), Limits()).passed is True
    assert judge_reading(reading("error_rate", 0.02, None, 0.01), Limits()).detail == "2% (objective: 1%)"


def test_unknown_is_not_pass() -> None:
    assert judge_reading(reading("error_rate", None, 0.001), Limits()).passed is None
    without = judge_reading(reading("error_rate", 0.0, None), Limits())
    assert without.passed is None
    assert without.detail == "0%, unknown whether recovered (no baseline and no objective to compare with)"


def deployment(ready: int, updated: int = 5) -> dict[str, Any]:
    image = {"name": "app", "image": "registry.example.com/shop/payment-api:v2.3.0"}
    status = {"observedGeneration": 1, "replicas": 5, "updatedReplicas": updated, "availableReplicas": ready, "readyReplicas": ready}
    spec = {"replicas": 5, "template": {"spec": {"containers": [image]}}}
    return {"metadata": {"generation": 1}, "spec": spec, "status": status}


def test_all_pods_have_to_be_ready_at_the_target() -> None:
    good = judge_readiness(Service("payment-api"), deployment(5))
    assert (good.passed, good.title, good.detail) == (True, "payment-api v2.3.0", "5/5 pods healthy")
    assert judge_readiness(Service("payment-api"), deployment(4)).passed is False
    assert judge_readiness(Service("payment-api"), deployment(5, updated=3)).passed is False


def test_a_restart_since_the_last_look_fails_and_one_before_does_not() -> None:
    assert judge_restarts(None, {"a": 7}).passed is True
    assert judge_restarts({"a": 7}, {"a": 7}).passed is True
    assert judge_restarts({"a": 7, "b": 2}, {"a": 8}).detail == "1 since the last look"
    assert judge_restarts({"a": 7}, {"a": 7, "new": 0}).passed is True
    assert judge_restarts({"a": 7}, {"a": 7, "new": 3}).passed is False


def test_restarts_are_counted_by_pod_without_those_that_go() -> None:
    statuses = {"containerStatuses": [{"restartCount": 2}, {"restartCount": 1}]}
    staying = {"metadata": {"name": "a"}, "status": statuses}
    going = {"metadata": {"name": "b", "deletionTimestamp": "2025-10-21T14:26:00Z"}, "status": statuses}
    assert restarts_of([staying, going]) == {"a": 3}


@pytest.mark.parametrize(
    ("used", "capacity", "passed", "detail"),
    [
        (25.0, 100.0, True, "25/100 (normalized)"),
        (95.0, 100.0, False, "95/100 (still above 85%)"),
        (None, 100.0, None, "unknown whether recovered (no series)"),
        (25.0, 0.0, None, "unknown whether recovered (no series)"),
    ],
)
def test_a_dependency_has_to_be_below_its_mark(used: float | None, capacity: float, passed: bool | None, detail: str) -> None:
    database = Dependency("database", DependencyType.TCP, "db:5432", title="Database")
    measure = judge_dependency(database, used, capacity, "no series")
    assert (measure.title, measure.passed, measure.detail) == ("Database connections", passed, detail)


def verification(**known: Any) -> Verification:
    return replace(Verification(NOW, NOW, {}), **known)


def test_enough_good_looks_are_the_end() -> None:
    recovery, final = outcome(verification(passes=3, looks=4), [GOOD], Patience(), NOW + timedelta(seconds=20))
    assert (recovery.recovered, final, recovery.waited) == (True, True, 20.0)
    recovery, final = outcome(verification(passes=2), [GOOD], Patience(), NOW + timedelta(seconds=20))
    assert (recovery.recovered, final) == (None, False)


@pytest.mark.parametrize(
    ("measures", "recovered"), [([BAD, GOOD], False), ([BAD, UNKNOWN], False), ([UNKNOWN, GOOD], None), ([GOOD], None)]
)
def test_when_the_time_is_up_bad_is_bad_and_unknown_is_unknown(measures: list[Measure], recovered: bool | None) -> None:
    recovery, final = outcome(verification(passes=1), measures, Patience(), NOW + timedelta(seconds=300))
    assert (recovery.recovered, final) == (recovered, True)


def test_metrics_that_can_not_be_asked_are_not_waited_for() -> None:
    recovery, final = outcome(verification(blind=3), [GOOD, UNKNOWN], Patience(), NOW + timedelta(seconds=10))
    assert (recovery.recovered, final) == (None, True)
    assert recovery.reason == "Recovery could not be verified: Error rate: x."


def test_what_is_known_passes_from_one_process_to_another() -> None:
    known = verification(passes=2, restarts={"a": 1}, last_look_at=NOW, baseline={"error_rate": 0.001})
    assert from_result(Verification, to_result(known)) == known


def _measured(passed: bool | None, value: float | None) -> Measure:
    return Measure("error_rate", "Error rate", passed, "x", value, 0.001, 0.006, "share")


@pytest.mark.parametrize(
    ("measure", "before", "found"),
    [
        (_measured(False, 0.6), 0.3, ("Error rate 60%, before the rollback 30%",)),
        (_measured(False, 0.4), 0.3, ()),
        (_measured(True, 0.6), 0.3, ()),
        (_measured(None, None), 0.3, ()),
        (_measured(False, 0.6), None, ()),
        (Measure("restarts", "Restarts", False, "x", 5.0), 1.0, ()),
    ],
)
def test_worse_is_what_fails_and_failed_less_before(measure: Measure, before: float | None, found: tuple[str, ...]) -> None:
    during = {} if before is None else {measure.name: before}
    assert worse_than_before((measure,), during, Limits()) == found


@pytest.mark.parametrize(("after", "looks", "final"), [(89.0, 3, False), (90.0, 2, False), (90.0, 3, True)])
def test_a_target_that_stays_worse_ends_it_early(after: float, looks: int, final: bool) -> None:
    verification = Verification(NOW, NOW, {}, looks=looks, worse=looks)
    worse = ("Error rate 60%, before the rollback 30%",)
    recovery, ended = outcome(verification, (_measured(False, 0.6),), Patience(), NOW + timedelta(seconds=after), worse)
    assert (ended, recovery.recovered, recovery.worse) == (final, False if final else None, worse if final else ())
    if final:
        assert recovery.reason == "Worse than before the rollback: Error rate 60%, before the rollback 30%."
