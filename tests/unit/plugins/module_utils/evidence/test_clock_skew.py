# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

from ansible_collections.devops.incident_response.plugins.module_utils.evidence.spans import self_times, traces_from
from ansible_collections.devops.incident_response.plugins.module_utils.evidence.trace import Trace


def trace(*spans: tuple[str, str | None, str, int, int], kind: str = "server") -> Trace:
    """Spans as (id, parent, service, start, duration); milliseconds."""
    raw: list[dict[str, Any]] = [
        {
            "spanID": identity,
            "operationName": identity,
            "processID": service,
            "startTime": start * 1000,
            "duration": duration * 1000,
            "references": [{"refType": "CHILD_OF", "spanID": parent}] if parent else [],
            "tags": [{"key": "span.kind", "value": kind}],
        }
        for identity, parent, service, start, duration in spans
    ]
    return traces_from([{"traceID": "t", "processes": {span[2]: {"serviceName": span[2]} for span in spans}, "spans": raw}])[0]


def own(found: Trace) -> dict[str, int]:
    return {identity: round(seconds * 1000) for identity, seconds in self_times(found).items()}


def test_a_clock_that_is_an_hour_off_neither_lengthens_the_trace_nor_hides_the_call() -> None:
    found = trace(("a", None, "front", 0, 100), ("b", "a", "back", 3_600_000, 60), ("c", "b", "back", 3_600_010, 20))
    assert round(found.duration * 1000) == 100
    assert own(found) == {"a": 40, "b": 40, "c": 20}


def test_what_lies_within_its_call_stays() -> None:
    found = trace(("a", None, "front", 0, 100), ("b", "a", "back", 1, 60))
    assert [round(span.start * 1000) for span in found.spans] == [0, 1]


def test_a_message_that_is_read_later_stays() -> None:
    found = trace(("a", None, "front", 0, 100), ("b", "a", "worker", 5000, 60), kind="consumer")
    assert round(found.duration * 1000) == 5060


def test_concurrent_children_are_merged() -> None:
    found = trace(("a", None, "front", 0, 100), ("b", "a", "back", 10, 50), ("c", "a", "back", 30, 50))
    assert own(found)["a"] == 30


def test_a_missing_parent_and_a_circle_are_survived() -> None:
    found = trace(("a", "gone", "front", 0, 100), ("b", "c", "back", 10, 50), ("c", "b", "back", 10, 50), ("d", "d", "back", 0, 1))
    assert found.incomplete
    assert {span.id for span in found.spans} == {"a", "b", "c", "d"}
