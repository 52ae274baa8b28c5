# SPDX-License-Identifier: GPL-3.0-or-later
"""What newer versions of Loki do than the real one that the contract tests can have: metadata of lines, and filters on labels."""

from __future__ import annotations

import json
import urllib.parse
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from lab.loki.api import loki_app
from lab.loki.pods import PodLogStore
from lab.loki.store import Line, LogStore
from plugins.module_utils.clients.loki import LokiClient
from plugins.module_utils.concurrency import Deadline
from plugins.module_utils.evidence.gone_logs import gone_logs
from plugins.module_utils.model.service import Service
from tests.contract.incidents import incident
from tests.contract.serving import served

NOW = 1_795_636_800
SECOND = 10**9
STREAM = {"k8s_namespace_name": "production", "service_name": "payment-api"}
GONE, LIVING = "payment-api-7d9f8b6c5-x2kfq", "payment-api-7d9f8b6c5-bbbbb"


@pytest.fixture
def store() -> LogStore:
    store = LogStore()
    of_pods = [(LIVING, "here", {}), (GONE, "gone", {"severity_text": "ERROR"}), (GONE, "gone as well", {})]
    store.push(
        "fake",
        STREAM,
        [Line((NOW - 60 + at) * SECOND, text, {"k8s_pod_name": pod, **more}) for at, (pod, text, more) in enumerate(of_pods)],
    )
    return store


@pytest.fixture
def url(store: LogStore) -> Iterator[str]:
    with served(loki_app(store, lambda: NOW)) as running:
        yield running


def test_metadata_is_among_the_labels_of_the_answer_and_no_label_of_streams(url: str) -> None:
    client = LokiClient(url)
    found = client.lines('{service_name="payment-api"}', NOW - 900, NOW)
    assert {(stream.labels["k8s_pod_name"], stream.labels.get("severity_text")) for stream in found.streams} == {
        (LIVING, None), (GONE, "ERROR"), (GONE, None),
    }  # fmt: skip
    assert client.label_names(NOW - 900, NOW) == set(STREAM)


@pytest.mark.parametrize(
    ("query", "lines"),
    [
        (f'{{service_name="payment-api"}} | k8s_pod_name="{LIVING}"', {"here"}),
        (f'{{service_name="payment-api"}} | k8s_pod_name!~"{LIVING}" | severity_text=""', {"gone as well"}),
        ('{service_name="payment-api"} | nothing!~"x"', {"here", "gone", "gone as well"}),
        ('{k8s_pod_name=~".+"}', set()),
    ],
)
def test_filters_on_metadata(url: str, query: str, lines: set[str]) -> None:
    asked = urllib.parse.urlencode({"query": query, "start": NOW - 900, "end": NOW})
    with urllib.request.urlopen(f"{url}/loki/api/v1/query_range?{asked}", timeout=10) as answer:
        streams = json.load(answer)["data"]["result"]
    assert {line for stream in streams for _at, line in stream["values"]} == lines


def test_the_logs_of_a_pod_that_is_only_named_in_metadata(url: str) -> None:
    now = datetime.fromtimestamp(NOW, UTC)
    (log,), notes = gone_logs(LokiClient(url), Service("payment-api"), {LIVING: None}, {"7d9f8b6c5": "v2"}, now, 900, Deadline(10.0))
    assert (log.pod, log.version, notes) == (GONE, "v2", [])
    assert [line.partition(" ")[2] for line in log.text.decode().split("\n")] == ["ERROR gone", "gone as well"]


def test_the_pods_of_the_past_have_their_logs(tmp_path: Path) -> None:
    """As do those that are there, the same as the cluster gives."""
    situation = incident("payment-api", tmp_path)
    lab, now = situation.lab, datetime.fromtimestamp(situation.now, UTC)
    records = lab.world.pods.of("payment-api")
    living = {record.name: None for record in records if record.deleted is None}
    with served(loki_app(PodLogStore(lab.world, lab.behaviour.runs), lambda: situation.now)) as url:
        found, notes = gone_logs(LokiClient(url), Service("payment-api"), living, {}, now, 7200, Deadline(20.0))
        lines = LokiClient(url).lines('{app="payment-api"}', situation.now - 60, situation.now)
    assert {log.pod for log in found} <= {record.name for record in records if record.deleted is not None}
    assert found
    assert all(b" INFO " in log.text for log in found)
    assert notes == []
    assert {stream.labels["pod"] for stream in lines.streams} == living.keys()
