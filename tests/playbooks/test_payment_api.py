# SPDX-License-Identifier: GPL-3.0-or-later
"""v2.3.1 of the payment API lacks an index: the answer is to roll back to v2.3.0."""

from __future__ import annotations

import json

import pytest

from tests.playbooks.conftest import Lab, Play

HOSTILE = "{{ 7*7 }} \x1b[31mred\x1b[0m | [l](http://evil.example) <script>, password=hunter2"


def test_a_p0_is_rolled_back_verified_and_written_up(play: Play, payment_lab: Lab) -> None:
    run = play("p0", "-e", "service=payment-api", lab=payment_lab)
    assert run.code == 0, run.output
    for line in (
        "🚨 INCIDENT RESPONSE - P0 CRITICAL",
        "  ❌ payment-api: 3/5 pods failing (CrashLoopBackOff)",
        "  ➜ IMMEDIATE ROLLBACK to v2.3.0 (last stable)",
        "  Confidence: 95%",
        "  Subject: [P0] Payment API Outage - Rollback in Progress",
        "🔄 AUTOMATED ROLLBACK - P0 CRITICAL",
        "✓ Rollback Complete",
    ):
        assert line in run.output.splitlines(), run.output
    assert "📋 Post-mortem written: incidents/" in run.output
    assert payment_lab.version("payment-api") == "v2.3.0"

    record = run.record()
    assert (record["severity"], record["status"], record["rollback"]["state"]) == ("P0", "resolved", "recovered")
    assert record["recommendation"]["score"]["score"] == 95
    assert record["resolved_at"] > record["started_at"]
    assert record["service"]["on_call"]["on_call"] == "http://127.0.0.1"
    titles = [event["title"] for event in record["actions"]]
    assert titles[0] == "Incident classified as P0 Critical"
    assert titles[-3:] == ["All-clear sent to on-call engineer", "All-clear sent to incident commander", "All-clear sent to #incidents"]

    assert [message["to"] for message in payment_lab.messages("/pages")].count("/pages/on-call") == 2
    (update,) = payment_lab.messages("/chat")
    assert "Resolved" in update["body"]["text"]

    (post_mortem,) = (run.directory / "incidents").glob("*.md")
    assert post_mortem.stem == record["id"]
    text = post_mortem.read_text(encoding="utf-8")
    assert "Rollback to v2.3.0 restored the service within target MTTR" in text
    assert f"Report saved to: incidents/{post_mortem.name}" in text
    assert "P0 Critical · resolved" in post_mortem.with_suffix(".html").read_text(encoding="utf-8")

    again = play("post_mortem", "-e", "service=payment-api", lab=payment_lab)
    assert again.code == 0, again.output
    assert "- Affected users: ~2,400 active sessions" in again.output

    second = play("p0", "-e", "service=payment-api", lab=payment_lab)
    assert second.code == 0, second.output
    assert payment_lab.version("payment-api") == "v2.3.0"
    assert "AUTOMATED ROLLBACK" not in second.output
    (other,) = [path for path in second.records if path.stem != record["id"]]
    first_of_its_day = f"{json.loads(other.read_text(encoding='utf-8'))['declared_at'][:10]}-payment-api-outage"
    assert other.stem == (f"{record['id']}-2" if first_of_its_day == record["id"] else first_of_its_day), "midnight may have passed"


@pytest.mark.parametrize("arguments", [["--check"], ["-e", "dry_run=yes"], ["--check", "-e", "rollback=true", "-e", "target=v2.3.0"]])
def test_a_dry_run_shows_everything_and_changes_nothing(play: Play, untouched_lab: Lab, arguments: list[str]) -> None:
    before = untouched_lab.state()
    run = play("p0", "-e", "service=payment-api", *arguments, lab=untouched_lab)
    assert run.code == 0, run.output
    assert "Dry run: nothing is changed, sent or written" in run.output
    assert "➜ IMMEDIATE ROLLBACK to v2.3.0" in run.output
    assert "📋 Rollback Plan" in run.output
    assert "Page to the on-call engineer skipped: dry run: nothing is sent" in run.output
    assert untouched_lab.state() == before
    assert run.written() == []


@pytest.mark.parametrize("playbook", ["rollback", "analyze_deployment", "p3"])
def test_no_playbook_changes_anything_on_a_dry_run(play: Play, untouched_lab: Lab, playbook: str) -> None:
    before = untouched_lab.state()
    options = ["-e", "service=payment-api", "-e", "target=v2.3.0", "-e", "analyze_deployment=v2.3.1"]
    run = play(playbook, *options, "--check", lab=untouched_lab)
    assert run.code == 0, run.output
    assert untouched_lab.state() == before
    assert run.written() == []


@pytest.mark.parametrize("severity", ["P1", "medium"])
def test_nobody_is_there_to_approve_so_nothing_is_rolled_back(play: Play, untouched_lab: Lab, severity: str) -> None:
    run = play("respond", "-e", "service=payment-api", "-e", f"severity={severity}", lab=untouched_lab)
    assert run.code == 0, run.output
    assert "⏸️  Waiting for approval: " in run.output
    command = "  ansible-playbook devops.incident_response.rollback -e service=payment-api -e namespace=production"
    assert [line for line in run.output.splitlines() if line.startswith(command) and line.endswith("-e target=v2.3.0")]
    assert untouched_lab.version("payment-api") == "v2.3.1"
    assert (run.record()["status"], run.record()["rollback"]) == ("investigating", None)
    assert not list((run.directory / "incidents").glob("*.md"))
    (page,) = (run.directory / "incidents").glob("*.html")
    assert "Started" in page.read_text(encoding="utf-8")


def test_a_p3_is_not_offered_one(play: Play, untouched_lab: Lab) -> None:
    before = len(untouched_lab.messages())
    run = play("p3", "-e", "service=payment-api", lab=untouched_lab)
    assert run.code == 0, run.output
    assert "Waiting for approval" not in run.output
    assert "Execute rollback" not in run.output
    assert untouched_lab.version("payment-api") == "v2.3.1"
    assert len(untouched_lab.messages()) == before


@pytest.mark.parametrize("value", ["false", "no", "False"])
def test_a_rollback_that_is_forbidden_does_not_happen(play: Play, untouched_lab: Lab, value: str) -> None:
    run = play("p0", "-e", "service=payment-api", "-e", f"rollback={value}", "-e", "post_mortem=true", lab=untouched_lab)
    assert run.code == 0, run.output
    assert untouched_lab.version("payment-api") == "v2.3.1"
    assert "AUTOMATED ROLLBACK" not in run.output
    assert "Duration: not resolved yet" in run.output


def test_a_check_that_is_not_known_stops_an_automatic_rollback(play: Play, untouched_lab: Lab) -> None:
    strict = {"incident_policy_overrides": {"P0": {"acceptable_unknown_checks": []}}}
    no_registry = "registry_url=http://127.0.0.1:9"
    run = play("p0", "-e", "service=payment-api", "-e", json.dumps(strict), "-e", no_registry, lab=untouched_lab)
    assert run.code == 0, run.output
    assert "❌ Rollback Not Executed" in run.output
    assert "these checks do not pass: image" in run.output
    assert untouched_lab.version("payment-api") == "v2.3.1"
    assert run.record()["rollback"]["state"] == "aborted"
    assert "The rollback was not executed" in untouched_lab.messages("/chat")[-1]["body"]["text"]


def test_symptoms_are_text_and_a_second_run_goes_on_with_the_incident(play: Play, untouched_lab: Lab) -> None:
    options = ["-e", "service=payment-api", "-e", "rollback=false", "-e", "post_mortem=yes", "-e", json.dumps({"symptoms": HOSTILE})]
    first = play("p1", *options, lab=untouched_lab)
    assert first.code == 0, first.output
    assert "{{ 7*7 }} red" in first.output
    assert "\x1b" not in first.output
    second = play("p1", *options, lab=untouched_lab)
    assert second.code == 0, second.output
    record = second.record()
    assert record["declared_at"] == first.record()["declared_at"]
    assert len([event for event in record["actions"] if event["title"].startswith("Incident classified")]) == 1
    (post_mortem,) = (second.directory / "incidents").glob("*.md")
    for path in (*second.records, post_mortem):
        assert "hunter2" not in path.read_text(encoding="utf-8")
    assert "<script>" not in post_mortem.read_text(encoding="utf-8")
    for message in untouched_lab.messages():
        assert "hunter2" not in json.dumps(message)


def test_without_prometheus_the_rest_goes_on(play: Play, untouched_lab: Lab) -> None:
    run = play("p1", "-e", "service=payment-api", "-e", "prometheus_url=http://127.0.0.1:9", lab=untouched_lab)
    assert run.code == 0, run.output
    assert "❔ Not available: " in run.output
    assert "ERROR: Database connection timeout" in run.output
    assert run.record()["diagnostics"]["metrics"]["status"] == "unavailable"


def test_without_an_inventory_it_is_the_deployment_of_that_name(play: Play, untouched_lab: Lab) -> None:
    bare = Lab({name: value for name, value in untouched_lab.variables.items() if name not in ("ANSIBLE_INVENTORY", "LAB_CATALOGUE")})
    run = play("p0", "-e", "service=payment-api", "-e", "rollback=false", lab=bare)
    assert run.code == 0, run.output
    assert "➜" in run.output
    assert "no route: the catalogue entry of payment-api has no on_call.on_call" in run.output
    assert "[  ]" not in run.output


def test_a_request_at_p1_is_its_own_approval(play: Play, payment_lab: Lab) -> None:
    run = play("p1", "-e", "service=payment-api", "-e", "rollback=true", "-e", "target=previous", lab=payment_lab)
    assert run.code == 0, run.output
    assert "Waiting for approval" not in run.output
    assert payment_lab.version("payment-api") == "v2.3.0", run.output
    assert run.record()["rollback"]["state"] == "recovered"
