# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from datetime import UTC, datetime, timedelta

from ansible_collections.devops.incident_response.plugins.module_utils.analysis.log_summary import MAX_PATTERNS, logs
from ansible_collections.devops.incident_response.plugins.module_utils.model.logs_raw import RawLog, RawLogs

NOW = datetime(2025, 10, 21, 14, 25, 30, tzinfo=UTC)
DEPLOYED = NOW - timedelta(minutes=2)


def line(text: str, ago: float = 10) -> str:
    return f"{(NOW - timedelta(seconds=ago)):%Y-%m-%dT%H:%M:%S}.000000000Z {text}"


def raw(*logs: tuple[str, list[str]]) -> RawLogs:
    return RawLogs(
        900.0,
        tuple(RawLog(f"pod-{number}", "api", False, version, "\n".join(lines).encode()) for number, (version, lines) in enumerate(logs)),
    )


def test_the_worked_example_comes_out() -> None:
    """The top of the list of a payment service whose database has no connections left, over five pods."""
    texts = [
        *["ERROR Database connection timeout"] * 823, *["ERROR Payment validation failed"] * 412,
        *["ERROR Health check failed /health"] * 156, *["WARN Circuit breaker opened for database"] * 45,
        *[f"INFO POST /payments 201 {number}ms request={number:x}" for number in range(300)],
    ]  # fmt: skip
    spread = [("v2.3.1", [line(text) for text in texts[pod::5]]) for pod in range(5)]
    found = logs(raw(*spread), DEPLOYED, NOW)
    assert [(pattern.level, pattern.template, pattern.count) for pattern in found.patterns] == [
        ("ERROR", "Database connection timeout", 823),
        ("ERROR", "Payment validation failed", 412),
        ("ERROR", "Health check failed /health", 156),
        ("WARN", "Circuit breaker opened for database", 45),
        ("INFO", "POST /payments <*> request=<*>", 300),
    ]
    assert (found.lines, found.containers, found.window) == (1736, 5, 900.0)


def test_a_pattern_keeps_when_and_where_it_was_seen() -> None:
    found = logs(raw(("v1", [line("ERROR a 1", 300), line("ERROR a 2", 60)]), ("v2", [line("ERROR a 3", 5)])), None, NOW)
    (pattern,) = found.patterns
    assert (pattern.template, pattern.count, pattern.versions, pattern.sample) == ("a <*>", 3, ("v1", "v2"), "ERROR a 1")
    assert (pattern.first_seen, pattern.last_seen) == (NOW - timedelta(seconds=300), NOW - timedelta(seconds=5))
    assert pattern.new_since_deployment is None


def test_new_is_only_said_where_the_time_before_was_seen() -> None:
    old = ("v1", [line("ERROR old", 600), line("INFO started", 610)])
    new = ("v2", [line("ERROR new", 60), line("ERROR old", 50)])
    told = {pattern.template: pattern.new_since_deployment for pattern in logs(raw((old[0], sorted(old[1])), new), DEPLOYED, NOW).patterns}
    assert told == {"old": False, "new": True, "started": False}
    assert {pattern.new_since_deployment for pattern in logs(raw(new), DEPLOYED, NOW).patterns} == {None}


def test_rare_patterns_are_not_called_new_where_little_was_seen_before() -> None:
    """At its rate since the rollout, the rare error would hardly have shown in the ten seconds that were seen before it."""
    seen = [line("INFO started", 130), *(line("ERROR often", 100 - second) for second in range(100)), line("ERROR once", 100)]
    told = {pattern.template: pattern.new_since_deployment for pattern in logs(raw(("v1", sorted(seen))), DEPLOYED, NOW).patterns}
    assert told == {"started": False, "often": True, "once": None}


def test_logs_of_another_container_say_nothing_about_the_time_before() -> None:
    before = RawLog("old", "sidecar", False, "v1", "\n".join([line("INFO proxied", 600)]).encode())
    since = RawLog("new", "api", False, "v2", "\n".join([line("ERROR broken", 60), line("ERROR broken", 10)]).encode())
    told = {pattern.template: pattern.new_since_deployment for pattern in logs(RawLogs(900.0, (before, since)), DEPLOYED, NOW).patterns}
    assert told == {"proxied": False, "broken": None}


def test_a_window_that_does_not_reach_the_rollout_tells_nothing() -> None:
    long_ago = NOW - timedelta(minutes=20)
    (pattern,) = logs(raw(("v1", [line("ERROR a", 600), line("ERROR a", 5)])), long_ago, NOW).patterns
    assert pattern.new_since_deployment is None


def test_a_template_with_one_message_shows_it_whole() -> None:
    same = [line("ERROR connect to 10.0.0.5:5432 refused")] * 500
    (pattern,) = logs(raw(("v1", same)), None, NOW).patterns
    assert pattern.template == "connect to 10.0.0.5:5432 refused"
    (pattern,) = logs(raw(("v1", [*same, line("ERROR connect to 10.0.0.6:5432 refused")])), None, NOW).patterns
    assert (pattern.template, pattern.count) == ("connect to <*> refused", 501)


def test_the_list_is_bounded_and_the_worst_stays() -> None:
    words = [f"{first}{second}" for first in "abcdefgh" for second in "ijklmnop"]
    lines = [line(f"WARN {word} failed {word} again") for word in words] + [line("FATAL the end")]
    found = logs(raw(("v1", lines)), None, NOW)
    assert len(found.patterns) == MAX_PATTERNS
    assert found.patterns[0].template == "the end"
    assert found.notes == (f"{len(words) + 1 - MAX_PATTERNS} rarer patterns are not listed",)


def test_nothing_is_nothing() -> None:
    found = logs(RawLogs(900.0, (), ("x",)), DEPLOYED, NOW)
    assert (found.patterns, found.lines, found.notes) == ((), 0, ("x",))
