# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import re

import pytest
from ansible_collections.devops.incident_response.plugins.module_utils.errors import InvalidOptionError
from ansible_collections.devops.incident_response.plugins.module_utils.evidence import promql
from ansible_collections.devops.incident_response.plugins.module_utils.model.service import MetricsSettings, Service, WorkloadKind


def test_the_error_rate_is_zero_where_nothing_ever_failed() -> None:
    total = 'sum(rate(http_requests_total{job="payment-api"}[1h] offset 1d))'
    failed = 'sum(rate(http_requests_total{job="payment-api",status=~"5.."}[1h] offset 1d))'
    assert promql.error_rate(Service("payment-api"), "1h", " offset 1d") == f"({failed} or {total} * 0) / {total}"


def test_a_hostile_job_stays_within_its_string() -> None:
    service = Service("payment-api", metrics=MetricsSettings(job='x"} or vector(1) or up{a="', error_status='5.."} #'))
    query = promql.error_rate(service, "5m")
    assert re.sub(r'"(?:[^"\\]|\\.)*"', '""', query) == re.sub(r'"[^"]*"', '""', promql.error_rate(Service("a"), "5m"))


@pytest.mark.parametrize("name", ["http requests", "a{}", "", "1a", 'x"'])
def test_a_metric_name_that_is_none_names_its_field(name: str) -> None:
    with pytest.raises(InvalidOptionError, match=r"catalogue\.metrics\.requests"):
        promql.golden_signals(Service("payment-api", metrics=MetricsSettings(requests=name)))


@pytest.mark.parametrize(
    ("kind", "ours", "others"),
    [
        (WorkloadKind.DEPLOYMENT, "api-7c9867f8fd-dd47g", "api-worker-7c9867f8fd-dd47g"),
        (WorkloadKind.STATEFUL_SET, "api-0", "api-7c9867f8fd-dd47g"),
        (WorkloadKind.DAEMON_SET, "api-gwr5x", "api-0"),
    ],
)
def test_only_the_workloads_own_pods_count(kind: WorkloadKind, ours: str, others: str) -> None:
    memory = next(signal for signal in promql.golden_signals(Service("api", workload_kind=kind)) if signal.name == "memory")
    match = re.search(r'pod=~"([^"]+)"', memory.now)
    assert match is not None
    pattern = match[1].replace("\\\\", "\\")
    assert re.fullmatch(pattern, ours)
    assert not re.fullmatch(pattern, others)
