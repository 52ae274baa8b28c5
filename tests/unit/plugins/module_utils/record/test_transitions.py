# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from ansible_collections.devops.incident_response.plugins.module_utils.model.event import Event, EventKind
from ansible_collections.devops.incident_response.plugins.module_utils.model.evidence import Source
from ansible_collections.devops.incident_response.plugins.module_utils.model.incident import (
    Incident,
    IncidentStatus,
    Notification,
    Severity,
)
from ansible_collections.devops.incident_response.plugins.module_utils.model.rollback import RollbackState
from ansible_collections.devops.incident_response.plugins.module_utils.model.service import WorkloadKind
from ansible_collections.devops.incident_response.plugins.module_utils.record import incident as transitions
from ansible_collections.devops.incident_response.tests.unit import samples


def titles(incident: Incident) -> list[str]:
    return [event.title for event in transitions.timeline(incident)]


def declaration(**changes: object) -> transitions.Declaration:
    given = transitions.Declaration(samples.SERVICE, Severity.P0, samples.POLICY, (), None, samples.diagnostics())
    return replace(given, **changes)  # type: ignore[arg-type]


def test_it_began_when_the_metrics_left_their_baseline() -> None:
    incident = samples.declared()
    assert (incident.started_at, incident.declared_at) == (samples.BROKE_AT, samples.DECLARED_AT)
    assert incident.status is IncidentStatus.INVESTIGATING
    assert incident.next_update_at == samples.DECLARED_AT + timedelta(minutes=10)


def test_without_metrics_it_began_when_it_was_declared() -> None:
    blind = replace(samples.diagnostics(), metrics=samples.missing(Source.METRICS, "connection refused"))
    incident = transitions.declare(declaration(diagnostics=blind), "x", samples.DECLARED_AT, None)
    assert incident.started_at == samples.DECLARED_AT


def test_the_record_keeps_no_address_but_the_war_room() -> None:
    incident = samples.declared()
    assert incident.service.on_call == {"on_call": "https://pages.example", "war_room": "https://meet.example/war-room"}
    assert incident.diagnostics is not None
    assert incident.diagnostics.service == incident.service


@pytest.mark.parametrize(
    ("address", "kept"),
    [
        ("pagerduty+https://events.pagerduty.com/v2/enqueue?routing_key=K", "pagerduty+https://events.pagerduty.com"),
        ("pagerduty://K", "pagerduty:"),
        ("@alice", "@alice"),
    ],
)
def test_keys_in_addresses_stay_out(address: str, kept: str) -> None:
    service = replace(samples.SERVICE, on_call={"on_call": address})
    assert transitions.declare(declaration(service=service), "x", samples.DECLARED_AT, None).service.on_call == {"on_call": kept}


def test_the_timeline_tells_what_was_seen_and_what_was_done() -> None:
    assert titles(samples.resolved()) == [
        "Deployment v2.3.1 started",
        "First pod failed health check",
        "Error rate spiked 0.1% → 45%",
        "Incident classified as P0 Critical",
        "Recommended: IMMEDIATE ROLLBACK to v2.3.0 (last stable)",
        "Service restored",
        "Incident resolved",
    ]


def test_every_action_says_who() -> None:
    assert {event.actor for event in samples.resolved().actions} == {"alice"}


def test_continuing_keeps_what_happened_and_renews_what_is_known() -> None:
    later = samples.after(600)
    fresh = replace(
        samples.diagnostics(),
        collected_at=later,
        events=(
            Event(samples.after(57), EventKind.METRIC, "prometheus", "Error rate spiked 0.1% → 44%"),
            Event(samples.after(500), EventKind.CLUSTER, "kubernetes", "All new pods failing startup"),
        ),
    )
    given = declaration(severity=Severity.P1, symptoms=("slow",), diagnostics=fresh)
    incident = transitions.resume(samples.recommended(), given, later, "bob")
    assert incident.id == samples.recommended().id
    assert incident.declared_at == samples.DECLARED_AT
    assert incident.symptoms == ("500 errors", "slow")
    assert incident.recommendation is not None
    assert titles(incident)[:3] == ["Deployment v2.3.1 started", "First pod failed health check", "Error rate spiked 0.1% → 45%"]
    assert titles(incident)[-2:] == ["All new pods failing startup", "Severity changed from P0 to P1 High"]


def test_the_same_recommendation_is_one_line() -> None:
    step = transitions.Step(recommendation=samples.recommendation())
    assert transitions.take(samples.recommended(), step, samples.after(400), None).actions == samples.recommended().actions


def test_each_state_of_a_rollback_is_one_line_and_sets_the_status() -> None:
    incident = samples.recommended()
    seen = []
    states = (RollbackState.PLANNED, RollbackState.APPROVED, RollbackState.APPLYING, RollbackState.APPLYING, RollbackState.VERIFYING)
    for state in (*states, RollbackState.RECOVERED):
        known = len(incident.actions)
        step = transitions.Step(rollback=replace(samples.rollback(state), progress=()))
        incident = transitions.take(incident, step, samples.after(240), None)
        seen.append((incident.status.value, [event.title for event in incident.actions[known:]]))
    assert seen == [
        ("investigating", []),
        ("investigating", ["Decision: Rollback to v2.3.0"]),
        ("mitigating", ["Rollback to v2.3.0 initiated"]),
        ("mitigating", []),
        ("monitoring", ["Rollback to v2.3.0 complete, verifying recovery"]),
        ("monitoring", ["Service restored"]),
    ]


def test_resolving_twice_is_resolving_once() -> None:
    incident = samples.resolved()
    assert incident.duration == 255.0
    assert incident.next_update_at is None
    assert transitions.resolve(incident, samples.after(999), "bob") == incident


def notification(kind: str, status: str) -> Notification:
    return Notification(samples.after(140), kind, "on_call", status, "[P0] Payment API Outage", "no route" if status == "skipped" else None)


def test_what_was_sent_is_on_the_timeline_and_what_was_not_is_not() -> None:
    sent = (notification("page", "sent"), notification("page", "skipped"), notification("notify", "failed"))
    incident = transitions.notified(samples.declared(), sent, samples.after(140), None)
    assert incident.notifications == sent
    assert titles(incident)[-2:] == ["On-call engineer paged automatically", "On-call engineer could not be reached (notify)"]


@pytest.mark.parametrize(("kind", "status", "moves"), [("update", "sent", True), ("update", "failed", False), ("page", "sent", False)])
def test_an_update_that_was_sent_sets_when_the_next_is_due(kind: str, status: str, moves: bool) -> None:
    incident = transitions.notified(samples.declared(), (notification(kind, status),), samples.after(700), None)
    assert (incident.next_update_at == samples.after(1300)) is moves


def test_the_kind_that_was_found_by_name_is_the_records() -> None:
    """Nothing but the name was given, so that the catalogue's default was a Deployment."""
    found = replace(samples.diagnostics(), service=replace(samples.SERVICE, workload_kind=WorkloadKind.STATEFUL_SET))
    incident = transitions.declare(declaration(diagnostics=found), "x", samples.DECLARED_AT, None)
    assert incident.service.workload_kind is WorkloadKind.STATEFUL_SET
    assert incident.diagnostics is not None
    assert incident.diagnostics.service == incident.service
    plan = samples.rollback().plan
    assert plan is not None
    undiagnosed = transitions.declare(declaration(diagnostics=None), "x", samples.DECLARED_AT, None)
    made = replace(samples.rollback(), plan=replace(plan, kind=WorkloadKind.DAEMON_SET))
    rolled_back = transitions.take(undiagnosed, transitions.Step(rollback=made), samples.after(250), None)
    assert rolled_back.service.workload_kind is WorkloadKind.DAEMON_SET
