# SPDX-License-Identifier: GPL-3.0-or-later
"""The scenarios that come with the lab show the numbers that they are known for, through the queries that an engineer types."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

Make = Callable[[str], Any]


def error_rate(job: str, window: str) -> str:
    failed = f'sum(rate(http_requests_total{{job="{job}",status=~"5.."}}{window}))'
    return f'{failed} / sum(rate(http_requests_total{{job="{job}"}}{window}))'


def p95(job: str, window: str) -> str:
    return f'histogram_quantile(0.95, rate(http_request_duration_seconds_bucket{{job="{job}"}}{window}))'


def usage(job: str) -> str:
    pods = f'{{pod=~"{job}.*"}}'
    return f"avg(container_memory_usage_bytes{pods} / container_spec_memory_limit_bytes{pods})"


def cpu(job: str) -> str:
    pods = f'{{pod=~"{job}.*"}}'
    return f"avg(rate(container_cpu_usage_seconds_total{pods}[1m]) / (container_spec_cpu_quota{pods} / container_spec_cpu_period{pods}))"


def states(pods: list[dict[str, Any]]) -> Counter[str]:
    found: Counter[str] = Counter()
    for pod in pods:
        status = pod["status"]["containerStatuses"][0]
        found[(status["state"].get("waiting") or {}).get("reason") or ("ready" if status["ready"] else "not ready")] += 1
    return found


def test_payment_api(still: Make) -> None:
    lab = still("payment-api")
    job = "payment-api"
    assert lab.query(error_rate(job, "[1m]")) == pytest.approx(0.45)
    assert lab.query(error_rate(job, "[1h] offset 1d")) == pytest.approx(0.001)
    assert lab.query(p95(job, "[1m]")) == pytest.approx(8.5)
    assert lab.query(p95(job, "[1h] offset 1d")) == pytest.approx(0.15)
    assert lab.query(f"{p95(job, '[1m]')} / {p95(job, '[1h] offset 1d')}") == pytest.approx(56.67, abs=0.01)
    query_time = 'histogram_quantile(0.95, rate(database_query_duration_seconds_bucket{job="payments-db"}[1m]))'
    assert lab.query(query_time) == pytest.approx(2.3)
    assert lab.query(query_time, lab.clock.now - 86400) == pytest.approx(0.05)
    assert lab.query('sum(pg_stat_activity_count{job="payments-db"})') == pytest.approx(95)
    assert lab.query(usage(job)) == pytest.approx(0.85, abs=0.004)
    assert lab.query(usage(job), lab.clock.now - 86400) == pytest.approx(0.60, abs=0.004)
    assert lab.query(cpu(job)) == pytest.approx(0.40, abs=0.004)
    assert lab.query('sum(active_sessions{job="payment-api"})') == 2400
    failed = 'sum(increase(http_requests_total{job="payment-api",status=~"5.."}[5m]))'
    at_the_start = lab.query(failed)
    lab.run(5)
    assert at_the_start < 1247 < lab.query(failed), "1,247 of them at the time at which somebody looks"


def test_the_pods_of_payment_api(still: Make) -> None:
    lab = still("payment-api")
    assert states(lab.pods("payment-api")) == {"CrashLoopBackOff": 3, "ready": 2}
    lab.run(55)
    assert states(lab.pods("payment-api")) == {"CrashLoopBackOff": 3, "ready": 2}


def test_the_pods_of_payment_api_came_one_after_the_other(still: Make) -> None:
    pods = still("payment-api").pods("payment-api")
    born = sorted(pod["metadata"]["creationTimestamp"] for pod in pods)
    assert born == [f"2026-11-23T11:57:{second}Z" for second in (46, 49, 52, 55, 58)]


def test_the_revisions_of_payment_api(still: Make) -> None:
    lab = still("payment-api")
    sets = lab.store.list("ReplicaSet", "production", lambda found: found["metadata"]["labels"]["app"] == "payment-api")
    born = {found["metadata"]["labels"]["app.kubernetes.io/version"]: found["metadata"]["creationTimestamp"] for found in sets}
    assert born["v2.3.1"] == "2026-11-23T11:57:45Z"
    assert born["v2.3.0"] == "2026-11-20T11:57:45Z", "v2.3.0 was active for exactly 72 hours"


def test_the_logs_of_payment_api(still: Make) -> None:
    lab = still("payment-api")
    lines = [
        line
        for pod in lab.pods("payment-api")
        for at, line in lab.lab.behaviour.log(pod, "payment-api", previous=pod["status"]["containerStatuses"][0]["restartCount"] > 0)
        if lab.clock.now - 900 <= at <= lab.clock.now
    ]
    counts = Counter(" ".join(line.split()[1:]) for line in lines if "INFO" not in line)
    assert counts == {
        "ERROR Database connection timeout": 823,
        "ERROR Payment validation failed": 412,
        "ERROR Health check failed /health": 156,
        "WARN Circuit breaker opened for database": 45,
    }


def test_auth_service(still: Make) -> None:
    lab = still("auth-service")
    job = "auth-service"
    assert lab.query(error_rate(job, "[5m]")) == pytest.approx(0.08)
    assert lab.query(error_rate(job, "[1h] offset 1d")) == pytest.approx(0.005)
    assert lab.query(p95(job, "[5m]")) == pytest.approx(1.2)
    assert lab.query(p95(job, "[1h] offset 1d")) == pytest.approx(0.08)
    half_way = lab.query(p95(job, "[1m]"), lab.clock.now - 21 * 60)
    assert half_way is not None
    assert 0.3 < half_way < 0.9, "latency rises gradually"
    assert lab.query("redis_memory_used_bytes / redis_memory_max_bytes") == pytest.approx(0.88)
    hits, misses = (f"sum(rate(redis_keyspace_{kind}_total[5m]))" for kind in ("hits", "misses"))
    assert lab.query(f"{misses} / ({hits} + {misses})") == pytest.approx(0.45)
    assert lab.query(f"{misses} / ({hits} + {misses})", lab.clock.now - 86400) == pytest.approx(0.05)
    assert states(lab.pods(job)) == {"ready": 4, "not ready": 1}


def test_user_api(still: Make) -> None:
    lab = still("user-api")
    job = "user-api"
    before = lab.clock.now - (4 * 60 + 12) * 60 - 1
    requests = f'sum(rate(http_requests_total{{job="{job}"}}[5m]))'
    assert (lab.query(error_rate(job, "[5m]"), before), lab.query(error_rate(job, "[5m]"))) == pytest.approx((0.002, 0.008))
    assert (lab.query(p95(job, "[5m]"), before), lab.query(p95(job, "[5m]"))) == pytest.approx((0.095, 0.1448))
    assert (lab.query(requests, before), lab.query(requests)) == pytest.approx((1200, 1180.4))
    assert (lab.query(usage(job), before), lab.query(usage(job))) == pytest.approx((0.45, 0.518), abs=0.004)
    assert lab.query(error_rate(job, "[5m]"), before + 25 * 60) == pytest.approx(0.002), "errors begin half an hour after the deployment"
    assert states(lab.pods(job)) == {"ready": 4}


@pytest.mark.parametrize("name", ["payment-api", "auth-service", "user-api"])
def test_nothing_changes_by_itself(still: Make, name: str) -> None:
    lab = still(name)
    before = lab.lab.state.document()
    lab.run(90)
    assert lab.lab.state.document() == before
