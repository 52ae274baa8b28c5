# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.devops.incident_response.plugins.module_utils.clients.jaeger import JaegerClient
from ansible_collections.devops.incident_response.plugins.module_utils.errors import SourceUnavailableError
from ansible_collections.devops.incident_response.tests.unit.servers import Reply, closed_port, http_server


def test_times_are_microseconds_and_tags_are_json() -> None:
    with http_server(lambda _: Reply(200, {"data": [{"traceID": "1"}]})) as server:
        found = JaegerClient(f"{server.url}/jaeger/").traces("api", 10.5, 20.0, 5, tags={"error": "true"}, min_duration=1.5)
        assert found == [{"traceID": "1"}]
        assert server.requests[0].path == "/jaeger/api/traces"
        assert server.requests[0].query == {
            "service": "api", "start": "10500000", "end": "20000000", "limit": "5", "tags": '{"error":"true"}', "minDuration": "1500000us"
        }  # fmt: skip


def test_no_data_is_no_traces() -> None:
    with http_server(lambda _: Reply(200, {"data": None})) as server:
        assert JaegerClient(server.url).dependencies(100, 10) == []
        assert server.requests[0].query == {"endTs": "100000", "lookback": "10000"}


@pytest.mark.parametrize("fault", ["500", "403", "429", "html", "truncated", "hang"])
def test_each_fault_is_unavailable(fault: str) -> None:
    with http_server(lambda _: Reply(200, {})) as server:
        server.faults["/"] = fault
        with pytest.raises(SourceUnavailableError, match=r"Jaeger at .*jaeger_url"):
            JaegerClient(server.url, timeout=0.2).traces("api", 0, 1, 1)


def test_refused() -> None:
    with pytest.raises(SourceUnavailableError, match="connection refused"):
        JaegerClient(f"http://127.0.0.1:{closed_port()}").traces("api", 0, 1, 1)


@pytest.mark.parametrize("data", [{"data": "x"}, {"data": [1]}, {"data": {"a": 1}}])
def test_another_shape_is_named(data: object) -> None:
    with http_server(lambda _: Reply(200, data)) as server, pytest.raises(SourceUnavailableError, match="not of Jaeger's query API"):
        JaegerClient(server.url).traces("api", 0, 1, 1)
