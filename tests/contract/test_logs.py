# SPDX-License-Identifier: GPL-3.0-or-later
"""What the containers of a workload logged, in this run and in the one before."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from plugins.module_utils.analysis.log_summary import logs as summarise
from plugins.module_utils.evidence import logs as evidence
from plugins.module_utils.evidence.logs import logs
from plugins.module_utils.evidence.workload import workload
from plugins.module_utils.model.service import WorkloadKind
from tests.contract.clusters import Cluster

NOW_ENOUGH = 3600.0
MIXED = [
    "INFO Payment API v2.3.1 listens on port 8080",
    '{"level":50,"msg":"charge declined","id":"8f3a11bc"}',
    '{"level":50,"msg":"charge declined","id":"11bc8f3a"}',
    "level=warn msg=slow took=5s",
    "E1021 14:23:15.123456       1 reflector.go:123] Failed to watch",
    "ERROR request failed",
    "Traceback (most recent call last):",
    '  File "/app/payments.py", line 3, in validate',
    "",
    "ValueError: bad amount",
]


def start(cluster: Cluster, version: str, restarts: int = 0, replicas: int = 1) -> None:
    cluster.create(WorkloadKind.DEPLOYMENT, version, replicas=replicas)

    def ready() -> bool:
        seen = workload(cluster.client(), cluster.service(), datetime.now(UTC))
        return seen.ready == replicas and sum(pod.restarts for pod in seen.pods) == restarts

    cluster.until(f"{replicas} ready pods", ready)


def test_this_run_and_the_one_before(cluster: Cluster) -> None:
    cluster.set_log(["starting", "ERROR Database connection timeout"], ["FATAL config key DB_HOST missing"])
    start(cluster, "v1-restarted", restarts=2, replicas=2)
    read = logs(cluster.client(), cluster.service(), datetime.now(UTC))
    assert [log.text.count(b"Database connection timeout") for log in read.logs if not log.previous] == [1, 1]
    assert [log.text.count(b"DB_HOST missing") for log in read.logs if log.previous] == [1, 1]
    assert {(log.container, log.version) for log in read.logs} == {("app", "v1-restarted")}
    assert read.notes == ()


def test_each_format_has_its_level_and_a_stack_trace_is_one_entry(cluster: Cluster) -> None:
    cluster.set_log(MIXED, [])
    start(cluster, "v2.3.0")
    now = datetime.now(UTC)
    found = summarise(logs(cluster.client(), cluster.service(), now, NOW_ENOUGH), None, now)
    assert [(pattern.level, pattern.template, pattern.count) for pattern in found.patterns] == [
        ("ERROR", "charge declined", 2),
        ("ERROR", "Failed to watch", 1),
        ("ERROR", "request failed: ValueError: bad amount", 1),
        ("WARN", "slow", 1),
        ("INFO", "Payment API v2.3.1 listens on port 8080", 1),
    ]
    assert found.patterns[2].files == ("/app/payments.py",)
    assert all(pattern.first_seen is not None and abs((now - pattern.first_seen).total_seconds()) < 120 for pattern in found.patterns)
    assert found.lines == len(MIXED)


def test_a_log_that_is_too_long_keeps_its_newest_lines(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server leaves out the end of what does not fit into the bytes that were asked for."""
    cluster.set_log([f"INFO line {number:04d} {'x' * 70}" for number in range(500)], [])
    start(cluster, "v2.3.0")
    monkeypatch.setattr(evidence, "MAX_BYTES", 20_000)
    read = logs(cluster.client(), cluster.service(), datetime.now(UTC), NOW_ENOUGH)
    (log,) = read.logs
    assert 15_000 < len(log.text) <= 20_000
    assert b"INFO line 0499" in log.text.splitlines()[-1]
    assert len(read.notes) == 1
    assert "only its last" in read.notes[0]
