# SPDX-License-Identifier: GPL-3.0-or-later
"""The logs of the simulated pods in the simulated Loki, and what it adds to them by itself."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from lab.loki.api import loki_app
from lab.loki.discovery import detected_level, service_name
from lab.loki.pods import PodLogStore
from plugins.module_utils.clients.loki import LokiClient
from plugins.module_utils.concurrency import Deadline
from plugins.module_utils.evidence.gone_logs import gone_logs
from plugins.module_utils.model.service import Service
from tests.contract.incidents import incident
from tests.contract.serving import served


def test_the_pods_of_the_past_have_their_logs(tmp_path: Path) -> None:
    """As do those that are there, the same as the cluster gives."""
    situation = incident("payment-api", tmp_path)
    lab, now = situation.lab, datetime.fromtimestamp(situation.now, UTC)
    records = lab.world.pods.of("payment-api")
    living = {record.name: None for record in records if record.deleted is None}
    with served(loki_app(PodLogStore(lab.world, lab.behaviour.runs), lambda: situation.now)) as url:
        found, notes = gone_logs(LokiClient(url), Service("payment-api"), living, {}, now, 7200, Deadline(120.0))
        lines = LokiClient(url).lines('{app="payment-api"}', situation.now - 60, situation.now)
    assert {log.pod for log in found} <= {record.name for record in records if record.deleted is not None}
    assert found
    assert all(b" INFO " in log.text for log in found)
    assert notes == []
    assert {stream.labels["pod"] for stream in lines.streams} == living.keys()


def test_streams_of_pods_have_a_service_and_their_lines_a_level(tmp_path: Path) -> None:
    situation = incident("payment-api", tmp_path)
    lab, now = situation.lab, situation.now
    with served(loki_app(PodLogStore(lab.world, lab.behaviour.runs), lambda: now)) as url:
        client = LokiClient(url)
        assert "service_name" in client.label_names(now - 900, now)
        of_errors = client.lines('{service_name="payment-api"} | detected_level="error"', now - 900, now)
        of_all = client.lines('{app="payment-api"}', now - 900, now)
    assert {stream.labels["detected_level"] for stream in of_all.streams} > {"error"}
    assert of_errors.count > 0
    assert all("ERROR" in line for stream in of_errors.streams for _at, line in stream.lines)


@pytest.mark.parametrize(
    ("labels", "name"),
    [
        ({"app": "a", "service": "b"}, "b"),
        ({"job": "a", "container": "b"}, "b"),
        ({"service_name": "a", "app": "b"}, "a"),
        ({"filename": "a"}, "unknown_service"),
    ],
)
def test_the_service_of_a_stream(labels: dict[str, str], name: str) -> None:
    assert service_name(labels) == name


@pytest.mark.parametrize(
    ("metadata", "line", "level"),
    [
        ({"level": "WARNING"}, "ERROR", "warn"),
        ({"severity_text": "Error"}, "", "error"),
        ({}, "2026-01-01 ERR it failed", "error"),
        ({}, "GET /errors?level=none", "unknown"),
        ({}, "", "unknown"),
    ],
)
def test_the_level_of_a_line(metadata: dict[str, str], line: str, level: str) -> None:
    assert detected_level({}, metadata, line) == level
