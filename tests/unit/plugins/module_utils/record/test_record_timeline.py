# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from datetime import UTC, datetime, timedelta

from ansible_collections.devops.incident_response.plugins.module_utils.model.event import Event, EventKind
from ansible_collections.devops.incident_response.plugins.module_utils.record.timeline import merge

START = datetime(2025, 10, 21, 14, 23, 15, tzinfo=UTC)


def event(seconds: float, title: str, kind: EventKind = EventKind.CLUSTER, source: str = "kubernetes") -> Event:
    return Event(START + timedelta(seconds=seconds), kind, source, title)


def test_events_are_in_order_across_sources() -> None:
    merged = merge([event(30, "b"), event(10, "a")], [event(20, "c")])
    assert [one.title for one in merged] == ["a", "c", "b"]


def test_the_same_event_from_two_sources_is_told_once_by_the_first() -> None:
    merged = merge([event(3, "First pod failed", source="kubernetes")], [event(0, "first  pod failed", source="logs")])
    assert [(one.source, one.at) for one in merged] == [("kubernetes", START + timedelta(seconds=3))]


def test_the_same_thing_later_is_another_event() -> None:
    assert len(merge([event(0, "Pod restarted"), event(6, "Pod restarted")])) == 2


def test_a_value_measured_again_is_the_same_event() -> None:
    again = event(100, "Error rate spiked 0.1% → 44%", EventKind.METRIC)
    assert len(merge([event(0, "Error rate spiked 0.1% → 45%", EventKind.METRIC)], [again])) == 1


def test_different_signals_at_one_moment_stay_apart() -> None:
    assert len(merge([event(0, "Error rate spiked to 45%", EventKind.METRIC), event(0, "Latency spiked to 8s", EventKind.METRIC)])) == 2


def test_amounts_tell_events_of_the_cluster_apart() -> None:
    assert len(merge([event(0, "Auto-scaling triggered (5 → 10 pods)"), event(1, "Auto-scaling triggered (10 → 5 pods)")])) == 2


def test_merging_again_changes_nothing() -> None:
    merged = merge([event(0, "a"), event(9, "a"), event(1, "b")])
    assert merge(merged, merged) == merged
