# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import math
from collections.abc import Callable

import pytest
from ansible_collections.devops.incident_response.plugins.module_utils.clients.prometheus import SeriesResult
from ansible_collections.devops.incident_response.plugins.module_utils.errors import SourceUnavailableError
from ansible_collections.devops.incident_response.plugins.module_utils.model.check import Verdict
from ansible_collections.devops.incident_response.plugins.module_utils.model.rollout import Revision, Rollouts
from ansible_collections.devops.incident_response.plugins.module_utils.model.service import Objectives, Service
from ansible_collections.devops.incident_response.plugins.module_utils.rollback.check_stability import check_stability

Make = Callable[..., Revision]
History = Callable[..., Rollouts]
SERVICE = Service("payment-api")


class Prometheus:
    def __init__(self, value: float | SourceUnavailableError | None) -> None:
        self.value = value
        self.asked: list[tuple[str, float | None]] = []

    def instant(self, query: str, at: float | None = None) -> tuple[SeriesResult, ...]:
        self.asked.append((query, at))
        if isinstance(self.value, SourceUnavailableError):
            raise self.value
        return () if self.value is None else (SeriesResult({}, ((at or 0.0, self.value),)),)


@pytest.mark.parametrize(
    ("hours", "title"),
    [
        (72.0, "v2.3.0 was stable for 72 hours"),
        (72.9, "v2.3.0 was stable for 72 hours"),
        (6.0, "v2.3.0 was stable for 6 hours"),
        (96.0, "v2.3.0 was stable for 4 days"),
    ],
)
def test_a_proven_version_passes(revision: Make, rollouts: History, hours: float, title: str) -> None:
    check = check_stability(revision(4, "v2.3.0", hours=hours), rollouts(), SERVICE, Prometheus(0.001))
    assert (check.verdict, check.title) == (Verdict.PASS, title)
    assert "0.1% of its requests failed" in check.detail


def test_errors_are_counted_at_the_end_of_its_time_for_a_day_at_most(revision: Make, rollouts: History) -> None:
    prometheus, target = Prometheus(0.0), revision(4, "v2.3.0", hours=72)
    check_stability(target, rollouts(), SERVICE, prometheus)
    assert target.active_until is not None
    assert prometheus.asked[0][1] == target.active_until.timestamp()
    assert "[86400s]" in prometheus.asked[0][0]


@pytest.mark.parametrize(
    ("errors", "objective", "verdict"),
    [(0.05, None, Verdict.PASS), (0.051, None, Verdict.FAIL), (0.02, 0.01, Verdict.FAIL), (0.01, 0.01, Verdict.PASS)],
)
def test_a_version_that_failed_too_often_was_not_stable(
    revision: Make, rollouts: History, errors: float, objective: float | None, verdict: Verdict
) -> None:
    service = Service("payment-api", objectives=Objectives(error_rate=objective))
    assert check_stability(revision(4, "v2.3.0", hours=72), rollouts(), service, Prometheus(errors)).verdict is verdict


@pytest.mark.parametrize(
    ("prometheus", "reason"),
    [
        (None, "no prometheus_url is given"),
        (Prometheus(None), "no requests of that time"),
        (Prometheus(math.nan), "no requests of that time"),
        (Prometheus(SourceUnavailableError("Prometheus is down.")), "Prometheus is down"),
    ],
)
def test_without_metrics_the_history_decides_and_says_so(
    revision: Make, rollouts: History, prometheus: Prometheus | None, reason: str
) -> None:
    check = check_stability(revision(4, "v2.3.0", hours=72), rollouts(), SERVICE, prometheus)
    assert check.verdict is Verdict.PASS
    assert reason in check.detail


def test_a_version_of_some_minutes_was_not_proven(revision: Make, rollouts: History) -> None:
    check = check_stability(revision(4, "v2.3.0", hours=1.5), rollouts(), SERVICE, Prometheus(0.0))
    assert (check.verdict, check.title) == (Verdict.FAIL, "v2.3.0 was active for only 90 minutes")


def test_a_version_that_was_rolled_back_from_fails(revision: Make, rollouts: History) -> None:
    history = rollouts(revision(6, "v2.2.0", was_rollback=True), revision(5, "v2.3.0", hours=72))
    assert check_stability(history.revisions[1], history, SERVICE, None).verdict is Verdict.FAIL


def test_an_unknown_time_is_unknown(revision: Make, rollouts: History) -> None:
    check = check_stability(revision(4, "v2.3.0", hours=72, active_from=None), rollouts(), SERVICE, None)
    assert check.verdict is Verdict.UNKNOWN
