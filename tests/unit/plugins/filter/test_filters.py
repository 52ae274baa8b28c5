# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.devops.incident_response.plugins.filter import duration, redact, report, stakeholder_update, timeline
from ansible_collections.devops.incident_response.plugins.module_utils.model.codec import to_result
from ansible_collections.devops.incident_response.tests.unit import samples


def event(at: str, title: str) -> dict[str, Any]:
    return {"at": at, "kind": "cluster", "source": "kubernetes", "title": title}


@pytest.mark.parametrize("plugin", [duration, redact, report, stakeholder_update, timeline])
def test_a_filter_is_called_like_its_file(plugin: Any) -> None:
    assert list(plugin.FilterModule().filters()) == [plugin.__name__.rpartition(".")[2]]


def test_timeline_merges_lists_in_order() -> None:
    merged = timeline.timeline([event("2025-10-21T14:24:00Z", "b")], [event("2025-10-21T16:23:00+02:00", "a")])
    assert [(one["at"], one["title"]) for one in merged] == [("2025-10-21T14:23:00Z", "a"), ("2025-10-21T14:24:00Z", "b")]


@pytest.mark.parametrize(
    ("events", "message"),
    [
        ("text", "timeline: expected a list of events, found str."),
        ({}, "timeline: expected a list of events, found dict."),
        ([{"at": "now"}], "timeline: not an event: $.at: 'now' is not an ISO 8601 time."),
    ],
)
def test_timeline_names_what_is_no_event(events: Any, message: str) -> None:
    with pytest.raises(AnsibleFilterError) as error:
        timeline.timeline(events)
    assert str(error.value) == message


@pytest.mark.parametrize(
    ("value", "style", "expected"), [(255, "short", "4m 15s"), (255.2, "words", "4 minutes 15 seconds"), ("1h30m", "short", 5400.0)]
)
def test_duration_goes_both_ways(value: Any, style: str, expected: Any) -> None:
    assert duration.duration(value, style) == expected


@pytest.mark.parametrize(("value", "style"), [("soon", "short"), (True, "short"), (None, "short"), (5, "long")])
def test_duration_names_itself_in_errors(value: Any, style: str) -> None:
    with pytest.raises(AnsibleFilterError, match=r"^duration: "):
        duration.duration(value, style)


def test_redact_keeps_the_shape() -> None:
    assert redact.redact({"a": ["password=hunter2", 5]}) == {"a": ["password=[REDACTED]", 5]}
    with pytest.raises(AnsibleFilterError, match=r"^redact: expected text, a list or a dictionary, found object"):
        redact.redact(object())


def test_report_renders_a_record_and_redacts_it() -> None:
    record = to_result(samples.resolved())
    record["symptoms"] = ["password=hunter2"]
    assert "Symptoms: password=[REDACTED]" in report.report(record)
    assert report.report(record, "post_mortem").startswith("📋 POST-MORTEM REPORT")
    assert stakeholder_update.stakeholder_update(record).startswith("Subject: [P0] Payment API Outage - Resolved")


@pytest.mark.parametrize(
    ("record", "rendering", "message"),
    [
        ({}, "report", "report: $.id: is missing."),
        ("text", "report", "report: $: expected a mapping (Incident), found str."),
        ({}, "novel", "report: rendering 'novel' is not accepted. Use one of report, page, update,"),
    ],
)
def test_report_names_itself_in_errors(record: Any, rendering: str, message: str) -> None:
    with pytest.raises(AnsibleFilterError) as error:
        report.report(record, rendering)
    assert message in str(error.value)
