# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.devops.incident_response.plugins.module_utils.errors import IncidentResponseError
from ansible_collections.devops.incident_response.plugins.module_utils.model.incident import Policy
from ansible_collections.devops.incident_response.plugins.module_utils.record.notification import Message, message, recipients
from ansible_collections.devops.incident_response.tests.unit import samples

POLICY = Policy(page=("on_call", "incident_commander"), rollback="approval", update_interval=600.0, mttr_target=None)


def make(address: str | None, recipient: str = "on_call", kind: str = "page") -> Message:
    return message(recipient, address, kind, samples.declared(), "[P0] Payment API Outage", "Status: <!channel> & more")


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("page", ("on_call", "incident_commander")),
        ("notify", ("on_call", "incident_commander")),
        ("ticket", ("ticket",)),
        ("update", ("channel",)),
        ("resolved", ("on_call", "incident_commander", "channel")),
    ],
)
def test_who_gets_what(kind: str, expected: tuple[str, ...]) -> None:
    assert recipients(kind, POLICY) == expected


def test_a_plain_address_gets_the_key_facts() -> None:
    made = make("https://pages.example/hook?k=1")
    assert made.url == "https://pages.example/hook?k=1"
    assert made.document == {
        "kind": "page",
        "recipient": "on_call",
        "subject": "[P0] Payment API Outage",
        "text": "Status: <!channel> & more",
        "incident": "2025-10-21-payment-api-outage",
        "service": "payment-api",
        "namespace": "production",
        "severity": "P0",
        "status": "investigating",
        "started_at": "2025-10-21T14:23:15Z",
        "symptoms": ["500 errors"],
    }


@pytest.mark.parametrize(
    ("address", "recipient"),
    [
        ("slack+https://chat.example/hook", "on_call"),
        ("https://hooks.slack.com/services/T", "on_call"),
        ("https://chat.example/hook", "channel"),
    ],
)
def test_a_chat_gets_text_that_calls_nobody(address: str, recipient: str) -> None:
    made = make(address, recipient, "update")
    assert made.document == {"text": "Status: &lt;!channel&gt; &amp; more"}
    assert made.url == address.removeprefix("slack+")


def test_pagerduty_gets_an_event_and_its_key_only_there() -> None:
    made = make("pagerduty+https://events.pagerduty.com/v2/enqueue?routing_key=R0")
    assert made.url == "https://events.pagerduty.com/v2/enqueue"
    assert (made.document["routing_key"], made.document["event_action"]) == ("R0", "trigger")
    assert made.document["dedup_key"] == "2025-10-21-payment-api-outage"
    assert made.document["payload"]["severity"] == "critical"
    assert made.document["payload"]["summary"] == "[P0] Payment API Outage"


def test_pagerduty_closes_the_same_alert() -> None:
    made = make("pagerduty+https://events.pagerduty.com/v2/enqueue?routing_key=R0", kind="resolved")
    assert made.document == {"routing_key": "R0", "event_action": "resolve", "dedup_key": "2025-10-21-payment-api-outage"}


@pytest.mark.parametrize(
    ("address", "why"),
    [
        (None, "no route: the catalogue entry of payment-api has no on_call.on_call"),
        ("", "no route"),
        ("@alice", "'@alice', not a URL"),
        ("file:///etc/passwd", "not a URL"),
        ("https://", "not a URL"),
    ],
)
def test_what_can_not_be_sent_to_says_why(address: str | None, why: str) -> None:
    with pytest.raises(IncidentResponseError, match=why):
        make(address)


def test_only_the_service_in_question_is_named() -> None:
    incident = replace(samples.declared(), service=replace(samples.SERVICE, name="other"))
    assert message("on_call", "https://x.example", "page", incident, "s", "t").document["service"] == "other"
